"""Which fields of an event a dimension's key may come from, and which a dimension may set."""

from msgspec import inspect

from clickstream.events.model import Context, EnrichedEvent, Event


def _fields(struct: type) -> list[inspect.Field]:
    described = inspect.type_info(struct)
    assert isinstance(described, inspect.StructType)
    return list(described.fields)


def _is(field: inspect.Field, kind: type[inspect.Type]) -> bool:
    types = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
    return any(isinstance(each, kind) for each in types)


# Paths of the event's texts: what a key may come from.
TEXT_FIELDS: tuple[str, ...] = (
    *(field.name for field in _fields(Event) if _is(field, inspect.StrType)),
    *(f"context.{field.name}" for field in _fields(Context) if _is(field, inspect.StrType)),
)

# Fields that joined events have beyond raw ones, and whether each is a number.
JOINED_FIELDS: dict[str, bool] = {
    field.name: _is(field, inspect.FloatType)
    for field in _fields(EnrichedEvent)
    if field.name not in Event.__struct_fields__ and (_is(field, inspect.StrType) or _is(field, inspect.FloatType))
}
