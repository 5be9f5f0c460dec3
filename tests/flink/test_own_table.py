"""The sink writes any table that has the columns of the ingest position."""

import json
from pathlib import Path

import pytest

from clickstream.names import DeadLetterReason, RejectReason
from tests.kit.commands import clickstream
from tests.kit.flink import NO_CHECKPOINT
from tests.kit.kafka import Record
from tests.kit.pipeline import Pipeline
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

JOB = Path(__file__).with_name("orders_job.py")
ORDERS = 2_500


def test_json_orders_reach_a_table_of_their_own_and_what_does_not_fit_is_kept(pipeline: Pipeline) -> None:
    pipeline.nodes.command(
        "CREATE TABLE orders_local (order_id UInt32, total Decimal(9, 2), "
        "_epoch UInt32, _partition UInt16, _offset UInt64) "
        "ENGINE = MergeTree ORDER BY order_id SETTINGS non_replicated_deduplication_window = 1000"
    )
    orders = [
        Record(json.dumps({"order_id": number, "total": f"{number}.25"}).encode(), b"%d" % number)
        for number in range(ORDERS)
    ]
    wrong_type = Record(b'{"order_id": "seven", "total": "1.00"}', b"wrong")
    no_json = Record(b"order 8", b"wrong")
    no_text = Record(b"\xff" * 900_000, b"wrong")  # a reject of 1.2 MB, for it is kept in base64
    places = pipeline.topics.send(pipeline.behaviors, [*orders, wrong_type, no_json, no_text])
    job = pipeline.submit(job=JOB, options=NO_CHECKPOINT)
    pipeline.wait_rows(ORDERS, job=job, table="orders_local")
    wait_for(pipeline.dead_letters, 60, "a dead letter")

    def replay() -> str:
        table = ("--table", "orders_local", "--json", "--job", "Orders", "--wait", "0")
        return clickstream({**pipeline.environment(), "COLUMNS": "120"}, "replay-dlq", *table)

    assert "1 letters wait for a checkpoint of the job" in replay()
    job.checkpoint()
    wait_for(
        lambda: "wait for a checkpoint" not in replay(), 60, "Flink commits the offsets of its checkpoint", pause=1
    )
    job.savepoint_and_stop(pipeline.savepoints)

    stored = pipeline.nodes.rows("SELECT order_id, toString(total), _partition, _offset FROM orders_local")
    assert sorted(stored) == [(number, f"{number}.25", *places[number]) for number in range(ORDERS)]
    (letter,) = pipeline.dead_letters().values()
    assert (letter.partition, letter.offset, letter.value) == (*places[ORDERS], wrong_type.value)
    assert (letter.reason, letter.table) == (DeadLetterReason.REFUSED, "orders_local")
    rejects = sorted(pipeline.rejects().values(), key=lambda reject: reject.offset)
    assert [(reject.partition, reject.offset, reject.value) for reject in rejects] == [
        (*places[ORDERS + 1], no_json.value),
        (*places[ORDERS + 2], no_text.value),
    ]
    assert [reject.reason for reject in rejects] == [RejectReason.NOT_JSON, RejectReason.NOT_UTF8]
