"""What the YAML file may say. Every object refuses what it does not know."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from clickstream.events.model import Event
from collector.configuration.sinks import KafkaSinkModel, SinkModel
from collector.configuration.strict import LocalPath, Strict
from collector.configuration.tenants import Tenant

_FIELDS = frozenset(Event.__struct_encode_fields__)
_FILLED_IN = frozenset({"event_id", "tenant_id", "received_at"})

Name = Annotated[str, Field(min_length=1, max_length=128)]


class Mapping(Strict):
    """How what a source sends becomes an event, besides the aliases that are always understood.

    Attributes:
        names: name as sent -> field of the event.
        words: field of the event -> value as sent -> value of the event.
        defaults: field of the event -> value, where none is sent.
    """

    names: dict[Name, Name] = Field(default_factory=dict)
    words: dict[Name, dict[str, str]] = Field(default_factory=dict)
    defaults: dict[Name, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known(self) -> Self:
        for part, targets in (
            ("names", self.names.values()),
            ("words", self.words.keys()),
            ("defaults", self.defaults.keys()),
        ):
            for target in targets:
                if target not in _FIELDS:
                    raise ValueError(f"{part}: {target!r} is no field of the event")
        if wrong := sorted(_FILLED_IN & self.defaults.keys()):
            raise ValueError(f"defaults: {wrong[0]!r} is filled in by the collector")
        return self


class Source(Strict):
    """One way in.

    Attributes:
        enabled: whether its path answers.
        mapping: of its fields.
        sinks: names of the sinks that its events go to; none: all of them.
    """

    enabled: bool = True
    mapping: Mapping = Field(default_factory=Mapping)
    sinks: tuple[Name, ...] = ()


class Sources(Strict):
    """The ways in, by what they speak.

    Attributes:
        behaviors: POST /api/v1/behaviors, the platform's own contract.
        events: POST /events, arrays of {type, session_id, user_id, url, created_at, user_agent, payload}.
        pixel: GET /t.gif, one event in the query.
    """

    behaviors: Source = Field(default_factory=Source)
    events: Source = Field(default_factory=Source)
    pixel: Source = Field(default_factory=Source)


class CustomEvent(Strict):
    """A custom event, with one schema of its `extra_data`, in place or as the path of a file.

    Attributes:
        json_schema: JSON Schema, draft 2020-12.
        avro: Avro, a record.
    """

    json_schema: dict[str, Any] | LocalPath | None = None
    avro: dict[str, Any] | LocalPath | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.json_schema is None) == (self.avro is None):
            raise ValueError("name one schema: json_schema or avro")
        return self


def _kafka_alone() -> dict[str, SinkModel]:
    return {"kafka": KafkaSinkModel(type="kafka")}


class Collection(Strict):
    """The whole file.

    Attributes:
        tenants: by tenant_id.
        sources: the ways in.
        sinks: by name; none: Kafka.
        events: custom events by name.
        undeclared_events: whether custom events that are not in `events` are taken.
    """

    tenants: dict[Name, Tenant] = Field(min_length=1)
    sources: Sources = Field(default_factory=Sources)
    sinks: dict[Name, SinkModel] = Field(default_factory=_kafka_alone, min_length=1)
    events: dict[Name, CustomEvent] = Field(default_factory=dict)
    undeclared_events: bool = True

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in ("behaviors", "events", "pixel"):
            for sink in getattr(self.sources, name).sinks:
                if sink not in self.sinks:
                    raise ValueError(f"sources.{name}.sinks names {sink!r}: there are {', '.join(self.sinks)}")
        owners: dict[str, str] = {}
        for tenant_id, tenant in self.tenants.items():
            for key in tenant.keys:
                if (other := owners.setdefault(key.sha256, tenant_id)) != tenant_id:
                    raise ValueError(f"tenants {other} and {tenant_id} have the same key: a key belongs to one tenant")
        return self
