"""What the sink sends and what it takes for an answer, noted by a server that records every request."""

from collections.abc import Iterator

import numpy as np
import pytest

from sinks.clickhouse.writer import Writer
from tests.contract.clickhouse_sink.batches import batch_of, config, row, sort
from tests.contract.clickhouse_sink.recording import Answer, RecordingNode, Request, Script, refusing

pytestmark = pytest.mark.net

ROWS = batch_of([row(n) for n in range(4)])
POSITION = np.dtype([("epoch", "<u4"), ("partition", "<u2"), ("offset", "<u8")])


@pytest.fixture
def node() -> Iterator[RecordingNode]:
    with RecordingNode() as started:
        yield started


@pytest.fixture
def replicas() -> Iterator[list[RecordingNode]]:
    """Two replicas of one shard."""
    with RecordingNode("ReplicatedMergeTree") as first, RecordingNode("ReplicatedMergeTree") as second:
        yield [first, second]


def once(first: Answer, then: Script = lambda _: Answer()) -> Script:
    """One answer, and then others."""
    left = [first]
    return lambda request: left.pop() if left else then(request)


def test_an_insert_says_whatever_its_exactness_rests_on(node: RecordingNode) -> None:
    with Writer(config(node.url, insert_timeout=7)) as writer:
        assert writer.write(ROWS).written == 4
    (insert,) = node.inserted()
    assert insert.body.splitlines() == ROWS.rows
    assert insert.params["async_insert"] == "0"
    assert insert.params["wait_end_of_query"] == "1"
    assert insert.params["max_execution_time"] == "7", "what we gave up on shall not go on"
    assert insert.params["insert_deduplicate"] == "1"
    assert insert.params["deduplicate_blocks_in_dependent_materialized_views"] == "1"
    assert insert.params["max_insert_block_size"] == insert.params["min_insert_block_size_rows"] == "1048576"
    assert insert.params["query_id"].startswith("clickstream-t-")


def test_inserts_are_compressed_and_share_a_connection(node: RecordingNode) -> None:
    rows = batch_of([row(n) for n in range(1_000)])
    with Writer(config(node.url)) as writer:
        for _ in range(5):
            writer.write(rows)
    assert [insert.body for insert in node.inserted()] == [rows.body] * 5
    assert all(insert.received < rows.size / 3 for insert in node.inserted())
    assert node.connections == 1


@pytest.mark.parametrize("name", ["async_insert", "wait_end_of_query", "insert_deduplicate"])
def test_no_setting_of_ones_own_overrides_them(node: RecordingNode, name: str) -> None:
    with Writer(config(node.url, settings={name: "5", "max_threads": "3"})) as writer:
        writer.write(ROWS)
    (insert,) = node.inserted()
    assert insert.params[name] in {"0", "1"}
    assert insert.params["max_threads"] == "3"


def test_the_same_rows_go_again_under_the_same_token_and_other_rows_never(node: RecordingNode) -> None:
    lost = Answer(status=None)
    node.inserts = once(lost, once(refusing(241, "Memory limit exceeded")))
    with Writer(config(node.url)) as writer:
        assert writer.write(ROWS).written == 4
        assert writer.write(ROWS).written == 4
    first, second, third, other = node.inserted()
    token = "insert_deduplication_token"
    assert len(first.params[token]) == 32
    assert [each.params[token] for each in (second, third)] == [first.params[token]] * 2
    assert other.params[token] != first.params[token]
    assert len({each.params["query_id"] for each in node.inserted()}) == 4, "each try is to be told from the others"


def test_rows_that_are_left_over_go_under_another_token(node: RecordingNode) -> None:
    node.inserts = once(Answer(status=None))
    half = np.array([(1, 0, 0), (1, 0, 2)], dtype=POSITION).tobytes()
    node.queries = lambda request: Answer(half if "RowBinary" in request.sql else b"")
    with Writer(config(node.url)) as writer:
        report = writer.write(ROWS)
    assert (report.found, report.written) == (2, 2)
    first, second = node.inserted()
    assert second.body.splitlines() == [ROWS.rows[1], ROWS.rows[3]]
    assert first.params["insert_deduplication_token"] != second.params["insert_deduplication_token"]


def test_an_exception_behind_a_status_of_200_is_no_success(node: RecordingNode) -> None:
    failed = refusing(241, "Memory limit exceeded")
    node.inserts = once(Answer(failed.body, 200, failed.headers))
    with Writer(config(node.url)) as writer:
        report = writer.write(ROWS)
    assert (report.written, report.retries) == (4, 1)
    assert len(node.inserted()) == 2


def test_an_insert_into_a_replicated_table_waits_for_a_quorum(replicas: list[RecordingNode]) -> None:
    first, second = replicas
    with Writer(config(f"{first.url},{second.url}")) as writer:
        writer.write(ROWS)
    (insert,) = first.inserted() + second.inserted()
    assert insert.params["insert_quorum"] == "auto"


def test_an_insert_into_a_table_without_replicas_asks_for_no_quorum(node: RecordingNode) -> None:
    with Writer(config(node.url)) as writer:
        writer.write(ROWS)
    (insert,) = node.inserted()
    assert "insert_quorum" not in insert.params


def _look_ups(node: RecordingNode) -> list[str]:
    """What was asked about rows, and what came right before it."""
    asked = node.statements()
    rows = [number for number, sql in enumerate(asked) if sql.startswith("SELECT toUInt32(_epoch)")]
    return [f"{asked[number - 1]}, {asked[number].split('(')[0]}" for number in rows]


def test_a_replica_catches_up_before_it_is_asked_and_one_of_each_shard_is_enough(
    replicas: list[RecordingNode],
) -> None:
    first, second = replicas
    with Writer(config(f"{first.url},{second.url}")) as writer:
        assert sort(writer, ROWS) == ([False] * 4, [False] * 4)
    assert _look_ups(first) == ["SYSTEM SYNC REPLICA, SELECT toUInt32"]
    assert _look_ups(second) == []
    assert any(each.sql == "SYSTEM SYNC REPLICA `t` LIGHTWEIGHT" for each in first.requests)


def test_a_replica_that_cannot_catch_up_is_not_asked(replicas: list[RecordingNode]) -> None:
    first, second = replicas

    def behind(request: Request) -> Answer:
        return refusing(159, "Timeout exceeded") if "SYNC REPLICA" in request.sql else Answer()

    first.queries = behind
    with Writer(config(f"{first.url},{second.url}")) as writer:
        sort(writer, ROWS)
    assert _look_ups(first) == []
    assert _look_ups(second) == ["SYSTEM SYNC REPLICA, SELECT toUInt32"]


def test_in_doubt_the_other_replica_is_asked_after_it_has_caught_up_and_gets_the_same_token(
    replicas: list[RecordingNode],
) -> None:
    first, second = replicas
    with Writer(config(f"{first.url},{second.url}")) as writer:
        first.inserts = lambda _: Answer(status=None)
        first.queries = lambda _: Answer(status=None)  # it does not say what became of them either
        assert writer.write(ROWS).written == 4
    assert _look_ups(second) == ["SYSTEM SYNC REPLICA, SELECT toUInt32"]
    (lost,), (stored,) = first.inserted(), second.inserted()
    assert stored.params["insert_deduplication_token"] == lost.params["insert_deduplication_token"]
    assert second.requests.index(stored) > next(
        number for number, each in enumerate(second.requests) if "SYNC REPLICA" in each.sql
    )


def test_without_replicas_no_node_is_told_to_catch_up(node: RecordingNode) -> None:
    with Writer(config(node.url)) as writer:
        sort(writer, ROWS)
    assert not any("SYNC REPLICA" in each.sql for each in node.requests)
    assert _look_ups(node)
