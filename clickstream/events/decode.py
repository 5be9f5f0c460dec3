"""Raw Kafka values to checked events: what every job's first step does, one micro-batch at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from clickstream.events.action import RECOMMENDATION_ACTIONS
from clickstream.events.model import Context, Event
from clickstream.events.rejection import RejectedError, Rejection, of_message
from clickstream.names import RejectReason

EXTRA_DATA_LIMIT = 8 * 1024
_UNKNOWN_FIELD = "contains unknown field"
_EVENT_FIELDS = frozenset(Event.__struct_encode_fields__)
_CONTEXT_FIELDS = frozenset(Context.__struct_encode_fields__)

# Events to have as objects at a time. Ten thousand of them do not fit into a processor's cache, and each then costs
# half as much again (bench/README.md).
AT_ONCE = 500

# What msgspec raises on a value that is not what it should be.
PARSE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Limits:
    """How far an event's time may lie from the time at which it was received, in milliseconds."""

    oldest_ms: int = 7 * 24 * 3600 * 1000
    newest_ms: int = 5 * 60 * 1000


class EventDecoder(Generic[E]):
    """Decodes and validates values of one topic: `Event` for ODS, `EnrichedEvent` for DWD.

    An event is never judged by the clock: its age is measured against `received_at`, or the Kafka record's timestamp
    where it has none, so that a backlog or a deliberate reprocessing gives the same answer as the first time.

    Args:
        event_type: what to decode into.
        limits: of an event's time.
        reserved: names that the type has but no sender may set: where one is sent it is an unknown field.
    """

    def __init__(
        self, event_type: type[E], limits: Limits | None = None, reserved: frozenset[str] = frozenset()
    ) -> None:
        self._decoder = msgspec.json.Decoder(event_type)
        self._limits = limits or Limits()
        self._fields = frozenset(event_type.__struct_encode_fields__) - reserved
        self._not_a_field = (_UNKNOWN_FIELD, *(f"`$.{name}`" for name in reserved))

    def decode(self, value: bytes | None, record_ms: int) -> E | Rejection:
        """Decode one Kafka value (None: a tombstone) whose record carries the timestamp `record_ms`."""
        if value is None:
            return Rejection(RejectReason.TOMBSTONE)
        try:
            return checked(self._parse(value), record_ms, self._limits)
        except RejectedError as error:
            return error.rejection
        except PARSE_ERRORS as error:
            return rejection_of(error, value)

    def decode_batch(self, values: Iterable[bytes | None], record_ms: Iterable[int]) -> list[E | Rejection]:
        """Decode a micro-batch; the answer has one element per value, in order."""
        parse, limits, one = self._decoder.decode, self._limits, self.decode
        found: list[E | Rejection] = []
        for value, ms in zip(values, record_ms, strict=True):
            try:
                found.append(checked(parse(value), ms, limits))  # type: ignore[arg-type]  # None: TypeError
            except (RejectedError, TypeError, *PARSE_ERRORS):
                found.append(one(value, ms))  # says what is wrong with it
        return found

    def _parse(self, value: bytes) -> E:
        try:
            return self._decoder.decode(value)
        except msgspec.ValidationError as error:
            message = str(error)
            if not any(sign in message for sign in self._not_a_field):
                raise
        # The slow way, for the few events that have fields of their own.
        try:
            fields = msgspec.json.decode(value, type=dict[str, Any])
        except msgspec.ValidationError:
            raise RejectedError(RejectReason.OUT_OF_RANGE, _beyond_numbers(value)) from None
        known = move_unknown_fields(fields, self._fields)
        return self._decoder.decode(msgspec.json.encode(known))


def _beyond_numbers(value: bytes) -> str:
    """The name of the first field that holds a number beyond every float64: all else that is JSON can be decoded."""
    for name, raw in msgspec.json.decode(value, type=dict[str, msgspec.Raw]).items():
        try:
            msgspec.json.decode(raw)
        except msgspec.ValidationError:
            return name
    return ""


def checked(event: E, record_ms: int, limits: Limits) -> E:
    """Apply the rules that need more than one field, and fill in what follows from others.

    Raises:
        RejectedError: the event breaks one of them.
    """
    if not event.item_id and event.action_type in RECOMMENDATION_ACTIONS:
        raise RejectedError(RejectReason.ITEM_REQUIRED, "item_id")
    if event.received_at is None:
        event.received_at = record_ms
    age = event.received_at - event.timestamp
    if age > limits.oldest_ms:
        raise RejectedError(RejectReason.TIMESTAMP_TOO_OLD, "timestamp")
    if -age > limits.newest_ms:
        raise RejectedError(RejectReason.TIMESTAMP_TOO_NEW, "timestamp")
    if event.event_name is None:
        event.event_name = event.action_type._value_  # `value` is a property written in Python
    if event.extra_data is not msgspec.UNSET:
        event.extra_data = _checked_extra_data(event.extra_data)
    return event


def move_unknown_fields(fields: dict[str, Any], known: frozenset[str] = _EVENT_FIELDS) -> dict[str, Any]:
    """Move what is not a field of the event into its `extra_data` (and of `context` into `extra_data.context`).

    What `extra_data` holds keeps its name; a moved field of the same name gets underscores behind it.
    """
    event = {name: value for name, value in fields.items() if name in known}
    extra = {name: value for name, value in fields.items() if name not in known}
    context = event.get("context")
    if isinstance(context, dict):
        unknown = {name: value for name, value in context.items() if name not in _CONTEXT_FIELDS}
        if unknown:
            event["context"] = {name: value for name, value in context.items() if name in _CONTEXT_FIELDS}
            extra["context"] = unknown
    sent = event.get("extra_data")
    if sent is None:
        sent = {}
    if isinstance(sent, dict):  # anything else is refused by the decoder's own check
        event["extra_data"] = _beside(sent, extra)
    return event


def _beside(sent: dict[str, Any], moved: dict[str, Any]) -> dict[str, Any]:
    together = dict(sent)
    for name, value in moved.items():
        free = name
        while free in together:
            free += "_"
        together[free] = value
    return together


def _checked_extra_data(raw: msgspec.Raw) -> msgspec.Raw | msgspec.UnsetType:
    data = bytes(raw)
    if data == b"null":
        return msgspec.UNSET
    if not data.startswith(b"{"):
        raise RejectedError(RejectReason.WRONG_TYPE, "extra_data")
    if len(data) > EXTRA_DATA_LIMIT:
        raise RejectedError(RejectReason.EXTRA_DATA_TOO_LARGE, "extra_data")
    try:
        data.decode()
    except UnicodeDecodeError:
        raise RejectedError(RejectReason.NOT_UTF8, "extra_data") from None
    # A line break between tokens is white space, but would end a row where JSON objects go as lines. (And `data` is a
    # copy of its own: the original keeps the whole Kafka value alive.)
    return msgspec.Raw(data.replace(b"\n", b" "))


def rejection_of(error: Exception, value: bytes) -> Rejection:
    """What an exception out of PARSE_ERRORS says about the value."""
    if isinstance(error, msgspec.ValidationError):
        return of_message(str(error))
    if isinstance(error, RecursionError):
        return Rejection(RejectReason.TOO_DEEP)
    try:
        value.decode()
    except UnicodeDecodeError:
        return Rejection(RejectReason.NOT_UTF8)
    return Rejection(RejectReason.NOT_JSON)
