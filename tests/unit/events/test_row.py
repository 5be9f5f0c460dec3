import json
from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.events.decode import EventDecoder
from clickstream.events.model import POSITION_NAMES, EnrichedEvent
from clickstream.events.row import Row, encode_enriched_rows, encode_rows
from tests.unit.events.bodies import RECEIVED, enriched, valid


def row_of(body: dict[str, Any], position: tuple[int, int, int] = (1, 2, 3)) -> dict[str, Any]:
    reserved = frozenset(POSITION_NAMES.values())
    event = EventDecoder(Row, reserved=reserved).decode(msgspec.json.encode(body), RECEIVED)
    assert isinstance(event, Row)
    epoch, partition, offset = position
    (row, end) = encode_rows([event], epoch, [partition], [offset]).split(b"\n")
    assert not end
    decoded: dict[str, Any] = json.loads(row)
    return decoded


def test_a_row(valid_body: dict[str, Any]) -> None:
    body = {
        **valid_body,
        "timestamp": RECEIVED + 1,
        "x": 0,
        "context": {"os": "Linux", "is_bot": False},
        "extra_data": {"tags": ["a", "\n", "\u20ac"]},
    }
    assert row_of(body, (2**32 - 1, 65535, 2**63)) == {
        "_epoch": 2**32 - 1,
        "_partition": 65535,
        "_offset": 2**63,
        **{name: body[name] for name in ("event_id", "tenant_id", "scenario_id", "user_id", "item_id", "action_type")},
        "event_name": "click",
        "timestamp": 1_760_000_000.001,
        "received_at": 1_760_000_000.0,
        "x": 0,
        "context": {"os": "Linux", "is_bot": False},
        "extra_data": {"tags": ["a", "\n", "\u20ac"]},
    }


@settings(max_examples=40)
@given(valid(), st.integers(0, 2**32 - 1), st.integers(0, 2**16 - 1), st.integers(0, 2**63 - 1))
def test_every_field_that_was_sent_is_in_the_row(body: dict[str, Any], epoch: int, partition: int, offset: int) -> None:
    row = row_of(body, (epoch, partition, offset))
    assert (row.pop("_epoch"), row.pop("_partition"), row.pop("_offset")) == (epoch, partition, offset)
    sent = {name: value for name, value in body.items() if value is not None}
    assert row.keys() == sent.keys() | {"received_at", "event_name"}
    for name, value in sent.items():
        if name in ("timestamp", "received_at"):
            assert round(row[name] * 1000) == value
        elif name == "extra_data":
            assert row[name] == value
        elif name == "context":
            assert row[name] == {key: each for key, each in value.items() if each is not None}
        else:
            assert row[name] == value, name


@settings(max_examples=200)
@given(st.integers(0, 4_102_444_800_000))
def test_seconds_as_a_decimal_fraction_keep_the_millisecond(milliseconds: int) -> None:
    text = msgspec.json.encode(milliseconds / 1000).decode()
    whole, _, fraction = text.partition(".")
    assert "e" not in text.lower()  # the server reads digits, not exponents
    assert int(whole) * 1000 + int(fraction.ljust(3, "0")) == milliseconds
    assert len(fraction) <= 3


@settings(max_examples=30)
@given(enriched)
def test_an_enriched_row_carries_its_own_position(body: dict[str, Any]) -> None:
    event = EventDecoder(EnrichedEvent).decode(msgspec.json.encode(body), RECEIVED)
    assert isinstance(event, EnrichedEvent)
    row = json.loads(encode_enriched_rows([event]))
    for name in ("_epoch", "_partition", "_offset"):
        assert row[name] == body[name]
    assert row.get("dim_missing") == body.get("dim_missing")
    assert row["timestamp"] == body["timestamp"] / 1000


def test_a_time_reads_as_the_same_instant(valid_body: dict[str, Any]) -> None:
    row = row_of(valid_body)
    assert datetime.fromtimestamp(row["timestamp"], UTC) == datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)
