"""A node that takes inserts but answers wrongly, late, partly or never."""

import pytest

from devstack.clickhouse.faults import FaultProxy, Mode
from tests.kit.pipeline import Pipeline
from tests.kit.traffic import Flow, model
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

FAULTS = 3


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
            (Mode.ERROR, False),  # answers 500, look-ups included
            (Mode.HANG, False),  # hangs, and did nothing
            (Mode.HANG_AFTER, True),  # hangs, but the rows are in
            (Mode.CUT, True),  # the rows are in, the answer breaks off
        ):
            proxy.set(mode, inserts_only=inserts_only, requests=FAULTS)
            wait_for(
                lambda met=mode: proxy.seen[met] >= FAULTS,  # type: ignore[misc] # a default has no type of its own
                120,
                lambda met=mode: f"the sink met {met} {FAULTS} times, not {proxy.seen[met]}",  # type: ignore[misc] # as above
            )
            pipeline.wait_rows(pipeline.nodes.count() + 3_000, job=job)
        answers = flow.end()
        pipeline.wait_rows(answers.valid, job=job)
        wait_for(lambda: job.metrics("retries") >= FAULTS, 60, "retries are counted")
        job.savepoint_and_stop(pipeline.savepoints)
    pipeline.assert_exact(answers, view=True)
    assert not pipeline.dead_letters()
    # Rows that a look-up found: the days on which a view behind the table might lack them.
    assert pipeline.nodes.total("SELECT count() FROM clickstream_repairs FINAL") > 0
