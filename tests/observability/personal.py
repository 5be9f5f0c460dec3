"""Marks that stand for what a log may not hold, and requests that carry them everywhere a request can."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

USER, ANONYMOUS, SESSION = "marked-user", "marked-anonymous", "marked-session"
MAIL, AGENT, PLACE = "marked@mail.example", "marked-agent", "marked-page"
ADDRESS, PEER = "203.0.113.77", "127.0.0.77"
KEY, BEARER, COOKIE = "cs_marked-key", "marked-bearer", "marked-cookie"
MARKS = (USER, ANONYMOUS, SESSION, MAIL, AGENT, PLACE, ADDRESS, PEER, KEY, BEARER, COOKIE)


def event(**fields: Any) -> dict[str, Any]:
    """A valid event of now that names a person in every way."""
    return {
        "user_id": USER,
        "session_id": SESSION,
        "item_id": "i1",
        "scenario_id": "home",
        "action_type": "click",
        "url": f"https://shop.example/{PLACE}?mail={MAIL}",
        "timestamp": int(time.time() * 1000),
        "extra_data": {"anonymous_id": ANONYMOUS, "mail": MAIL},
        **fields,
    }


class Visitor:
    """Somebody whose every request is marked, sent from an address of their own."""

    def __init__(self, url: str) -> None:
        headers = {
            "User-Agent": AGENT,
            "X-Forwarded-For": ADDRESS,
            "Cookie": f"session={COOKIE}",
            "Referer": f"https://shop.example/{PLACE}",
        }
        transport = httpx.HTTPTransport(local_address=PEER)
        self.http = httpx.Client(base_url=url, headers=headers, transport=transport, timeout=60)
        self._address = (str(httpx.URL(url).host), int(httpx.URL(url).port or 80))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def raw(self, data: bytes, port: int | None = None) -> bytes:
        """Send bytes that are no request, or not quite; the beginning of the answer."""
        with socket.create_connection((self._address[0], port or self._address[1]), 30, (PEER, 0)) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return connection.recv(65_536)


def broken() -> Iterator[bytes]:
    """What breaks a web server's parser, each with marks."""
    yield f"GET /{USER}?key={KEY} HTTP/9.9\r\n\r\n".encode()
    yield f"{USER} {MAIL}\r\n\r\n".encode()
    yield f"POST /api/v1/behaviors?key={KEY} HTTP/1.1\r\nHost: x\r\nContent-Length: {USER}\r\n\r\n".encode()
    yield f"GET /{USER} HTTP/1.1\r\nHost: x\r\nUpgrade: {USER}\r\nConnection: upgrade\r\n\r\n".encode()
    yield b"\x16\x03\x01" + USER.encode()


def marks_in(*files: Path) -> list[str]:
    """Where marks stand: file, line and mark."""
    found = []
    for file in files:
        for number, line in enumerate(file.read_bytes().splitlines(), 1):
            found += [f"{file.name}:{number}: {mark}: {line[:300]!r}" for mark in MARKS if mark.encode() in line]
    return found
