"""Generated events as JSON objects: valid ones, and what may be wrong with each field."""

from functools import cache
from typing import Any

from hypothesis import strategies as st
from msgspec import NODEFAULT, inspect

from clickstream.events.action import RECOMMENDATION_ACTIONS, Action
from clickstream.events.model import Context, EnrichedEvent, Event

RECEIVED = 1_760_000_000_000  # ms since the epoch

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | NAMES,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(NAMES, children, max_size=3),
    max_leaves=6,
)
# What no field takes for its own, or only some do: wrong types, and values around every limit.
SUSPECTS = st.sampled_from(
    [None, True, False, 0, -1, 1, 2, 65535, 65536, 2**31 - 1, 2**31, 2**32, 2**63, 2**64, 10**30, -(10**30)]
    + [0.0, -0.0, 1.0, 1.5, -0.5, 1e15, 1.1e15, 1e300, 4_102_444_800_000, 4_102_444_800_001]
    + ["", "click", "Click", "no such action", "missing required field `x`", "of length >=", "contains unknown field"]
    + ["x" * length for length in (64, 65, 128, 129, 256, 257, 2048, 2049)]
    + ["\U0001f600" * 64, [], {}, [1], {"os": 5}, {"nested": {"deep": [None]}}]
    + [RECEIVED - 7 * 86_400_000, RECEIVED - 7 * 86_400_000 - 1, RECEIVED + 300_000, RECEIVED + 300_001]
)


def _values(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Values that a field of this type takes."""
    found: st.SearchStrategy[Any]
    match kind:
        case inspect.UnionType(types=types):
            found = st.one_of(*(_values(each) for each in types))
        case inspect.StrType(min_length=shortest):
            found = st.text(st.characters(exclude_categories=["Cs"]), min_size=shortest or 0, max_size=20)
        case inspect.IntType(ge=least, le=most, lt=below):
            found = st.integers(least, most if most is not None else (below or 2**63) - 1)
        case inspect.FloatType(ge=lowest, le=highest):
            found = st.floats(lowest, highest, allow_nan=False, allow_infinity=False)
        case inspect.EnumType(cls=enum):
            found = st.sampled_from([member.value for member in enum])
        case inspect.StructType(cls=struct):
            found = _objects(struct)
        case inspect.ListType(item_type=item):
            found = st.lists(_values(item), max_size=3)
        case inspect.RawType():
            found = st.none() | st.dictionaries(NAMES, JSON_VALUES, max_size=3)
        case inspect.BoolType():
            found = st.booleans()
        case _:
            assert isinstance(kind, inspect.NoneType), kind
            found = st.none()
    return found


def _objects(struct: Any) -> st.SearchStrategy[dict[str, Any]]:
    described = inspect.type_info(struct)
    assert isinstance(described, inspect.StructType)
    required = {field.encode_name: _values(field.type) for field in described.fields if field.required}
    optional = {
        field.encode_name: _values(field.type)
        for field in described.fields
        if not field.required and field.default is not NODEFAULT or field.encode_name == "extra_data"
    }
    return st.fixed_dictionaries(required, optional=optional)


def _made_valid(drawn: tuple[dict[str, Any], int, int, str]) -> dict[str, Any]:
    body, received_at, age, item_id = drawn
    if body.get("received_at") is None:
        received_at = RECEIVED
    else:
        body["received_at"] = received_at
    body["timestamp"] = received_at - age
    if Action(body["action_type"]) in RECOMMENDATION_ACTIONS:
        body["item_id"] = item_id
    return body


@cache
def valid(struct: type[Event] = Event) -> st.SearchStrategy[dict[str, Any]]:
    """Objects that are valid events when received at RECEIVED, without unknown fields."""
    return st.tuples(
        _objects(struct),
        st.integers(RECEIVED - 10**9, RECEIVED + 10**9),
        st.integers(-300_000, 7 * 86_400_000),
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
    ).map(_made_valid)


enriched = valid(EnrichedEvent)
PATHS = [
    *Event.__struct_encode_fields__,
    "unknown",
    *(f"context.{name}" for name in (*Context.__struct_encode_fields__, "unknown")),
]


@st.composite
def mutated(draw: st.DrawFn) -> tuple[dict[str, Any], str]:
    """A valid event in which one field (its path is given too) was dropped or replaced by a suspect value."""
    body = draw(valid())
    path = draw(st.sampled_from(PATHS))
    holder = body
    name = path
    if path.startswith("context."):
        holder = body["context"] = dict(body.get("context") or {})
        name = path.removeprefix("context.")
    if draw(st.integers(0, 9)) == 0:
        holder.pop(name, None)
    else:
        holder[name] = draw(SUSPECTS | JSON_VALUES)
    return body, path
