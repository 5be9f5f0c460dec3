"""A node that takes inserts but answers wrongly, late, partly or never."""

from functools import partial

import pytest

from devstack.clickhouse.faults import FaultProxy, Mode
from tests.kit.pipeline import Pipeline
from tests.kit.traffic import Flow, model
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

FAULTS = 3
# Of each kind the first one at least meets rows; notes of days to be repaired are inserts too.
INSERT_FAULTS = 4


def _met(proxy: FaultProxy, mode: Mode, times: int) -> bool:
    return proxy.seen[mode] >= times


def test_errors_hangs_and_broken_answers_of_a_node_leave_table_and_view_exact(pipeline: Pipeline) -> None:
    pipeline.count_in_view()
    bad = pipeline.servers.cluster.nodes[1]
    with (
        FaultProxy(bad.address) as proxy,
        Flow(pipeline.servers.bootstrap, pipeline.behaviors, model(1_000_000), rate=2_000) as flow,
    ):
        settings = {
            "CLICKHOUSE_URLS": pipeline.urls_through(lambda node: proxy.url if node == bad else node.address),
            "CLICKHOUSE_INSERT_TIMEOUT": "3",
            "CLICKHOUSE_QUERY_TIMEOUT": "3",
            "SINK_ROUTING": "sharding_key_hash",  # every batch has rows for that node
            "SINK_RETRY_INITIAL": "0.2",
            "SINK_RETRY_MAXIMUM": "1",
        }
        job = pipeline.submit(settings)
        pipeline.wait_rows(5_000, job=job)
        for mode, inserts_only in (
            (Mode.ERROR, True),  # answers 500
            (Mode.HANG, True),  # hangs, and did nothing
            (Mode.HANG_AFTER, True),  # hangs, but the rows are in
            (Mode.CUT, True),  # the rows are in, the answer breaks off
            (Mode.ERROR, False),  # look-ups and health checks fail as well
        ):
            seen = proxy.seen[mode]
            proxy.set(mode, inserts_only=inserts_only, requests=FAULTS)
            wait_for(partial(_met, proxy, mode, seen + FAULTS), 120, f"the sink met {mode} {FAULTS} times")
            pipeline.wait_rows(pipeline.nodes.count() + 3_000, job=job)
        answers = flow.end()
        pipeline.wait_rows(answers.valid, job=job)
        pipeline.wait_metric(job, "retries", INSERT_FAULTS)
        job.savepoint_and_stop(pipeline.savepoints)
    pipeline.assert_exact(answers, view=True)
    assert not pipeline.dead_letters()
    # Rows that a look-up found: the days on which a view behind the table might lack them.
    assert pipeline.nodes.total("SELECT count() FROM clickstream_repairs FINAL") > 0
