"""A row that breaks a materialised view: ClickHouse has written the table's part by then."""

from datetime import UTC, datetime

import pytest

from clickstream.names import DeadLetterReason
from tests.kit.events import event
from tests.kit.pipeline import Pipeline

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

GOOD = 3_000


def test_a_row_that_breaks_a_view_is_named_by_a_dead_letter_and_nothing_is_doubled(pipeline: Pipeline) -> None:
    pipeline.nodes.command("CREATE TABLE fragile_rows (event_id String) ENGINE = MergeTree ORDER BY event_id")
    pipeline.nodes.command(
        "CREATE MATERIALIZED VIEW fragile TO fragile_rows AS "
        "SELECT if(throwIf(element_id = 'breaks') = 0, event_id, '') AS event_id FROM user_behaviors_local"
    )
    poison = event(GOOD // 2, element_id="breaks")
    records = [poison if number == GOOD // 2 else event(number) for number in range(GOOD)]
    places = pipeline.topics.send(pipeline.behaviors, records)
    job = pipeline.submit()
    pipeline.wait_rows(GOOD, job=job)
    job.savepoint_and_stop(pipeline.savepoints)  # what is under way has come to its end

    positions = pipeline.nodes.positions()
    found = sorted((int(row["partition"]), int(row["offset"])) for row in positions)
    assert found == sorted(places), "each row is there once, the one that breaks the view included"
    (letter,) = pipeline.dead_letters().values()
    assert letter.reason is DeadLetterReason.VIEW_FAILED
    assert letter.code == 395  # FUNCTION_THROW_IF_VALUE_IS_NON_ZERO
    assert (letter.partition, letter.offset) == places[GOOD // 2]
    assert letter.value == poison.value
    assert pipeline.sent_dead_letters() == pipeline.dead_letters()

    assert poison.timestamp is not None
    day = datetime.fromtimestamp(poison.timestamp / 1000, UTC).date()
    holder = [
        client.query("SELECT date, state, cause FROM clickstream_repairs FINAL").result_rows
        for client in pipeline.nodes.clients
        if client.command("SELECT count() FROM user_behaviors_local WHERE element_id = 'breaks'")
    ]
    assert len(holder) == 1
    assert (day, "open") in {(date, state) for date, state, _ in holder[0]}, holder
