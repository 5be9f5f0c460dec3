from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream.errors import ContractError
from clickstream.names import DeadLetterReason, RejectReason
from sinks.dead_letters import DeadLetter, Rejected, decode_dead_letter, decode_rejected, encode, kept


def dead_letter(value: bytes | None) -> DeadLetter:
    return DeadLetter(
        reason=DeadLetterReason.REFUSED,
        code=469,
        message="Constraint `c` is violated\nat row 1",
        attempts=3,
        shard=1,
        node="http://127.0.0.1:8123",
        table="user_behaviors_local",
        epoch=2**32 - 1,
        partition=11,
        offset=2**63,
        kafka_topic="user-behaviors-enriched",
        kafka_partition=7,
        kafka_offset=42,
        record_ms=1_700_000_000_123,
        failed_at=datetime(2026, 1, 2, 3, 4, 5, 678000, UTC),
        **kept(value),
    )


@given(st.none() | st.binary() | st.text().map(str.encode))
def test_a_value_comes_back_byte_for_byte_from_one_line(value: bytes | None) -> None:
    letter = dead_letter(value)
    line = encode(letter)
    assert b"\n" not in line
    assert decode_dead_letter(line) == letter
    assert decode_dead_letter(line).value == value


def test_text_is_kept_readable_and_other_bytes_in_base64() -> None:
    assert msgspec.json.decode(encode(dead_letter('{"städte":1}'.encode())))["raw"] == '{"städte":1}'
    binary = msgspec.json.decode(encode(dead_letter(b"\xff\x00")))
    assert binary["raw_base64"] == "/wA="
    assert "raw" not in binary


def test_an_empty_value_is_no_tombstone() -> None:
    assert decode_dead_letter(encode(dead_letter(b""))).value == b""
    assert decode_dead_letter(encode(dead_letter(None))).value is None


@given(st.none() | st.binary())
def test_a_rejected_event_comes_back(value: bytes | None) -> None:
    rejected = Rejected(
        reason=RejectReason.NOT_UTF8, field="", epoch=1, partition=2, offset=3, record_ms=4, **kept(value)
    )
    assert decode_rejected(encode(rejected)) == rejected
    assert rejected.value == value


def test_a_field_of_a_newer_version_is_ignored() -> None:
    fields = {**msgspec.json.decode(encode(dead_letter(b"x"))), "colour": "red"}
    assert decode_dead_letter(msgspec.json.encode(fields)) == dead_letter(b"x")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"reason": "boredom"}, "boredom"),
        ({"offset": "3"}, r"offset"),
        ({"raw_base64": "YQ=="}, "both raw and raw_base64"),
        ({"raw": None, "raw_base64": "not base64!"}, "base64|non-alphabet|Only"),
    ],
)
def test_what_is_no_dead_letter_is_refused_with_the_reason(change: dict[str, object], says: str) -> None:
    fields = {**msgspec.json.decode(encode(dead_letter(b"x"))), **change}
    with pytest.raises(ContractError, match=says):
        decode_dead_letter(msgspec.json.encode(fields))


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b'{"reason":"refused"}', b'{"reason":"\xff"}'])
def test_broken_lines_are_refused(line: bytes) -> None:
    with pytest.raises(ContractError, match="no dead letter"):
        decode_dead_letter(line)
    with pytest.raises(ContractError, match="no rejected event"):
        decode_rejected(line)


@pytest.mark.parametrize("value", [b"\0" * 900_000, b'"' * 900_000, b"x" * 900_000, b"\xff" * 900_000])
def test_what_is_kept_of_a_large_value_is_at_most_a_third_longer(value: bytes) -> None:
    record = Rejected(
        reason=RejectReason.NOT_JSON, field="", epoch=1, partition=2, offset=3, record_ms=4, **kept(value)
    )
    line = encode(record)
    assert len(line) < 1.34 * len(value) + 200
    assert decode_rejected(line).value == value
