import random

import pytest

from clickstream.config.sink import OnExhausted
from clickstream.errors import ContractError
from clickstream.names import DeadLetterReason
from clickstream.retry import RetryPolicy
from sinks.clickhouse.batch import Report
from sinks.clickhouse.isolation import HINTS, SAMPLE, Sample
from sinks.clickhouse.routing import HashRouter, RandomRouter
from tests.unit.sinks.clickhouse.nodes import (
    Fault,
    Hint,
    MemoryNode,
    Question,
    Rig,
    batch_of,
    cluster_of,
    in_memory,
    row,
)


def rig_of(shards: int = 1, replicas: int = 1, **options: object) -> Rig:
    cluster = cluster_of(shards, replicas)
    return Rig(cluster, in_memory(cluster), RandomRouter(cluster, random.Random(1)), **options)  # type: ignore[arg-type]


def only(rig: Rig) -> MemoryNode:
    (single,) = rig.nodes.values()
    return single


async def deliver(rig: Rig, rows: list[bytes], shard: int = 0) -> Report:
    return await rig.delivery.deliver(rig.cluster.shards[shard], batch_of(rows))


async def test_a_batch_goes_in_with_one_insert() -> None:
    rig = rig_of()
    report = await deliver(rig, [row(0), row(1)])
    assert report == Report(written=2, inserts=1)
    assert only(rig).table.rows == {0: 1, 1: 1}
    assert rig.waits == []


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.FAILED_BEFORE])
async def test_doubt_that_proves_unfounded(fault: Fault) -> None:
    rig = rig_of()
    only(rig).faults = [fault]
    assert await deliver(rig, [row(0), row(1)]) == Report(written=2, inserts=1, retries=1)
    assert only(rig).table.rows == {0: 1, 1: 1}
    assert rig.found == []
    assert rig.waits == [1]


@pytest.mark.parametrize("fault", [Fault.LOST_AFTER, Fault.FAILED_AFTER])
async def test_rows_that_a_look_up_finds_are_not_sent_again(fault: Fault) -> None:
    rig = rig_of()
    only(rig).faults = [fault]
    assert await deliver(rig, [row(0), row(1)]) == Report(found=2, retries=1)
    assert only(rig).table.inserts == 1
    (found,) = rig.found
    assert found[1] == [0, 1]  # views may lack them: somebody is told


async def test_days_for_repair_are_noted_at_a_later_try() -> None:
    rig = rig_of()
    only(rig).faults = [Fault.LOST_AFTER]
    rig.notes_refused = 2
    assert await deliver(rig, [row(0)]) == Report(found=1, retries=1)
    ((_, offsets, _),) = rig.found
    assert offsets == [0]


async def test_a_part_that_was_written_is_not_sent_again() -> None:
    rig = rig_of()
    only(rig).faults = [Fault.BETWEEN_PARTS]
    assert await deliver(rig, [row(0, month=1), row(1, month=2)]) == Report(written=1, found=1, inserts=1, retries=1)
    assert only(rig).table.rows == {0: 1, 1: 1}


@pytest.mark.parametrize("fault", [Fault.SLOW, Fault.SLOW_BETWEEN_PARTS])
async def test_an_insert_that_still_runs_is_waited_for(fault: Fault) -> None:
    rig = rig_of()
    only(rig).faults = [fault]
    report = await deliver(rig, [row(0, month=1), row(1, month=2)])
    only(rig).finish()
    assert report.found == 2
    assert only(rig).table.rows == {0: 1, 1: 1}


async def test_a_look_up_that_fails_is_asked_again_whatever_its_code() -> None:
    # The codes of unreadable data exist for parts on disk too: they say nothing about the rows that were sent.
    rig = rig_of()
    only(rig).faults = [Fault.LOST_AFTER]
    only(rig).questions = [Question.BROKEN_PART, Question.LOST, Question.BROKEN_PART]
    report = await deliver(rig, [row(0), row(1)])
    assert (report.found, report.written, report.dead) == (2, 0, [])
    assert only(rig).table.rows == {0: 1, 1: 1}


async def test_a_refused_connection_fails_over_at_once() -> None:
    rig = rig_of(shards=1, replicas=2)
    first, second = rig.nodes.values()
    first.down = True
    assert await deliver(rig, [row(0)]) == Report(written=1, inserts=1, retries=1, fail_overs=1)
    assert rig.waits == []
    assert second.table.rows == {0: 1}


async def test_another_shard_takes_the_rows_when_all_replicas_refuse() -> None:
    rig = rig_of(shards=2, replicas=2)
    for replica in rig.cluster.shards[0].replicas:
        rig.nodes[replica].down = True
    report = await deliver(rig, [row(0)])
    assert (report.written, report.fail_overs) == (1, 2)
    assert rig.waits == []
    assert rig.nodes[rig.cluster.shards[1].replicas[0]].table.rows == {0: 1}


async def test_hash_routing_waits_for_its_shard() -> None:
    cluster = cluster_of(2)
    rig = Rig(cluster, in_memory(cluster), HashRouter(cluster))
    down = rig.nodes[cluster.shards[0].replicas[0]]
    down.faults = [Fault.REFUSED] * 3
    report = await deliver(rig, [row(0)])
    assert (report.written, report.fail_overs, len(rig.waits)) == (1, 0, 3)
    assert down.table.rows == {0: 1}


async def test_in_doubt_no_other_shard_is_tried() -> None:
    rig = rig_of(shards=2)
    first, second = rig.nodes.values()
    first.faults = [Fault.LOST_AFTER]
    first.questions = [Question.LOST] * 4
    report = await deliver(rig, [row(0)])
    assert (report.found, report.fail_overs) == (1, 0)
    assert (first.table.rows, second.requests) == ({0: 1}, 0)


async def test_in_doubt_a_replica_of_a_replicated_table_is_asked_instead() -> None:
    rig = rig_of(shards=1, replicas=2, replicated=True)
    first, second = rig.nodes.values()
    first.faults = [Fault.LOST_AFTER]
    first.questions = [Question.LOST] * 100
    report = await deliver(rig, [row(0)])
    assert (report.found, report.fail_overs, rig.waits) == (1, 1, [])
    assert first.table is second.table
    assert first.table.rows == {0: 1}


async def test_in_doubt_a_replica_that_failed_once_is_asked_again() -> None:
    rig = rig_of(shards=1, replicas=2, replicated=True, on_exhausted=OnExhausted.BLOCK)
    first, second = rig.nodes.values()
    first.faults = [Fault.LOST_AFTER]
    first.questions = [Question.LOST] * 1000  # it never comes back
    second.questions = [Question.LOST]
    report = await deliver(rig, [row(0)])
    assert report.found == 1
    assert len(rig.waits) < 3


async def test_without_replication_only_the_node_in_doubt_can_tell() -> None:
    rig = rig_of(shards=1, replicas=2, replicated=False)
    first, second = rig.nodes.values()
    second.table = type(second.table)()  # each has a table of its own
    first.faults = [Fault.LOST_AFTER]
    first.questions = [Question.LOST] * 3
    report = await deliver(rig, [row(0)])
    assert (report.found, second.requests) == (1, 0)


async def test_bad_rows_die_alone() -> None:
    rig = rig_of()
    rows = [row(n, bad=n in (3, 7)) for n in range(20)]
    report = await deliver(rig, rows)
    assert sorted(dead.index for dead in report.dead) == [3, 7]
    assert {(dead.reason, dead.code, dead.shard, dead.node) for dead in report.dead} == {
        (DeadLetterReason.REFUSED, 469, 0, "http://node0:8123")
    }
    assert report.written == 18
    assert only(rig).table.inserts <= 5
    assert rig.waits == []


async def test_rows_of_too_many_partitions_for_one_insert_go_in_by_several_and_none_dies() -> None:
    rig = rig_of()
    only(rig).most_months = 3
    report = await deliver(rig, [row(n, month=n // 10) for n in range(120)])
    assert (report.written, report.dead, report.retries, rig.waits) == (120, [], 0, [])
    assert only(rig).table.rows == dict.fromkeys(range(120), 1)
    assert report.inserts <= 8
    assert rig.health.unhealthy == []


async def test_a_single_row_that_makes_too_many_partitions_is_tried_again_not_refused() -> None:
    rig = rig_of()
    only(rig).most_months = -1  # refuses everything

    def mended() -> None:
        only(rig).most_months = None

    rig.on_wait = mended
    report = await deliver(rig, [row(0, month=1), row(1, month=2)])
    assert (report.written, report.dead, report.retries) == (2, [], 1)


async def test_a_view_that_throws_doubles_nothing_and_its_rows_are_named() -> None:
    rig = rig_of()
    report = await deliver(rig, [row(n, throws=n == 2) for n in range(5)])
    assert (report.found, report.written, report.dead) == (5, 0, [])
    assert [(dead.index, dead.reason) for dead in report.view_failures] == [(2, DeadLetterReason.VIEW_FAILED)]
    assert only(rig).table.rows == dict.fromkeys(range(5), 1)
    ((_, offsets, cause),) = rig.found
    assert offsets == [0, 1, 2, 3, 4]
    assert "default.view" in cause


async def test_the_last_row_that_a_broken_view_left_over_is_stored() -> None:
    # The view broke on January's part; February's single row was never tried, so nothing is wrong with it.
    rig = rig_of()
    report = await deliver(rig, [row(0, month=1, throws=True), row(1, month=2)])
    assert report.dead == []
    assert (report.found, report.written) == (1, 1)
    assert only(rig).table.rows == {0: 1, 1: 1}


async def test_given_up_after_the_attempts_and_the_time() -> None:
    rig = rig_of(policy=RetryPolicy(attempts=3, initial=1, maximum=1, at_least=0))
    only(rig).down = True
    report = await deliver(rig, [row(0), row(1)])
    assert [(dead.index, dead.reason, dead.attempts, dead.code) for dead in report.dead] == [
        (0, DeadLetterReason.UNAVAILABLE, 3, 0),
        (1, DeadLetterReason.UNAVAILABLE, 3, 0),
    ]
    assert rig.waits == [1, 2]


async def test_not_given_up_before_the_least_time_has_passed() -> None:
    rig = rig_of(policy=RetryPolicy(attempts=1, initial=1, maximum=30, at_least=75))
    only(rig).down = True
    report = await deliver(rig, [row(0)])
    assert rig.clock.now() >= 75
    assert len(report.dead) == 1


async def test_an_outage_shorter_than_the_least_time_is_ridden_out() -> None:
    rig = rig_of(policy=RetryPolicy(attempts=1, initial=1, maximum=30, at_least=75))
    only(rig).down = True

    def back_after_a_minute() -> None:
        only(rig).down = rig.clock.now() < 60

    rig.on_wait = back_after_a_minute
    assert (await deliver(rig, [row(0)])).written == 1


async def test_block_holds_the_batch_and_says_so_once() -> None:
    rig = rig_of(policy=RetryPolicy(attempts=2, initial=1, maximum=1, at_least=0), on_exhausted=OnExhausted.BLOCK)
    only(rig).down = True

    def back_after_an_hour() -> None:
        only(rig).down = rig.clock.now() < 3600

    rig.on_wait = back_after_an_hour
    report = await deliver(rig, [row(0)])
    assert (report.written, report.dead) == (1, [])
    assert len(rig.blocked) == 1
    assert "node0" in rig.blocked[0]


async def test_rows_given_up_in_doubt_may_be_in_the_table_but_only_once() -> None:
    rig = rig_of(policy=RetryPolicy(attempts=3, initial=1, maximum=1, at_least=0))
    only(rig).faults = [Fault.LOST_AFTER]
    only(rig).questions = [Question.LOST] * 100
    report = await deliver(rig, [row(0)])
    assert [dead.reason for dead in report.dead] == [DeadLetterReason.UNAVAILABLE]  # a replay looks the position up
    assert only(rig).table.rows == {0: 1}


async def test_a_node_that_answers_closes_its_circuit() -> None:
    rig = rig_of(on_exhausted=OnExhausted.BLOCK)
    only(rig).faults = [Fault.BUSY] * 4
    await deliver(rig, [row(0)])
    assert rig.health.unhealthy == []


async def test_a_batch_that_was_cut_up_waits_no_longer_than_a_whole_one() -> None:
    rig = rig_of(policy=RetryPolicy(attempts=3, initial=1, maximum=1, at_least=0))
    node = only(rig)
    rows = [row(n, bad=n % 2 == 0) for n in range(64)]
    node.down_after = 5  # bad rows have cut the batch into pieces by then
    report = await deliver(rig, rows)
    assert report.written + len(report.dead) == 64
    assert sorted({dead.index for dead in report.dead} | set(node.table.rows)) == list(range(64))
    assert len(rig.waits) <= 3, "the retries of one piece, not of every piece"


async def test_where_all_rows_are_refused_a_sample_says_so_soon() -> None:
    rig = rig_of()

    def too_many(sample: Sample) -> None:
        rig.samples.append(sample)
        raise ContractError("too many")

    rig.on_sample = too_many
    with pytest.raises(ContractError, match="too many"):
        await deliver(rig, [row(number, bad=True) for number in range(10_000)])
    assert rig.samples == [Sample(dead=HINTS, left=10_000 - HINTS, tried=SAMPLE, refused=SAMPLE, code=469)]
    assert only(rig).requests <= 3 * HINTS + SAMPLE
    assert only(rig).table.rows == {}


@pytest.mark.parametrize("hint", [lambda _, wrong: None, lambda _, wrong: wrong], ids=["unnamed", "named"])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9, 1.0])
async def test_a_sample_changes_nothing_where_it_is_borne(share: float, hint: Hint) -> None:
    source = random.Random(int(share * 100))
    bad = {number for number in range(1_500) if source.random() < share}
    rig = rig_of()
    only(rig).hint = hint
    report = await deliver(rig, [row(number, bad=number in bad) for number in range(1_500)])
    assert sorted(dead.index for dead in report.dead) == sorted(bad)
    assert only(rig).table.rows == dict.fromkeys(set(range(1_500)) - bad, 1)
    assert report.written == 1_500 - len(bad)
    (sample,) = rig.samples
    assert (sample.tried, sample.dead) == (SAMPLE, HINTS)
    assert abs(sample.refused / SAMPLE - share) < 0.25


async def test_few_bad_rows_are_isolated_without_a_sample() -> None:
    rig = rig_of()
    await deliver(rig, [row(number, bad=number < HINTS - 1) for number in range(1_000)])
    assert rig.samples == []
    await deliver(rig, [row(number, bad=True) for number in range(4 * SAMPLE)])
    assert rig.samples == [], "to go on is not much dearer"
