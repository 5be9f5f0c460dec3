"""Addresses, user agents, consent."""

import json
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

import msgspec
import pytest

from clickstream.clock import ManualClock
from clickstream.config import CollectorSettings
from clickstream.events.sent import Intake, Refused, Sender, Taken
from clickstream.names import RejectReason
from collector.configuration.tenants import Address, Privacy, Tenant, WriteKey
from collector.enrichment.address import Proxies, Salt, kept, parsed
from collector.enrichment.consent import consents
from collector.enrichment.enrich import Enrichment, Visit
from collector.enrichment.user_agent import UserAgents
from collector.keys import Caller
from collector.metrics import Metrics

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.1 Mobile/15E148 Safari/604.1"
)


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # a stranger may write what he likes
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),  # the client wrote the first one itself
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:10.0.0.1", "198.51.100.1:1234", "198.51.100.1"),
    ],
)
def test_only_trusted_proxies_say_who_the_client_is(peer: str, forwarded: str, client: str) -> None:
    assert str(Proxies("10.0.0.0/8, fd00::/8").client(peer, forwarded)) == client


def test_a_peer_without_an_address() -> None:
    assert Proxies("10.0.0.0/8").client("", "198.51.100.1") is None
    assert parsed("fe80::1%eth0") == ip_address("fe80::1")


def test_what_is_kept_of_an_address() -> None:
    clock = ManualClock(1_000_000)
    salt = Salt("secret", 3600, clock)
    four, six = ip_address("203.0.113.77"), ip_address("2001:db8:1:2::5")
    assert kept(four, Address.NONE, salt) is None
    assert (kept(four, Address.TRUNCATED, salt), kept(six, Address.TRUNCATED, salt)) == ("203.0.113.0", "2001:db8:1::")
    assert kept(four, Address.FULL, salt) == "203.0.113.77"
    hashed = kept(four, Address.HASHED, salt)
    assert hashed == kept(four, Address.HASHED, Salt("secret", 3600, clock))
    assert hashed != kept(four, Address.HASHED, Salt("", 3600, clock))
    clock.advance(3600)
    assert kept(four, Address.HASHED, salt) != hashed


def test_user_agents() -> None:
    agents = UserAgents(2)
    phone = agents.browser(IPHONE)
    assert (phone.device_type, phone.os, phone.os_version, phone.is_bot) == ("mobile", "iOS", "17.1", False)
    assert agents.browser(IPHONE) is phone
    for robot in ("", "Googlebot/2.1 (+http://www.google.com/bot.html)", "curl/8.0", "HeadlessChrome/120.0"):
        assert agents.browser(robot).is_bot
    assert agents.browser(IPHONE) == phone
    assert agents.browser("x" * 100_000).browser is None


@pytest.mark.parametrize(
    ("privacy", "said", "dnt", "gpc", "allowed"),
    [
        (Privacy(), "", "", "", True),
        (Privacy(), "", "1", "", False),
        (Privacy(), "", "", "1", False),
        (Privacy(honour_dnt=False, honour_gpc=False), "", "1", "1", True),
        (Privacy(), "1", "1", "", True),
        (Privacy(), "0", "", "", False),
        (Privacy(consent_required=True), "", "0", "", False),
        (Privacy(consent_required=True), "granted", "", "", True),
    ],
)
def test_consent(privacy: Privacy, said: str, dnt: str, gpc: str, allowed: bool) -> None:
    assert consents(privacy, said, dnt, gpc) is allowed


def visited(privacy: Mapping[str, Any], visit: Visit, *events: Mapping[str, Any]) -> tuple[Taken, list[Refused]]:
    """What is left of events when they have been enriched, and what is refused by then."""
    now = 1_800_000_000_000
    body = [{"user_id": "secret", "action_type": "pageview", "timestamp": now, **event} for event in events]
    taken = Intake().take(json.dumps(body).encode(), Sender("shop", "web"), now)
    key = WriteKey(sha256="a" * 64)
    caller = Caller("shop", Tenant(keys=(key,), privacy=Privacy.model_validate(privacy)), key)
    refused = Enrichment(CollectorSettings(), Metrics(), ManualClock(now / 1000)).apply(taken, visit, caller)
    return taken, list(refused)


def test_who_is_no_trusted_proxy_does_not_say_whose_address_it_is() -> None:
    taken, _ = visited({}, Visit(peer="203.0.113.9", forwarded="198.51.100.1"), {})
    (event,) = taken.events
    assert event.context is not None
    assert event.context.ip == "203.0.113.0"


@pytest.mark.parametrize("policy", ["anonymize", "drop"])
@pytest.mark.parametrize("others", [[], [{}]], ids=["alone", "beside a good one"])
def test_of_a_refused_event_nothing_is_kept_without_consent_but_why(policy: str, others: list[dict[str, Any]]) -> None:
    wrong = {"x": "left", "context": {"ip": "203.0.113.77"}}
    for visit, kept_raw in ((Visit(), True), (Visit(dnt="1"), False), (Visit(consent="0"), False)):
        _, refused = visited({"without_consent": policy}, visit, wrong, *others)
        assert (refused[0].index, refused[0].rejection.reason) == (0, RejectReason.WRONG_TYPE)
        assert (b"secret" in refused[0].raw) is kept_raw
        assert kept_raw or all(each.raw == b"" for each in refused)


def test_the_trackers_own_id_goes_with_the_others_without_consent() -> None:
    given: list[dict[str, Any]] = [
        {"extra_data": {"anonymous_id": "a-1", "big": 1.5}},
        {"extra_data": {"anonymous_id": "a-1"}},
        {},
    ]
    with_consent, _ = visited({}, Visit(), *given)
    assert [b"a-1" in msgspec.json.encode(event) for event in with_consent.events] == [True, True, False]
    without, _ = visited({}, Visit(gpc="1"), *given)
    encoded = [msgspec.json.encode(event) for event in without.events]
    assert not any(b"a-1" in each or b"secret" in each for each in encoded)
    assert [msgspec.json.decode(each).get("extra_data") for each in encoded] == [{"big": 1.5}, None, None]
