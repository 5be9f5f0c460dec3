"""The event as the edges see it: pydantic models, for services that validate requests and describe themselves.

Fields and limits come from the Structs of `model`, rules from `decode`: nothing is said twice, so the edge and the hot
path agree. The edge takes Python objects (a decoded JSON body); sizes are those of their compact JSON.

    event = BehaviorEvent.model_validate(body, context={RECEIVED_AT: now_ms}).to_event()
"""

from typing import Annotated, Any, Self

import msgspec
from msgspec import inspect
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, ValidationInfo, create_model
from pydantic import model_validator as validator
from pydantic_core import ErrorDetails, PydanticCustomError

from clickstream.events.decode import Limits, checked, move_unknown_fields
from clickstream.events.model import Context, Event
from clickstream.events.rejection import RejectedError, Rejection
from clickstream.names import RejectReason

# Keys of pydantic's validation context: when the event was received (ms since the epoch), and clickstream's Limits.
RECEIVED_AT = "received_at"
LIMITS = "limits"

_EVENT_FIELDS = frozenset(Event.__struct_encode_fields__)
_CONTEXT_FIELDS = frozenset(Context.__struct_encode_fields__)
_OWN_RULE = "rejected"

_REASONS = {
    "missing": RejectReason.MISSING_FIELD,
    "string_too_short": RejectReason.EMPTY,
    "string_too_long": RejectReason.TOO_LONG,
    "string_unicode": RejectReason.NOT_JSON,  # half of a surrogate pair: the hot path's decoder takes it for no JSON
    "greater_than_equal": RejectReason.OUT_OF_RANGE,
    "less_than_equal": RejectReason.OUT_OF_RANGE,
    "finite_number": RejectReason.OUT_OF_RANGE,
}


class _Edge(BaseModel):
    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        frozen=True,
        json_schema_extra={"additionalProperties": True},  # they are moved before anything is forbidden
    )


def _annotation(kind: inspect.Type) -> Any:
    """The pydantic type that takes what msgspec takes for this type."""
    annotation: Any
    match kind:
        case inspect.UnionType(types=(only, inspect.NoneType())):
            annotation = _annotation(only) | None
        case inspect.StrType(min_length=shortest, max_length=longest):
            annotation = Annotated[str, Field(min_length=shortest, max_length=longest)]
        case inspect.IntType(ge=least, le=most):
            annotation = Annotated[int, Field(ge=least, le=most)]
        case inspect.FloatType(ge=least, le=most):
            annotation = Annotated[float, Field(ge=least, le=most)]
        case inspect.BoolType():
            annotation = bool
        case inspect.EnumType(cls=enum):
            annotation = Annotated[enum, Field(strict=False)]  # strict would want members instead of their values
        case inspect.StructType(cls=struct) if struct is Context:
            annotation = BehaviorContext
        case inspect.RawType():
            annotation = dict[str, Any] | None
        case _:
            raise NotImplementedError(f"{kind} has no counterpart at the edge yet: add it here")
    return annotation


def _model(name: str, struct: type[msgspec.Struct]) -> type[_Edge]:
    """Build a model with the Struct's fields."""
    described = inspect.type_info(struct)
    assert isinstance(described, inspect.StructType)
    fields: dict[str, Any] = {
        field.encode_name: (_annotation(field.type), ... if field.required else None) for field in described.fields
    }
    return create_model(name, __base__=_Edge, **fields)


class BehaviorContext(_model("_ContextFields", Context)):  # type: ignore[misc] # its fields are those of the Struct
    """Where the event came from; see `model.Context`."""


class BehaviorEvent(_model("_EventFields", Event)):  # type: ignore[misc] # its fields are those of the Struct
    """One behaviour event as clients send it; see `model.Event`. Unknown fields are moved to `extra_data`.

    The event's age is judged against its own `received_at`, else the context's RECEIVED_AT, else not at all.
    """

    _event: Event = PrivateAttr()

    @validator(mode="before")
    @classmethod
    def _move_unknown_fields(cls, body: Any) -> Any:
        if not isinstance(body, dict):
            return body
        context = body.get("context")
        unknown = bool(body.keys() - _EVENT_FIELDS) or (isinstance(context, dict) and context.keys() - _CONTEXT_FIELDS)
        return move_unknown_fields(body) if unknown else body

    @validator(mode="after")
    def _check(self, info: ValidationInfo) -> Self:
        given: dict[str, Any] = info.context or {}
        try:
            event = _struct(self.model_dump(exclude_none=True))
            self._event = checked(event, given.get(RECEIVED_AT, event.timestamp), given.get(LIMITS, Limits()))
        except RejectedError as error:
            raise _own_error(error.rejection) from None
        return self

    def to_event(self) -> Event:
        """The same event as the hot path's Struct, with `received_at` and `event_name` filled in. Not a copy."""
        return self._event


def rejections(error: ValidationError) -> list[Rejection]:
    """What a validation error says, in the terms of the hot path: a reason and a field path for each fault."""
    return [_rejection(detail) for detail in error.errors()]


def _struct(values: dict[str, Any]) -> Event:
    extra = values.pop("extra_data", None)
    context = values.pop("context", None)
    if context is not None:
        values["context"] = Context(**context)
    if extra is not None:
        try:
            values["extra_data"] = msgspec.Raw(msgspec.json.encode(extra))
        except UnicodeEncodeError:
            raise RejectedError(RejectReason.NOT_JSON, "extra_data") from None
        except RecursionError:
            raise RejectedError(RejectReason.TOO_DEEP, "extra_data") from None
    return Event(**values)


def _own_error(rejection: Rejection) -> PydanticCustomError:
    return PydanticCustomError(
        _OWN_RULE, "{field}: {reason}", {"reason": rejection.reason.value, "field": rejection.field}
    )


def _rejection(detail: ErrorDetails) -> Rejection:
    if detail["type"] == _OWN_RULE:
        return Rejection(RejectReason(detail["ctx"]["reason"]), detail["ctx"]["field"])
    field = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "enum" and isinstance(detail["input"], str):
        return Rejection(RejectReason.UNKNOWN_ACTION, field)
    if detail["type"] == "float_type" and type(detail["input"]) is int:
        return Rejection(RejectReason.OUT_OF_RANGE, field)  # an integer beyond every float64
    if not field and detail["type"] == "model_type":
        return Rejection(RejectReason.NOT_AN_OBJECT)
    return Rejection(_REASONS.get(detail["type"], RejectReason.WRONG_TYPE), field)
