import json
import pickle

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.config.kafka import Source
from clickstream.events.decode import AT_ONCE, Limits
from clickstream.events.rejection import Rejection
from clickstream.names import RejectReason
from clickstream.recent_ids import hashes_of
from sinks.clickhouse.rows import BehaviorRows, JsonRows, Records

NOW = 1_760_000_000_000
EVENT = {
    "event_id": "e-1",
    "tenant_id": "shop",
    "scenario_id": "home",
    "user_id": "u-1",
    "action_type": "pageview",
    "timestamp": NOW,
}
ENRICHED = {**EVENT, "_epoch": 5, "_partition": 9, "_offset": 77, "geo_city": "Bonn"}


def event(**fields: object) -> bytes:
    return msgspec.json.encode({**EVENT, **fields})


def records(*values: bytes | None, first: int = 100, partition: int = 3) -> Records:
    count = len(values)
    return Records(values, np.full(count, partition), np.arange(first, first + count), np.full(count, NOW + 5))


def test_raw_events_stand_where_they_were_read() -> None:
    rows = BehaviorRows(Source.ODS, epoch=7).rows(
        records(event(), None, event(event_id="e-2", user_id="u-2", received_at=NOW + 1), b"[]", event(event_id=""))
    )
    assert rows.batch.index.tolist() == [0, 2]
    assert rows.rejected == [
        (1, Rejection(RejectReason.TOMBSTONE)),
        (3, Rejection(RejectReason.NOT_AN_OBJECT)),
        (4, Rejection(RejectReason.EMPTY, "event_id")),
    ]
    assert rows.batch.keys == ["u-1", "u-2"]
    positions = rows.batch.positions
    assert (positions.epochs.tolist(), positions.partitions.tolist()) == ([7, 7], [3, 3])
    assert positions.offsets.tolist() == [100, 102]
    assert rows.ids is not None
    assert rows.ids.tolist() == hashes_of(["e-1", "e-2"]).tolist()
    assert rows.times.tolist() == [NOW + 5, NOW + 1]
    first, second = map(json.loads, rows.batch.rows)
    assert (first["_epoch"], first["_partition"], first["_offset"], first["event_id"]) == (7, 3, 100, "e-1")
    assert (second["_offset"], second["received_at"]) == (102, (NOW + 1) / 1000)


def test_a_time_of_receipt_in_the_future_does_not_make_the_ids_that_are_remembered_look_old() -> None:
    rows = BehaviorRows(Source.ODS, epoch=7).rows(
        records(event(received_at=NOW + 3_600_000, timestamp=NOW + 3_600_000))
    )
    assert rows.times.tolist() == [NOW + 5], "the Kafka record's timestamp bounds it"


def test_enriched_events_carry_their_position_and_have_no_duplicates_to_look_for() -> None:
    form = BehaviorRows(Source.DWD, epoch=5)
    rows = form.rows(records(b"x", msgspec.json.encode(ENRICHED), event()))
    assert rows.rejected == [
        (0, Rejection(RejectReason.NOT_JSON)),
        (2, Rejection(RejectReason.MISSING_FIELD, "_epoch")),
    ]
    assert rows.batch.index.tolist() == [1]
    positions = rows.batch.positions
    assert (positions.epochs[0], positions.partitions[0], positions.offsets[0]) == (5, 9, 77)
    assert json.loads(rows.batch.rows[0])["geo_city"] == "Bonn"
    assert rows.ids is None
    assert (form.id_column, form.time_column) == (None, None)


@pytest.mark.parametrize("source", Source)
def test_a_large_batch_is_what_its_records_are_one_by_one(source: Source) -> None:
    form = BehaviorRows(source, epoch=7)
    sent = ENRICHED if source is Source.DWD else EVENT
    values = [
        None if i % 97 == 0 else msgspec.json.encode({**sent, "event_id": f"e-{i}", "user_id": f"u-{i % 13}"})
        for i in range(2 * AT_ONCE + 17)
    ]
    rows = form.rows(records(*values))
    singles = [form.rows(records(value, first=100 + i)) for i, value in enumerate(values)]
    assert rows.batch.body == b"".join(single.batch.body for single in singles)
    assert rows.batch.keys == [key for single in singles for key in single.batch.keys]
    assert rows.batch.index.tolist() == [i for i in range(len(values)) if i % 97]
    assert rows.rejected == [(i, Rejection(RejectReason.TOMBSTONE)) for i in range(0, len(values), 97)]
    offsets = [offset for single in singles for offset in single.batch.positions.offsets.tolist()]
    assert rows.batch.positions.offsets.tolist() == offsets
    assert len(rows.batch.positions.epochs) == len(rows.batch.positions.partitions) == len(rows.times) == len(offsets)
    if source is Source.ODS:
        assert rows.ids is not None
        assert rows.ids.tolist() == hashes_of([f"e-{i}" for i in range(len(values)) if i % 97]).tolist()
    else:
        assert rows.ids is None


def test_limits_are_those_of_the_format() -> None:
    form = BehaviorRows(Source.ODS, epoch=0, limits=Limits(oldest_ms=4))
    assert form.rows(records(event())).rejected == [(0, Rejection(RejectReason.TIMESTAMP_TOO_OLD, "timestamp"))]


@pytest.mark.parametrize("form", [BehaviorRows(Source.ODS, 1), BehaviorRows(Source.DWD, 1), JsonRows(1, key="k")])
def test_nothing_in_nothing_out_and_it_pickles(form: BehaviorRows | JsonRows) -> None:
    assert pickle.loads(pickle.dumps(form)) == form
    for values in ((), (None, None)):
        rows = form.rows(records(*values))
        assert len(rows.batch) == 0
        assert len(rows.batch.positions) == 0
        assert len(rows.rejected) == len(values)


def test_json_objects_go_in_as_they_are_with_their_position() -> None:
    rows = JsonRows(epoch=4, key="user").rows(
        records(
            b'{"user":"u-1","amount":1.10,"nested":{"a":[1,null]}, "_offset": 1}',
            b'{"amount":1}',
            b'{"user":5}',
            b"[1]",
            b"no",
            None,
            b'{"user":"\xff"}',
        )
    )
    assert rows.batch.keys == ["u-1"]
    assert json.loads(rows.batch.rows[0]) == {
        "user": "u-1",
        "amount": 1.1,
        "nested": {"a": [1, None]},
        "_epoch": 4,
        "_partition": 3,
        "_offset": 100,
    }
    assert [(index, why.reason, why.field) for index, why in rows.rejected] == [
        (1, RejectReason.MISSING_FIELD, "user"),
        (2, RejectReason.WRONG_TYPE, "user"),
        (3, RejectReason.NOT_AN_OBJECT, ""),
        (4, RejectReason.NOT_JSON, ""),
        (5, RejectReason.TOMBSTONE, ""),
        (6, RejectReason.NOT_UTF8, ""),
    ]


def test_json_rows_are_one_line_each() -> None:
    rows = JsonRows(epoch=4).rows(records(b'{\n  "text": "a\\nb"\n}'))
    assert rows.batch.keys == [""]
    assert b"\n" not in rows.batch.rows[0]


@pytest.mark.parametrize(
    "number", [b"123456789012345678901234567890", b"18446744073709551615", b"-9223372036854775809"]
)
def test_json_rows_keep_large_integers(number: bytes) -> None:
    (row,) = JsonRows(epoch=4).rows(records(b'{"n":' + number + b"}")).batch.rows
    assert b'"n":' + number in row


@pytest.mark.parametrize("number", [b"0.12345678901234567890", b"1.10", b"1e400"])
def test_json_rows_keep_decimals_digit_by_digit(number: bytes) -> None:
    # A Decimal column holds more digits than a float64: they are the server's to judge.
    (row,) = JsonRows(epoch=4).rows(records(b'{"n":' + number + b',"o":{"m":' + number + b"}}")).batch.rows
    assert row.count(number) == 2


VALUES = st.none() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
OBJECTS = st.dictionaries(st.text(max_size=3), VALUES, max_size=4)


@settings(max_examples=60)
@given(st.binary(max_size=40) | OBJECTS.map(lambda fields: json.dumps(fields, indent=1).encode()))
def test_whatever_is_sent_is_a_row_or_rejected(value: bytes) -> None:
    rows = JsonRows(epoch=4).rows(records(value))
    assert len(rows.batch) + len(rows.rejected) == 1
    for row in rows.batch.rows:
        assert b"\n" not in row
        sent = json.loads(value)
        assert json.loads(row) == sent | {"_epoch": 4, "_partition": 3, "_offset": 100}


@pytest.mark.parametrize("value", [b"5", b'"text"', b"-1", b"{}"])
def test_a_position_that_a_sender_claims_is_a_field_like_any_other(value: bytes) -> None:
    sent = event()[:-1] + b',"_offset":' + value + b',"extra_data":{"a":1}}'
    (row,) = BehaviorRows(Source.ODS, epoch=7).rows(records(sent)).batch.rows
    stored = json.loads(row)
    assert (stored["_epoch"], stored["_partition"], stored["_offset"]) == (7, 3, 100)
    assert stored["extra_data"] == {"a": 1, "_offset": json.loads(value)}
