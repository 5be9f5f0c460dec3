"""Settings under which a server would cut an insert into blocks, and keep some when it refuses another."""

import pytest

from sinks.clickhouse.writer import Writer
from tests.contract.clickhouse_sink.batches import batch_of, config, row, sort
from tests.contract.clickhouse_sink.engine import Database

pytestmark = pytest.mark.net

ROWS = 5_000
SMALL_BLOCKS = {
    "max_insert_block_size": "1000",
    "max_block_size": "1000",
    "min_insert_block_size_rows": "1",
    "min_insert_block_size_bytes": "1",
}


def test_a_refused_row_leaves_nothing_of_its_insert_behind(database: Database) -> None:
    rows = [row(number) for number in range(ROWS)]
    rows[ROWS - 500]["n"] = -1
    with Writer(config(database.url(), settings=SMALL_BLOCKS)) as writer:
        batch = batch_of(rows)
        sort(writer, batch)
        report = writer.write(batch)
    assert (report.written, [dead.index for dead in report.dead]) == (ROWS - 1, [ROWS - 500])
    assert database.numbers("SELECT count(), uniqExact(_offset) FROM t") == [ROWS - 1, ROWS - 1]
