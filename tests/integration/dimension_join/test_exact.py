"""The join against a naive one, on modelled traffic: late, doubled, out of order, malformed."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clickstream.events.decode import EventDecoder
from clickstream.events.model import EnrichedEvent
from clickstream.events.row import encode_enriched_rows
from clickstream.names import JoinMetric, RejectReason
from sinks.clickhouse.transport import INSERT_SETTINGS
from tests.integration.dimension_join.runbook import add_the_dimension
from tests.kit.flink import Job
from tests.kit.join import JoinPipeline, added, assert_in_order, parsed
from tests.kit.kafka import Record
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
    _checkpoints_write_what_is_new(job)
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


def test_after_a_savepoint_with_another_parallelism_and_dimension_nothing_is_lost_doubled_or_forgotten(
    join: JoinPipeline, tmp_path: Path
) -> None:
    bootstrap, behaviors = join.pipeline.servers.bootstrap, join.pipeline.behaviors
    whole_hour = {"EVENTS_DUPLICATE_SECONDS": "7200"}
    first = send_traffic(bootstrap, behaviors, model(10_000))
    job = join.submit(whole_hour)
    join.wait_enriched(first.valid, job)
    savepoint = job.savepoint_and_stop(join.pipeline.savepoints)
    _store(join, before := join.enriched())
    declared = add_the_dimension(join, tmp_path / "checkout")

    # The very same events again, all of them duplicates of what the first run saw, and as many new ones.
    send_traffic(bootstrap, behaviors, model(10_000))
    new = send_traffic(bootstrap, behaviors, model(10_000, seed=2))
    job = join.submit({**whole_hour, **declared}, savepoint=savepoint, parallelism=2)
    join.wait_enriched(first.valid + new.valid, job)
    join.wait_metrics(job, duplicates_removed=first.valid + first.duplicates + new.duplicates)
    job.savepoint_and_stop(join.pipeline.savepoints)
    records = join.enriched()
    assert len(records) == first.valid + new.valid
    assert parsed(records).keys() == join.expected().keys()

    known = {(record.partition, record.offset) for record in before}
    later = [record for record in records if (record.partition, record.offset) not in known]
    _assert_owners(join, [json.loads(record.value or b"") for record in later])
    _store(join, later)
    (node, *_) = join.pipeline.nodes.clients
    found = node.query("SELECT experiment_owner, count() FROM user_behaviors GROUP BY experiment_owner").result_rows
    owners = Counter(_owner(record) or "" for record in records)
    assert sorted(tuple(row) for row in found) == sorted(owners.items())


OWNERS = {("aurora", "ranker"): "Search team", ("borealis", "ranker"): "Growth team"}


def _assert_owners(join: JoinPipeline, bodies: list[dict[str, Any]]) -> None:
    """Each event has what the new table says, or names the new dimension; the others are joined as before."""
    tables = join.tables()
    for body in bodies:
        experiment = body.get("experiment_id")
        owner = OWNERS.get((body["tenant_id"], experiment or ""))
        assert body.get("extra_data", {}).get("experiment_owner") == owner
        expected = tables.joined(body)
        if experiment and owner is None:
            expected["dim_missing"] = [*expected.get("dim_missing", []), "experiment"]
        assert added(body) == expected
    assert any("experiment" in body.get("dim_missing", []) for body in bodies)


def _owner(record: Record) -> str | None:
    owner: str | None = json.loads(record.value or b"").get("extra_data", {}).get("experiment_owner")
    return owner


def _store(join: JoinPipeline, records: list[Record]) -> None:
    """Into the first shard, as the sink writes rows."""
    decoder = EventDecoder(EnrichedEvent)
    events = [decoder.decode(record.value, 0) for record in records]
    valid = [event for event in events if isinstance(event, EnrichedEvent)]
    assert len(valid) == len(records)
    (node, *_) = join.pipeline.nodes.clients
    body = encode_enriched_rows(valid)
    node.raw_insert("user_behaviors_local", insert_block=body, settings=dict(INSERT_SETTINGS), fmt="JSONEachRow")


def _checkpoints_write_what_is_new(job: Job) -> None:
    """The hashes of all events are state; a checkpoint after which none came hardly writes anything."""

    def latest() -> tuple[int, int]:
        completed = job.ask("/checkpoints")["latest"]["completed"]
        return completed["checkpointed_size"], completed["state_size"]

    def little() -> bool:
        written, kept = latest()
        return kept > 4 * EVENTS and written < kept / 4

    wait_for(little, 60, lambda: f"the latest checkpoint wrote {latest()[0]} bytes of {latest()[1]}", pause=0.5)


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
