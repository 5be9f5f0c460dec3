"""The sink writes any table that has the columns of the ingest position: job, table and replay as documented."""

import json
import re
from pathlib import Path
from textwrap import indent

import pytest

from clickstream.kafka import topic_id
from clickstream.names import DeadLetterReason, RejectReason
from tests.kit.commands import clickstream
from tests.kit.flink import NO_CHECKPOINT
from tests.kit.kafka import Record
from tests.kit.pipeline import Pipeline
from tests.kit.servers import REPOSITORY
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

JOB = Path(__file__).with_name("orders_job.py")
DOCUMENTED = (REPOSITORY / "docs" / "SINK.md").read_text()
TOPIC = "orders"
ORDERS = 2_500


def documented(language: str) -> str:
    """The page's one block of code in that language."""
    (block,) = re.findall(rf"```{language}\n(.*?)```", DOCUMENTED, re.DOTALL)
    return str(block)


def test_the_documented_five_lines_are_those_of_the_job() -> None:
    lines = documented("python")
    assert len(lines.splitlines()) == 5
    assert indent(lines, "    ") in JOB.read_text()


def test_json_orders_reach_a_table_of_their_own_and_what_does_not_fit_is_kept(pipeline: Pipeline) -> None:
    if topic_id(pipeline.servers.bootstrap, TOPIC):  # of a session that was cut off
        pipeline.topics.delete(TOPIC)
    pipeline.topics.make({TOPIC: 4})
    pipeline.nodes.command(documented("sql"))
    orders = [
        Record(json.dumps({"order_id": f"o-{number}", "customer_id": "c", "amount": number + 0.25}).encode(), b"c")
        for number in range(ORDERS)
    ]
    wrong_type = Record(b'{"order_id": "o-7", "customer_id": "c", "amount": "much"}', b"wrong")
    no_key = Record(b'{"order_id": "o-8", "amount": 1.0}', b"wrong")
    no_json = Record(b"order 8", b"wrong")
    no_text = Record(b"\xff" * 900_000, b"wrong")  # a reject of 1.2 MB, for it is kept in base64
    bad = [no_key, no_json, no_text]
    places = pipeline.topics.send(TOPIC, [*orders, wrong_type, *bad])
    job = pipeline.submit(job=JOB, options=NO_CHECKPOINT)
    pipeline.wait_rows(ORDERS, job=job, table="orders_local")
    wait_for(pipeline.dead_letters, 60, "a dead letter")

    (command,) = re.findall(r"`clickstream (replay-dlq --table [^`]*)`", DOCUMENTED)

    def replay() -> str:
        return clickstream({**pipeline.environment(), "COLUMNS": "120"}, *command.split(), "--wait", "0")

    assert "1 letters wait for a checkpoint of the job" in replay()
    job.checkpoint()
    wait_for(
        lambda: "wait for a checkpoint" not in replay(), 60, "Flink commits the offsets of its checkpoint", pause=1
    )
    job.savepoint_and_stop(pipeline.savepoints)

    stored = pipeline.nodes.rows("SELECT order_id, amount, _partition, _offset FROM orders_local")
    assert sorted(stored) == sorted((f"o-{number}", number + 0.25, *places[number]) for number in range(ORDERS))
    (letter,) = pipeline.dead_letters().values()
    assert (letter.partition, letter.offset, letter.value) == (*places[ORDERS], wrong_type.value)
    assert (letter.reason, letter.table) == (DeadLetterReason.REFUSED, "orders_local")
    rejects = sorted(pipeline.rejects().values(), key=lambda reject: reject.offset)
    assert [(reject.partition, reject.offset, reject.value) for reject in rejects] == [
        (*place, record.value) for place, record in zip(places[ORDERS + 1 :], bad, strict=True)
    ]
    assert [(reject.reason, reject.field) for reject in rejects] == [
        (RejectReason.MISSING_FIELD, "customer_id"),
        (RejectReason.NOT_JSON, ""),
        (RejectReason.NOT_UTF8, ""),
    ]
