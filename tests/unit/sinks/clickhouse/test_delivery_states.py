"""Whatever servers do to inserts and look-ups, each row ends once in a table or in the dead letters."""

import asyncio
import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.config.sink import OnExhausted, Routing
from clickstream.names import DeadLetterReason
from clickstream.retry import RetryPolicy
from sinks.clickhouse.batch import Report
from sinks.clickhouse.routing import HashRouter, router
from tests.unit.sinks.clickhouse.nodes import Fault, Hint, Question, Rig, batch_of, cluster_of, in_memory, row

ROWS = st.lists(
    st.tuples(st.sampled_from([1, 1, 1, 2]), st.booleans(), st.sampled_from([False] * 9 + [True])),
    min_size=1,
    max_size=12,
)
FAULTS = st.lists(st.sampled_from(Fault), max_size=6)
HINTS: st.SearchStrategy[Hint] = st.sampled_from(
    [lambda rows, bad: bad, lambda rows, bad: None, lambda rows, bad: (bad * 7 + len(rows)) % (len(rows) + 4) - 2]
)
QUESTIONS = st.lists(st.sampled_from(Question), max_size=4)


async def deliver(rig: Rig, rows: list[bytes]) -> Report:
    """What the writer does with a batch, without its loop in a thread."""
    report = Report()
    parts = rig.router.split(batch_of(rows), rig.health.shard_usable)
    for done in await asyncio.gather(*(rig.delivery.deliver(shard, part) for shard, part in parts)):
        report.add(done)
    return report


@settings(max_examples=300)
@given(st.data())
def test_each_row_is_once_in_the_tables_or_dead(data: st.DataObject) -> None:
    shards, replicas = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 2))
    cluster = cluster_of(shards, replicas)
    nodes = in_memory(cluster)
    # Whether an insert is still under way only the node that runs it can tell: where another replica may be asked
    # instead, no insert outlives its answer here.
    replicated = replicas > 1 and data.draw(st.booleans())
    slow = {Fault.SLOW, Fault.SLOW_BETWEEN_PARTS}
    for memory in nodes.values():
        if replicas > 1 and not replicated:
            memory.table = type(memory.table)()
        memory.faults = [each for each in data.draw(FAULTS) if not (replicated and each in slow)]
        memory.questions = data.draw(QUESTIONS)
        memory.hint = data.draw(HINTS)
    routing = data.draw(st.sampled_from(Routing))
    on_exhausted = data.draw(st.sampled_from(OnExhausted))
    described = data.draw(ROWS)
    bad = {n for n, (_, _, is_bad) in enumerate(described) if is_bad}
    throws = {n for n, (_, first, _) in enumerate(described) if first and n % 5 == 0 and n not in bad}
    rows = [row(n, month=month, bad=n in bad, throws=n in throws) for n, (month, _, _) in enumerate(described)]
    rig = Rig(
        cluster,
        nodes,
        router(routing, cluster, random.Random(3)),
        policy=RetryPolicy(attempts=data.draw(st.integers(1, 12)), initial=1, maximum=1, at_least=0),
        on_exhausted=on_exhausted,
        replicated=replicated,
    )

    report = asyncio.run(deliver(rig, rows))

    for memory in nodes.values():
        memory.finish()
    stored: Counter[int] = Counter()
    for table in {id(memory.table): memory.table for memory in nodes.values()}.values():
        stored.update(table.rows)
    refused = {dead.index for dead in report.dead if dead.reason is DeadLetterReason.REFUSED}
    given_up = {dead.index for dead in report.dead if dead.reason is DeadLetterReason.UNAVAILABLE}
    everything = set(range(len(rows)))
    assert all(count == 1 for count in stored.values()), stored
    assert len(report.dead) == len(refused) + len(given_up)
    assert report.written + report.found + len(report.dead) == len(rows)
    assert refused <= bad
    assert bad <= refused | given_up
    assert everything - refused - given_up <= stored.keys()
    assert stored.keys().isdisjoint(bad)
    assert {dead.index for dead in report.view_failures} <= throws & stored.keys()
    if on_exhausted is OnExhausted.BLOCK:
        assert not given_up
    if routing is Routing.SHARDING_KEY_HASH:
        right = HashRouter(cluster).shard_numbers([f"user-{n}" for n in range(len(rows))])
        for shard in cluster.shards:
            for replica in shard.replicas:
                assert all(right[n] == shard.number for n in nodes[replica].table.rows)
