"""Sinks in the YAML file."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from collector.configuration.strict import LocalPath, Strict

# An answer of 202 says that the brokers have the event; these are what makes that true.
_GUARANTEES: dict[str, tuple[str, ...]] = {
    "acks": ("all", "-1"),
    "request.required.acks": ("all", "-1"),
    "enable.idempotence": ("true",),
}
_OURS = ("on_delivery", "error_cb", "stats_cb", "logger", "delivery.report.only.error", "transactional.id")


class AvroModel(Strict):
    """Events in Avro's binary form, the schema's id in each record's header.

    Attributes:
        schema_id: of a registry; none: the schema's CRC-64-AVRO in hex, under which GET /schemas/ID answers with it.
        header: its name.
    """

    schema_id: str | int | None = None
    header: Annotated[str, Field(min_length=1, max_length=128)] = "schema_id"


class KafkaSinkModel(Strict):
    """A Kafka cluster.

    Attributes:
        producer: goes to the client (librdkafka) as it stands; bootstrap.servers is CLICKSTREAM_KAFKA_BOOTSTRAP where
            it is not given.
        topic: of events; none: CLICKSTREAM_KAFKA_TOPIC_BEHAVIORS.
        rejected: topic of rejected events; none: CLICKSTREAM_KAFKA_TOPIC_REJECTED.
        avro: events in Avro; none: JSON. Rejected events are JSON in any case.
    """

    type: Literal["kafka"]
    producer: dict[str, str | int | float | bool] = Field(default_factory=dict)
    topic: str | None = None
    rejected: str | None = None
    avro: AvroModel | None = None

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
        if self.avro is not None and self.topic is None:
            raise ValueError("avro: name a topic too: the platform's jobs read JSON from the usual one")
        return self


class FileSinkModel(Strict):
    """Files in a folder, on disk before the answer; `clickstream cat` prints them.

    Attributes:
        type: file: JSON lines; avro: Avro container files. Rejected events are JSON lines in files of their own.
        folder: made when it is not there; several workers and collectors may share one.
        roll_bytes: a file that has them is done, and loses its ending .partial.
        roll_seconds: so is one that is so old.
    """

    type: Literal["file", "avro"]
    folder: LocalPath
    roll_bytes: Annotated[int, Field(ge=4096)] = 64 * 1024 * 1024
    roll_seconds: Annotated[float, Field(gt=0)] = 3600.0


SinkModel = Annotated[KafkaSinkModel | FileSinkModel, Field(discriminator="type")]
