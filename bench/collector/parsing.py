"""What reading and writing a batch of 10 events costs, by library: `python -m bench.collector.parsing`.

Processor time of one thread, the least of some repetitions: so it says the same on a busy machine. Reading with orjson
alone checks nothing; with pydantic behind it, it checks types and lengths, as msgspec's typed decoder does by itself.
"""

import time
from collections.abc import Callable

import msgspec
import orjson
from pydantic import TypeAdapter

from bench.collector.requests import TENANT, bodies
from clickstream.events.edge import BehaviorEvent
from clickstream.events.model import Event
from clickstream.events.sent import Intake, Sender, SentEvent

BATCH, BODIES, REPEAT = 10, 200, 15


def least(work: Callable[[bytes], object], given: list[bytes]) -> float:
    """Microseconds for a batch."""
    best = float("inf")
    for _ in range(REPEAT):
        begun = time.process_time()
        for body in given:
            work(body)
        best = min(best, time.process_time() - begun)
    return best / len(given) * 1e6


def main() -> None:
    """Measure each way."""
    given = bodies(BATCH, BODIES)
    now = int(time.time() * 1000)
    typed, untyped = msgspec.json.Decoder(list[SentEvent]), msgspec.json.Decoder()
    model = TypeAdapter(list[BehaviorEvent])
    intake, sender = Intake(), Sender(TENANT)
    structs = {body: msgspec.json.decode(body, type=list[Event]) for body in given}
    plain = {body: orjson.loads(body) for body in given}
    encoder = msgspec.json.Encoder()
    ways: dict[str, Callable[[bytes], object]] = {
        "read: msgspec, typed": typed.decode,
        "read: msgspec, untyped": untyped.decode,
        "read: orjson": orjson.loads,
        "read: orjson, then pydantic": lambda body: model.validate_python(orjson.loads(body)),
        "read: all that the collector checks": lambda body: intake.take(body, sender, now),
        "write: msgspec, structs": lambda body: [encoder.encode(event) for event in structs[body]],
        "write: orjson, dicts": lambda body: [orjson.dumps(event) for event in plain[body]],
    }
    for name, work in ways.items():
        print(f"{name:<36} {least(work, given):8.1f} us for {BATCH} events")


if __name__ == "__main__":
    main()
