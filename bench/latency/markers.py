"""Events that can be told apart in Redis: each of an item of its own, with a score that is known beforehand."""

import math
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import msgspec
import redis
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, Message, Producer

from clickstream.config import HotSettings, RedisSettings
from clickstream.errors import ContractError, UnavailableError
from clickstream.events.action import Action

TENANT, SCENARIO = "aurora", "home"  # a busy place: the markers share it with the traffic
EVERY_SECONDS = 0.05  # on average: one in twenty events
POLL_SECONDS = 0.002
LOST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Marker:
    """One event. `appended_ms` is the broker's word, ms since the epoch."""

    item_id: str
    score: float
    appended_ms: int


class Markers:
    """Sends markers from a thread, at irregular intervals so that they fall nowhere in particular between flushes."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0, "acks": "all", "log_level": 0})
        self._topic = topic
        self._random = random.Random(1)
        self._sent: list[Marker] = []
        self._refused: list[str] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send, name="markers")
        settings = HotSettings()
        found = settings.scenario(TENANT, SCENARIO)
        self._weight = (found.weights or {})[Action.ORDER]
        self._half_life_ms = (found.half_life_seconds or 0.0) * 1000

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def take(self) -> list[Marker]:
        """Those that the broker has acknowledged since the last call.

        Raises:
            UnavailableError: it refused one.
        """
        if self._refused:
            raise UnavailableError(f"Kafka refused a marker: {self._refused[0]}")
        taken, self._sent = self._sent, []
        return taken

    def _send(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            self._one(f"marker-{number}")
            until = time.monotonic() + self._random.uniform(0.5, 1.5) * EVERY_SECONDS
            while (left := until - time.monotonic()) > 0:
                self._producer.poll(left)
        self._producer.flush(30)

    def _one(self, item_id: str) -> None:
        now_ms = int(time.time() * 1000)
        event = {
            "event_id": f"{item_id}-{now_ms}",
            "tenant_id": TENANT,
            "scenario_id": SCENARIO,
            "user_id": item_id,
            "item_id": item_id,
            "action_type": Action.ORDER.value,
            "timestamp": now_ms,
        }
        score = math.log2(self._weight) + now_ms / self._half_life_ms

        def delivered(error: object, message: Message) -> None:
            kind, appended_ms = message.timestamp()
            if error:
                self._refused.append(str(error))
            elif kind != TIMESTAMP_LOG_APPEND_TIME:
                self._refused.append("its topic does not tell the time of appending")
            else:
                self._sent.append(Marker(item_id, score, appended_ms))

        self._producer.produce(self._topic, msgspec.json.encode(event), item_id.encode(), on_delivery=delivered)


def seen(markers: Markers, redis_url: str, settings: RedisSettings, seconds: float) -> Iterator[tuple[Marker, float]]:
    """Each marker that can be read out of Redis, and the time (ms since the epoch) at which that was noticed.

    Ends after so many seconds, when all that were sent by then are seen.

    Raises:
        UnavailableError: a marker does not turn up within a minute.
        ContractError: one has a wrong score.
    """
    key = settings.keys.hot_items(TENANT, SCENARIO)
    end = time.monotonic() + seconds
    waiting: dict[str, Marker] = {}
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        while time.monotonic() < end or waiting:
            if time.monotonic() < end:
                waiting |= {marker.item_id: marker for marker in markers.take()}
            time.sleep(POLL_SECONDS)
            if not waiting:
                continue
            scores: Any = client.zmscore(key, list(waiting))
            now_ms = time.time() * 1000
            for marker, score in list(zip(waiting.values(), scores, strict=True)):
                if score is None:
                    if now_ms > marker.appended_ms + LOST_SECONDS * 1000:
                        raise UnavailableError(f"{marker.item_id} is not in {key} a minute after it was appended")
                    continue
                if not math.isclose(score, marker.score, rel_tol=1e-12):
                    raise ContractError(f"{marker.item_id} has the score {score}, not {marker.score}")
                del waiting[marker.item_id]
                yield marker, now_ms
