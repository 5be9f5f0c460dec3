"""The join against a naive one, on modelled traffic: late, doubled, out of order, malformed."""

from collections import Counter

import msgspec
import pytest

from clickstream.names import JoinMetric, RejectReason
from tests.kit.flink import Job
from tests.kit.join import JoinPipeline, added, assert_in_order, parsed
from tests.kit.traffic import model, send_traffic
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

EVENTS = 40_000


def test_every_valid_event_comes_out_once_as_it_was_sent_with_the_rows_of_its_own_tenant(join: JoinPipeline) -> None:
    answers = send_traffic(join.pipeline.servers.bootstrap, join.pipeline.behaviors, model(EVENTS))
    job = join.submit()
    join.wait_enriched(answers.valid, job)
    join.wait_metrics(
        job,
        rows_joined=answers.valid,
        duplicates_removed=answers.duplicates,
        rows_rejected=sum(answers.malformed.values()),
        records_read=answers.sent,
        dimension_queries_failed=0,
    )
    _metrics_are_shown(job)
    job.savepoint_and_stop(join.pipeline.savepoints)

    records, events, tables = join.enriched(), join.expected(), join.tables()
    assert_in_order(records)
    found = parsed(records)
    assert len(records) == len(found) == len(events) == answers.valid
    epochs = {body["_epoch"] for bodies in found.values() for body in bodies}
    assert len(epochs) == 1
    missing: Counter[str] = Counter()
    for position, event in events.items():
        (body,) = found[position]
        sent = msgspec.json.decode(msgspec.json.encode(event))
        for name, value in sent.items():
            if name != "extra_data":
                assert body[name] == value, (position, name)
        assert added(body) == tables.joined(body), position
        missing.update(body.get("dim_missing", []))
    assert set(missing) == {"product", "category"}, "the sample leaves out products, and names categories not there"

    rejects = join.pipeline.rejects()
    assert Counter(RejectReason(reject.reason).value for reject in rejects.values()) == answers.rejected
    assert {(partition, offset) for _, partition, offset in rejects}.isdisjoint(found)


def test_after_a_savepoint_with_another_parallelism_nothing_is_lost_doubled_or_forgotten(join: JoinPipeline) -> None:
    bootstrap, behaviors = join.pipeline.servers.bootstrap, join.pipeline.behaviors
    whole_hour = {"EVENTS_DUPLICATE_SECONDS": "7200"}
    first = send_traffic(bootstrap, behaviors, model(10_000))
    job = join.submit(whole_hour)
    join.wait_enriched(first.valid, job)
    savepoint = job.savepoint_and_stop(join.pipeline.savepoints)

    # The very same events again, all of them duplicates of what the first run saw, and as many new ones.
    send_traffic(bootstrap, behaviors, model(10_000))
    new = send_traffic(bootstrap, behaviors, model(10_000, seed=2))
    job = join.submit(whole_hour, savepoint=savepoint, parallelism=2)
    join.wait_enriched(first.valid + new.valid, job)
    join.wait_metrics(job, duplicates_removed=first.valid + first.duplicates + new.duplicates)
    job.savepoint_and_stop(join.pipeline.savepoints)
    records = join.enriched()
    assert len(records) == first.valid + new.valid
    assert parsed(records).keys() == join.expected().keys()


def _metrics_are_shown(job: Job) -> None:
    """In the web UI, which shows what the REST interface tells; those of a dimension under its name."""
    for_all = {JoinMetric.READ, JoinMetric.REJECTED, JoinMetric.DUPLICATES, JoinMetric.JOINED, JoinMetric.GAVE_UP}
    wanted = {metric.value for metric in for_all} | {
        f"dimension.{dimension}.{metric.value}"
        for dimension in ("product", "category", "geo", "scenario")
        for metric in set(JoinMetric) - for_all
    }

    def missing() -> set[str]:
        shown = job.metric_names()
        return {name for name in wanted if not any(each.endswith(f".{name}") for each in shown)}

    wait_for(lambda: not missing(), 60, lambda: f"not shown: {missing()}; shown: {job.metric_names()}", pause=1)
