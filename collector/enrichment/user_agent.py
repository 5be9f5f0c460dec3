"""User agents, parsed by ua-parser and remembered."""

import re
from dataclasses import dataclass

import ua_parser
from cachetools import LRUCache

LONGEST = 2048
_LABEL = 256
_TABLET = re.compile(r"iPad|Tablet|Kindle|Silk/|PlayBook|Android(?!.*Mobile)")
_MOBILE = re.compile(r"Mobi|iPhone|iPod|Windows Phone|Opera Mini")
_TV = re.compile(r"SMART-TV|SmartTV|AppleTV|Apple TV|GoogleTV|BRAVIA|Roku|HbbTV|Web0S|Tizen.*TV", re.I)
# Programs that the parser knows as clients, not as spiders, or not at all.
_ROBOT = re.compile(
    r"bot\b|crawl|spider|headless|phantomjs|curl/|wget/|python-|libwww|java/|go-http-client|scrapy", re.I
)


@dataclass(frozen=True, slots=True)
class Browser:
    """What a user agent says; None where it says nothing."""

    device_type: str | None
    device_brand: str | None
    os: str | None
    os_version: str | None
    browser: str | None
    browser_version: str | None
    is_bot: bool


class UserAgents:
    """Parses each user agent once, as long as it is among the `capacity` latest."""

    def __init__(self, capacity: int) -> None:
        self._known: LRUCache[str, Browser] = LRUCache(capacity)

    def browser(self, text: str) -> Browser:
        """What a user agent says. None of it (an empty one) is a robot."""
        text = text[:LONGEST]
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = _parsed(text)
        return found


def _parsed(text: str) -> Browser:
    found = ua_parser.parse(text)
    agent, system, device = found.user_agent, found.os, found.device
    is_bot = not text or bool(device and device.family == "Spider") or bool(_ROBOT.search(text))
    return Browser(
        device_type="bot" if is_bot else _kind(text),
        device_brand=_label(device.brand) if device else None,
        os=_label(system.family) if system else None,
        os_version=_version(system.major, system.minor) if system else None,
        browser=_label(agent.family) if agent else None,
        browser_version=_version(agent.major, agent.minor) if agent else None,
        is_bot=is_bot,
    )


def _kind(text: str) -> str:
    if _TV.search(text):
        return "tv"
    if _TABLET.search(text):
        return "tablet"
    return "mobile" if _MOBILE.search(text) else "desktop"


def _label(text: str | None) -> str | None:
    return text[:_LABEL] if text else None


def _version(*parts: str | None) -> str | None:
    return _label(".".join(part for part in parts if part))
