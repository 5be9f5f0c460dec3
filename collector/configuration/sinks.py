"""Sinks in the YAML file: Kafka, files of JSON lines, Avro files."""

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


class KafkaSinkModel(Strict):
    """A Kafka cluster.

    Attributes:
        producer: goes to the client (librdkafka) as it stands; bootstrap.servers is CLICKSTREAM_KAFKA_BOOTSTRAP where
            it is not given.
        topic: of events; none: CLICKSTREAM_KAFKA_TOPIC_BEHAVIORS.
        rejected: topic of rejected events; none: CLICKSTREAM_KAFKA_TOPIC_REJECTED.
        encoding: of events; the platform's jobs read JSON.
        schema_id: in the header `schema-id` of Avro records; none: the schema's 64-bit fingerprint in hex.
    """

    type: Literal["kafka"]
    producer: dict[str, str | int | float | bool] = Field(default_factory=dict)
    topic: str | None = None
    rejected: str | None = None
    encoding: Literal["json", "avro"] = "json"
    schema_id: int | None = None

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
        if self.schema_id is not None and self.encoding != "avro":
            raise ValueError("schema_id is for encoding: avro")
        return self


class FileSinkModel(Strict):
    """Files in a folder, each event synchronised to disk before it is answered.

    Attributes:
        type: JSON lines, or Avro.
        directory: made when it is not there.
        roll_bytes: a file is closed, and the next begun, when it holds so much.
        roll_seconds: or is so old.
        keep_bytes: the oldest closed files are deleted beyond this; none: they are kept for ever.
    """

    type: Literal["file", "avro"]
    directory: LocalPath
    roll_bytes: Annotated[int, Field(ge=4096)] = 64 * 1024 * 1024
    roll_seconds: Annotated[float, Field(gt=0)] = 3600.0
    keep_bytes: Annotated[int, Field(ge=4096)] | None = None


SinkModel = Annotated[KafkaSinkModel | FileSinkModel, Field(discriminator="type")]
