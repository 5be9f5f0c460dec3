"""How fast the generator is: to nowhere, with and without answers, and into Kafka.

    CLICKSTREAM_KAFKA_BOOTSTRAP=127.0.0.1:9092 python bench/generator.py --events 3000000

Prints events/s and what share of the time goes where. Into Kafka it needs the variable, and creates and deletes a topic
of its own with 12 partitions. Generator and broker share the machine, as they do in the demo.
"""

import argparse
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from confluent_kafka.admin import AdminClient, NewTopic

from clickstream.generator.kafka_writer import KafkaWriter
from clickstream.generator.model import TrafficModel
from clickstream.generator.pacing import FlatOut
from clickstream.generator.run import run
from clickstream.generator.tally import Tally
from clickstream.generator.traffic import generate
from clickstream.generator.writers import NullWriter, Writer

PARTITIONS = 12


class NoTally(Tally):
    """Counts nothing."""

    def add(self, chunk: object) -> None:
        """Forget the chunk."""


def measure(name: str, events: int, writer: Writer, tally: Callable[[TrafficModel], Tally]) -> None:
    """Run once and print events/s of wall clock and of this process's processor time."""
    model = TrafficModel(events=events)
    wall, processor = time.perf_counter(), time.process_time()
    with writer:
        run(generate(model), FlatOut(lambda: False), writer, tally(model), lambda _: None)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(f"{name:<32} {events / wall:>10,.0f} events/s  {processor / wall:>5.2f} cores")


@contextmanager
def topic(bootstrap: str) -> Iterator[str]:
    """A topic that lives as long as the measurement."""
    admin, name = AdminClient({"bootstrap.servers": bootstrap}), f"bench-generator-{uuid.uuid4().hex[:8]}"
    for created in admin.create_topics([NewTopic(name, PARTITIONS, 1)]).values():
        created.result()
    try:
        yield name
    finally:
        for deleted in admin.delete_topics([name]).values():
            deleted.result()


def main() -> None:
    """Measure each way in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=3_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    bootstrap = os.environ.get("CLICKSTREAM_KAFKA_BOOTSTRAP")
    for _ in range(arguments.repeat):
        measure("to nowhere, no answers", arguments.events, NullWriter(), NoTally)
        measure("to nowhere", arguments.events, NullWriter(), Tally)
        if bootstrap:
            with topic(bootstrap) as name:
                measure("into Kafka", arguments.events, KafkaWriter(bootstrap, name), Tally)
    if not bootstrap:
        print("into Kafka: not measured, CLICKSTREAM_KAFKA_BOOTSTRAP is not set")


if __name__ == "__main__":
    main()
