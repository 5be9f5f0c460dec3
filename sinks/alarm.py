"""Alarms: tells people, by chat, mail or webhook, that something needs them. Never at the pipeline's expense."""

import logging
import threading
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from clickstream.clock import Clock
from clickstream.errors import ConfigurationError

if TYPE_CHECKING:
    from apprise import NotifyBase

_LOG = logging.getLogger(__name__)
_WAITING_MOST = 16


class Alarm:
    """Sends alarms through apprise, one per interval at the most. Threads may share one object.

    Delivery has a thread of its own, so a receiver that hangs delays later alarms and nothing else. Every alarm that is
    not held back is logged as an error too, so it reaches somebody without any receiver. Delivery is tried once; a
    receiver that fails is logged. Alarms of other processes are not known here: each worker has its own interval.
    """

    def __init__(self, urls: str, interval: float, clock: Clock) -> None:
        """Parse the addresses; nothing is sent yet.

        Args:
            urls: apprise addresses separated by white space, as the setting holds them; empty: alarms are only logged.
            interval: seconds between two alarms at the least.
            clock: measures the interval, and tells since when alarms were held back.

        Raises:
            ConfigurationError: apprise knows no such receiver.
        """
        self._receivers = _parse(urls)
        self._interval = interval
        self._clock = clock
        self._lock = threading.Lock()
        self._last: float | None = None
        self._held_back = 0
        self._held_back_since = 0.0
        self._outbox: deque[tuple[str, str]] = deque()
        self._thread: threading.Thread | None = None

    @property
    def held_back(self) -> int:
        """Alarms since the last one that went out."""
        return self._held_back

    def raise_alarm(self, title: str, body: str) -> bool:
        """Raise an alarm and return at once.

        Args:
            title: one line.
            body: what happened, where, and what to do.

        Returns:
            Whether it goes out: False when it comes within the interval. Those are counted, and the next alarm says how
            many there were.
        """
        with self._lock:
            now = self._clock.monotonic()
            if self._last is not None and now - self._last < self._interval:
                if not self._held_back:
                    self._held_back_since = self._clock.now()
                self._held_back += 1
                return False
            self._last = now
            if self._held_back:
                body = f"{body}\n{self._summary()}"
                self._held_back = 0
        _LOG.error("ALARM %s: %s", title, body)
        self._send(title, body)
        return True

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until what was raised is delivered: call it before a process ends because of what it raised.

        Alarms that are still held back are logged, since no next alarm will tell of them.

        Returns:
            False when `timeout` seconds were not enough; delivery goes on as long as the process does.
        """
        with self._lock:
            if self._held_back:
                _LOG.error("ALARM %s", self._summary())
                self._held_back = 0
            thread = self._thread
        if thread is None:
            return True
        thread.join(timeout)
        return not thread.is_alive()

    def _summary(self) -> str:
        since = datetime.fromtimestamp(self._held_back_since, UTC)
        return f"... and {self._held_back} more since {since:%Y-%m-%d %H:%M:%S} UTC"

    def _send(self, title: str, body: str) -> None:
        if not self._receivers:
            return
        with self._lock:
            if len(self._outbox) >= _WAITING_MOST:
                _LOG.error("the alarm above is not sent: %d wait for a receiver that does not answer", _WAITING_MOST)
                return
            self._outbox.append((title, body))
            if self._thread is None:
                self._thread = threading.Thread(target=self._deliver, name="alarm", daemon=True)
                self._thread.start()

    def _deliver(self) -> None:
        while True:
            with self._lock:
                if not self._outbox:
                    self._thread = None
                    return
                title, body = self._outbox.popleft()
            for receiver in self._receivers:
                shown = receiver.url(privacy=True)  # type: ignore[no-untyped-call] # apprise leaves it untyped
                try:
                    if not receiver.notify(title=title, body=body):
                        _LOG.error("the alarm %r did not reach %s: it refused, or does not answer", title, shown)
                except Exception:  # whatever a receiver does wrong, the others are told and the pipeline goes on
                    _LOG.exception("the alarm %r did not reach %s", title, shown)


def require_receivers(urls: str) -> None:
    """Refuse addresses that no alarm could reach, before anything starts that would find it out by and by.

    Raises:
        ConfigurationError: apprise knows no such receiver.
    """
    _parse(urls)


def _parse(urls: str) -> "list[NotifyBase]":
    if not urls.split():
        return []
    from apprise import Apprise  # noqa: PLC0415 - it loads all its receivers: workers without any need not wait

    receivers: list[NotifyBase] = []
    for number, url in enumerate(urls.split(), start=1):
        receiver = Apprise.instantiate(url)
        if receiver is None:
            scheme = url.partition("://")[0] if "://" in url else "nothing"  # the rest may be a secret
            raise ConfigurationError(
                f"CLICKSTREAM_DEAD_LETTER_ALARM_URLS: address {number}, which begins with {scheme!r}, is no receiver "
                "that apprise knows; write one such as json://host/path or slack://tokens"
            )
        receivers.append(receiver)
    return receivers
