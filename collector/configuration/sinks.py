"""Sinks in the YAML file."""

from typing import Literal, Self

from pydantic import Field, model_validator

from collector.configuration.strict import Strict

# An answer of 202 says that the brokers have the event; these are what makes that true.
_GUARANTEES: dict[str, tuple[str, ...]] = {
    "acks": ("all", "-1"),
    "request.required.acks": ("all", "-1"),
    "enable.idempotence": ("true",),
}
_OURS = ("on_delivery", "error_cb", "stats_cb", "logger", "delivery.report.only.error", "transactional.id")


class KafkaSinkModel(Strict):
    """A Kafka cluster.

    Attributes:
        producer: goes to the client (librdkafka) as it stands; bootstrap.servers is CLICKSTREAM_KAFKA_BOOTSTRAP where
            it is not given.
        topic: of events; none: CLICKSTREAM_KAFKA_TOPIC_BEHAVIORS.
        rejected: topic of rejected events; none: CLICKSTREAM_KAFKA_TOPIC_REJECTED.
    """

    type: Literal["kafka"]
    producer: dict[str, str | int | float | bool] = Field(default_factory=dict)
    topic: str | None = None
    rejected: str | None = None

    @model_validator(mode="after")
    def _guaranteed(self) -> Self:
        for name, allowed in _GUARANTEES.items():
            if name in self.producer and str(self.producer[name]).lower() not in allowed:
                raise ValueError(
                    f"producer: {name} is {self.producer[name]!r}: an answer of 202 promises that every replica in "
                    f"sync has the event, so it must be {allowed[0]}"
                )
        if wrong := [name for name in _OURS if name in self.producer]:
            raise ValueError(f"producer: {wrong[0]} is the collector's own")
        return self


SinkModel = KafkaSinkModel
