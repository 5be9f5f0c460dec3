"""Events as clients send them to the collector, told apart from those in Kafka by what may still be missing.

    taken = Intake().take(body, Sender("shop", "web"), now_ms)

Bodies in the event's own names go through msgspec's typed decoder in one call. Only a body that it refuses is looked at
event by event: aliases are put right, unknown fields are moved to `extra_data`, and what is wrong is said of each. Only
where it cannot even tell events apart the scanner does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from clickstream.event_ids import uuid7
from clickstream.events.action import Action
from clickstream.events.aliases import Aliases
from clickstream.events.decode import PARSE_ERRORS, Limits, checked, move_unknown_fields, rejection_of
from clickstream.events.model import Event, EventId, Id, Milliseconds
from clickstream.events.rejection import RejectedError, Rejection
from clickstream.events.scanner import Scanner, nested
from clickstream.names import RejectReason

# Looks at an event that has passed all other checks; raises RejectedError. The collector's custom events are one.
Rule = Callable[[Event], None]

_FILLED_IN = ("event_id", "tenant_id", "scenario_id", "received_at", "timestamp")
_NEVER = -1  # no time that could be sent
# In `extra_data`: whoever reads it later, a job or a schema, may have less of a stack left than there is here.
_DEEPEST = 500


class SentEvent(Event, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """An event as it is sent: ids and time that the collector fills in may be absent, and are empty then."""

    event_id: EventId = ""
    tenant_id: Id = ""
    scenario_id: Id = ""
    timestamp: Milliseconds = _NEVER


@dataclass(frozen=True, slots=True)
class Sender:
    """For whom a request speaks: its write key's tenant, and the scenario of events that name none."""

    tenant_id: str
    scenario_id: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """One event of a request that was refused: its place in the array, why, and the event as it was sent."""

    index: int
    rejection: Rejection
    raw: bytes


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a request's events: `events` are complete, at `places` in the array; the rest is refused."""

    events: list[Event] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


class UnreadableError(Exception):
    """The body as a whole is no event and no array of events; `reason` says what it is instead."""

    def __init__(self, reason: RejectReason) -> None:
        super().__init__(str(reason))
        self.reason = reason


class TooManyError(Exception):
    """The array holds more events than a request may."""


class Intake:
    """Reads request bodies. Pure: no clock, no I/O.

    Args:
        limits: how far an event's time may lie from its receipt.
        aliases: other names and words that are understood.
        rules: checks behind the contract's own.
        most: events in one request.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        aliases: Aliases | None = None,
        rules: Sequence[Rule] = (),
        most: int = 500,
    ) -> None:
        self._limits, self._rules, self._most = limits or Limits(), tuple(rules), most
        self._aliases = aliases or Aliases()
        self._all = msgspec.json.Decoder(list[SentEvent])
        self._raws = msgspec.json.Decoder(list[msgspec.Raw])
        self._one = msgspec.json.Decoder(SentEvent)

    def take(self, body: bytes, sender: Sender, received_at: int) -> Taken:
        """Read a body: one event, or an array of them.

        Raises:
            UnreadableError: nothing could be read.
            TooManyError: more events than allowed.
        """
        if not self._aliases.rewrite_known:
            try:
                sent = self._all.decode(body) if body.lstrip()[:1] == b"[" else [self._one.decode(body)]
            except PARSE_ERRORS:
                pass  # one by one then
            else:
                self._count(sent)
                return self._judge(sent, body, sender, received_at)
        scanner = Scanner()
        return self._judge_raw(self._split(body, scanner), scanner, sender, received_at)

    def take_mapped(
        self, body: bytes, mapping: Callable[[Mapping[str, Any]], Mapping[str, Any]], sender: Sender, received_at: int
    ) -> Taken:
        """Read a body whose events have another form; `mapping` brings one into the platform's.

        Raises:
            UnreadableError: nothing could be read.
            TooManyError: more events than allowed.
        """
        scanner = Scanner()
        raws = [_mapped(raw, mapping) for raw in self._split(body, scanner)]
        return self._judge_raw(raws, scanner, sender, received_at)

    def take_values(self, bodies: Sequence[Any], sender: Sender, received_at: int) -> Taken:
        """Read events that are decoded already: JSON values.

        Raises:
            TooManyError: more events than allowed.
        """
        self._count(bodies)
        raws = [msgspec.json.encode(body) for body in bodies]
        return self._judge_raw(raws, Scanner(), sender, received_at)

    def _count(self, events: Sequence[object]) -> None:
        if len(events) > self._most:
            raise TooManyError

    def _split(self, body: bytes, scanner: Scanner) -> list[bytes]:
        """The events as they stand."""
        try:
            if body.lstrip()[:1] != b"[":
                if not isinstance(msgspec.json.decode(body), dict):
                    raise UnreadableError(RejectReason.NOT_AN_OBJECT)
                return [body]
            found = [bytes(raw) for raw in self._raws.decode(body)]
        except PARSE_ERRORS as error:
            scanned = scanner.elements(body, self._most)
            if scanned is None:
                raise UnreadableError(rejection_of(error, body).reason) from None
            found = scanned
        self._count(found)
        return found

    def _judge(self, sent: Sequence[SentEvent], body: bytes, sender: Sender, received_at: int) -> Taken:
        taken = Taken()
        raws: list[bytes] = []
        for index, event in enumerate(sent):
            try:
                taken.events.append(self._completed(event, sender, received_at))
                taken.places.append(index)
            except RejectedError as error:
                raws = raws or (self._split(body, Scanner()) if body.lstrip()[:1] == b"[" else [body])
                taken.refused.append(Refused(index, error.rejection, raws[index]))
        return taken

    def _judge_raw(self, raws: Sequence[bytes], scanner: Scanner, sender: Sender, received_at: int) -> Taken:
        taken = Taken()
        for index, raw in enumerate(raws):
            try:
                taken.events.append(self._completed(self._read(raw, scanner), sender, received_at))
                taken.places.append(index)
            except RejectedError as error:
                taken.refused.append(Refused(index, error.rejection, raw))
        return taken

    def _read(self, raw: bytes, scanner: Scanner) -> SentEvent:
        try:
            fields = msgspec.json.decode(raw)
        except PARSE_ERRORS as error:
            raise RejectedError(rejection_of(error, raw).reason, scanner.unreadable_member(raw)) from None
        try:
            if not isinstance(fields, dict):
                raise RejectedError(RejectReason.NOT_AN_OBJECT)
            fields = self._aliases.resolved(fields)
            for name in _FILLED_IN:
                if fields.get(name, ...) is None:
                    del fields[name]
            return self._one.decode(msgspec.json.encode(move_unknown_fields(fields)))
        except PARSE_ERRORS as error:
            raise RejectedError(*_parts(rejection_of(error, raw))) from None

    def _completed(self, event: SentEvent, sender: Sender, received_at: int) -> SentEvent:
        if event.tenant_id != sender.tenant_id:
            if event.tenant_id:
                raise RejectedError(RejectReason.TENANT_MISMATCH, "tenant_id")
            event.tenant_id = sender.tenant_id
        if not event.scenario_id:
            if not sender.scenario_id:
                raise RejectedError(RejectReason.MISSING_FIELD, "scenario_id")
            event.scenario_id = sender.scenario_id
        if not event.event_id:
            event.event_id = uuid7(received_at)
        event.received_at = received_at
        if event.timestamp == _NEVER:
            event.timestamp = received_at
        if event.action_type is Action.CLICK and not event.item_id:
            # A click on something else than a recommended item.
            event.action_type = Action.CUSTOM
            event.event_name = event.event_name or Action.CLICK.value
        checked(event, received_at, self._limits)
        extra = event.extra_data
        if extra is not msgspec.UNSET and len(extra) > 2 * _DEEPEST and nested(bytes(extra), _DEEPEST):
            raise RejectedError(RejectReason.TOO_DEEP, "extra_data")
        for rule in self._rules:
            rule(event)
        return event


def _mapped(raw: bytes, mapping: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> bytes:
    """An event in another form; what cannot be read, or is no object, as it stands."""
    try:
        fields = msgspec.json.decode(raw)
        return msgspec.json.encode(mapping(fields)) if isinstance(fields, dict) else raw
    except PARSE_ERRORS:
        return raw


def _parts(rejection: Rejection) -> tuple[RejectReason, str]:
    return rejection.reason, rejection.field
