"""The process behind Traffic: `clickstream generate --live` that outlasts any outage of Kafka, but not its parent."""

import argparse
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from clickstream.config import KafkaSettings
from clickstream.errors import ClickstreamError
from clickstream.generator.command import Destination, send_live
from clickstream.generator.kafka_writer import KafkaWriter
from clickstream.generator.model import TrafficModel
from clickstream.generator.writers import Writer
from devstack.demo.parent import end_with

# A record that was given up would be missing in every account that follows.
PATIENCE = {"delivery.timeout.ms": 2_147_483_647}


@dataclass(frozen=True)
class PatientDestination(Destination):
    """Kafka, however long it is away."""

    def writer(self, resources: ExitStack) -> Writer:
        """Connect."""
        return resources.enter_context(KafkaWriter(str(self.bootstrap), self.topic, PATIENCE))


def main() -> None:
    """Send until SIGINT or SIGTERM, or for so many seconds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--answers", type=Path, required=True)
    parser.add_argument("--parent", type=int, required=True)
    given = parser.parse_args()
    end_with(given.parent)
    # Not `resolve`: the devstack's mark in this environment is no setting.
    kafka = KafkaSettings()
    send_live(
        TrafficModel(),
        PatientDestination(None, kafka.bootstrap, kafka.topic_behaviors, given.answers),
        given.rate,
        given.seconds,
    )


if __name__ == "__main__":
    try:
        main()
    except ClickstreamError as error:
        sys.exit(str(error))
