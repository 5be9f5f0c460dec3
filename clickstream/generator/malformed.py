"""Events broken on purpose: each kind violates the event format in exactly one way that a consumer must notice."""

import re
from collections.abc import Callable

from clickstream.names import RejectReason

WEEK_MS = 7 * 24 * 3_600_000
FIVE_MINUTES_MS = 5 * 60_000

_REQUIRED = (b"tenant_id", b"scenario_id", b"user_id", b"action_type", b"timestamp")
# One holds newlines: whoever splits records into lines goes wrong on it.
_NOT_JSON = (b"", b"GET /favicon.ico HTTP/1.1", b"<event>\nclick\n</event>", b"\x00\x01\x02\x03", b"{'user_id': 'u-1'}")
_NOT_OBJECT = (b"null", b"[]", b'"click"', b"42")
_UNKNOWN_ACTIONS = (b"purchase", b"Click", b"")
_LONG_IDS = ((b"event_id", 65), (b"user_id", 129), (b"tenant_id", 129), (b"scenario_id", 129))

Breaker = Callable[[bytes, int, int], bytes]


def _string(value: bytes, field: bytes, replacement: bytes) -> bytes:
    """Put raw JSON in place of a string or number field's value."""
    pattern = b'"' + field + b'":(?:"[^"]*"|[0-9]+)'
    return re.sub(pattern, lambda _: b'"' + field + b'":' + replacement, value, count=1)


def _not_json(_value: bytes, _sent_ms: int, salt: int) -> bytes:
    return _NOT_JSON[salt % len(_NOT_JSON)]


def _not_object(_value: bytes, _sent_ms: int, salt: int) -> bytes:
    return _NOT_OBJECT[salt % len(_NOT_OBJECT)]


def _truncated(value: bytes, _sent_ms: int, salt: int) -> bytes:
    # A character cut in two would be another kind of fault.
    return value[: 1 + salt % (len(value) - 1)].decode(errors="ignore").encode()


def _missing_field(value: bytes, _sent_ms: int, salt: int) -> bytes:
    field = _REQUIRED[salt % len(_REQUIRED)]
    return re.sub(b'"' + field + b'":(?:"[^"]*"|[0-9]+),?', b"", value, count=1)


def _wrong_type(value: bytes, _sent_ms: int, salt: int) -> bytes:
    field, wrong = ((b"user_id", b"12345"), (b"timestamp", b'"yesterday"'), (b"tenant_id", b'["aurora"]'))[salt % 3]
    return _string(value, field, wrong)


def _unknown_action(value: bytes, _sent_ms: int, salt: int) -> bytes:
    return _string(value, b"action_type", b'"' + _UNKNOWN_ACTIONS[salt % len(_UNKNOWN_ACTIONS)] + b'"')


def _id_too_long(value: bytes, _sent_ms: int, salt: int) -> bytes:
    field, length = _LONG_IDS[salt % len(_LONG_IDS)]
    return _string(value, field, b'"' + b"x" * length + b'"')


def _timestamp_too_old(value: bytes, sent_ms: int, salt: int) -> bytes:
    return _string(value, b"timestamp", b"%d" % (sent_ms - WEEK_MS - 1 - salt % WEEK_MS))


def _timestamp_too_new(value: bytes, sent_ms: int, salt: int) -> bytes:
    return _string(value, b"timestamp", b"%d" % (sent_ms + FIVE_MINUTES_MS + 1 + salt % WEEK_MS))


def _not_utf8(value: bytes, _sent_ms: int, salt: int) -> bytes:
    return _string(value, b"user_id", (b'"caf\xe9"', b'"\xc3("', b'"\xed\xa0\x80"')[salt % 3])


def _empty_tenant(value: bytes, _sent_ms: int, _salt: int) -> bytes:
    return _string(value, b"tenant_id", b'""')


def _missing_item(value: bytes, sent_ms: int, salt: int) -> bytes:
    if b'"item_id":' not in value:
        # Only recommendation actions need an item: what is broken otherwise must still be broken.
        value = _string(value, b"action_type", b'"click"')
    elif salt % 2:
        return _string(value, b"item_id", b'""')
    return re.sub(b'"item_id":"[^"]*",?', b"", value, count=1)


def _out_of_range(value: bytes, _sent_ms: int, salt: int) -> bytes:
    return value[:-1] + (b',"completion_rate":1.5}', b',"x":-1}', b',"watch_duration":2147483648}')[salt % 3]


def _too_much(value: bytes, _sent_ms: int, _salt: int) -> bytes:
    return value[:-1] + b',"extra_data":{"note":"' + b"x" * 8192 + b'"}}'


_BREAKERS: dict[str, tuple[Breaker, RejectReason]] = {
    "not_json": (_not_json, RejectReason.NOT_JSON),
    "truncated": (_truncated, RejectReason.NOT_JSON),
    "not_object": (_not_object, RejectReason.NOT_AN_OBJECT),
    "not_utf8": (_not_utf8, RejectReason.NOT_UTF8),
    "missing_field": (_missing_field, RejectReason.MISSING_FIELD),
    "wrong_type": (_wrong_type, RejectReason.WRONG_TYPE),
    "unknown_action": (_unknown_action, RejectReason.UNKNOWN_ACTION),
    "id_too_long": (_id_too_long, RejectReason.TOO_LONG),
    "empty_tenant": (_empty_tenant, RejectReason.EMPTY),
    "missing_item": (_missing_item, RejectReason.ITEM_REQUIRED),
    "out_of_range": (_out_of_range, RejectReason.OUT_OF_RANGE),
    "timestamp_too_old": (_timestamp_too_old, RejectReason.TIMESTAMP_TOO_OLD),
    "timestamp_too_new": (_timestamp_too_new, RejectReason.TIMESTAMP_TOO_NEW),
    "extra_data_too_large": (_too_much, RejectReason.EXTRA_DATA_TOO_LARGE),
}
KINDS = tuple(_BREAKERS)
REASONS = {kind: reason for kind, (_, reason) in _BREAKERS.items()}


def break_event(value: bytes, fault: int, sent_ms: int, salt: int) -> bytes:
    """A malformed variant of a valid event.

    Args:
        value: the event's JSON, with at least one required field before and after every other.
        fault: 1 + index of the kind in KINDS.
        sent_ms: the Kafka timestamp that the record will have.
        salt: picks among the variants of the kind.
    """
    breaker, _ = _BREAKERS[KINDS[fault - 1]]
    return breaker(value, sent_ms, salt)
