"""`clickstream reconcile` on a real topic and real tables: what it calls balanced is, and nothing else."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from clickstream.config.clickhouse import parse_cluster
from clickstream.config.kafka import Source
from clickstream.kafka import topic_epoch, topic_id
from clickstream.names import TABLE_BEHAVIORS_LOCAL
from sinks.clickhouse.config import ClickHouseSinkConfig
from sinks.clickhouse.ingest import Ingest, IngestConfig, OutcomeKind
from sinks.clickhouse.rows import BehaviorRows, Records
from tests.kit.commands import clickstream
from tests.kit.kafka import Record
from tests.kit.pipeline import Pipeline

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

EVENTS = "3000"


def generate(pipeline: Pipeline, answers: Path, seed: int) -> None:
    options = ("--events", EVENTS, "--seed", str(seed), "--answers", str(answers), "--duplicates", "0.05")
    clickstream(pipeline.environment(), "generate", *options)


def ingest(pipeline: Pipeline) -> None:
    """What the job does, without Flink: the whole topic into the tables, the rest into the topics of the rest."""
    epoch = topic_epoch(topic_id(pipeline.topics.bootstrap, pipeline.behaviors) or "", 0)
    config = ClickHouseSinkConfig(cluster=parse_cluster(pipeline.urls), table=TABLE_BEHAVIORS_LOCAL)
    sink = Ingest(
        IngestConfig(config, BehaviorRows(Source.ODS, epoch), pipeline.behaviors, duplicate_ms=1_800_000), print
    )
    read = sorted(pipeline.topics.read(pipeline.behaviors), key=lambda record: (record.partition, record.offset))
    sink.open()
    try:
        done = sink.ingest(
            Records(
                values=[record.value for record in read],
                partitions=np.array([record.partition for record in read]),
                offsets=np.array([record.offset for record in read]),
                timestamps=np.array([record.timestamp for record in read]),
            )
        )
    finally:
        sink.close()
    topics = {OutcomeKind.REJECTED: pipeline.rejected, OutcomeKind.DEAD_LETTER: pipeline.dead_letter_topic}
    for kind, topic in topics.items():
        pipeline.topics.send(topic, [Record(outcome.line) for outcome in done.outcomes if outcome.kind is kind])


def start(pipeline: Pipeline, *options: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [Path(sys.executable).with_name("clickstream"), "reconcile", *options],
        env=pipeline.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def reconcile(pipeline: Pipeline, *options: str) -> tuple[int, str]:
    """The exit status, and the verdict: the last line that was said."""
    with start(pipeline, *options) as process:
        out, err = process.communicate(timeout=120)
    return process.returncode, (err or out).strip().splitlines()[-1]


def test_what_was_sent_is_found_wherever_it_is_and_what_is_lost_or_doubled_is_named(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    answers = tmp_path / "answers.json"
    pipeline.nodes.command(f"ALTER TABLE {TABLE_BEHAVIORS_LOCAL} ADD CONSTRAINT no_likes CHECK action_type != 'like'")
    generate(pipeline, tmp_path / "before.json", seed=1)
    generate(pipeline, answers, seed=2)

    with start(pipeline, "--answers", str(answers), "--wait", "60") as waiting:
        ingest(pipeline)
        out, err = waiting.communicate(timeout=120)
    assert waiting.returncode == 0, out + err
    said = out.splitlines()[-2]
    assert said.startswith("Balanced: ")  # of its own records, although those of the other run stand before them
    assert "✗" not in out
    letters = len({(letter.partition, letter.offset) for letter in pipeline.sent_dead_letters().values()})
    assert letters > 5
    assert 0 < int(said.rsplit("+", 1)[1].split()[0]) < letters
    assert "dead letters, refused: " in out.splitlines()[-1]

    assert reconcile(pipeline)[0] == 0

    partition, offset = pipeline.nodes.positions()[-1].tolist()[1:]
    where = f"_partition = {partition} AND _offset = {offset}"
    pipeline.nodes.command(f"INSERT INTO {TABLE_BEHAVIORS_LOCAL} SELECT * FROM {TABLE_BEHAVIORS_LOCAL} WHERE {where}")
    status, said = reconcile(pipeline, "--wait", "0")
    assert (status, "positions stored more than once: 1 instead of 0" in said) == (1, True), said

    pipeline.nodes.command(f"ALTER TABLE {TABLE_BEHAVIORS_LOCAL} DELETE WHERE {where} SETTINGS mutations_sync = 2")
    status, said = reconcile(pipeline, "--wait", "0")
    assert status == 1
    assert f"on their way: partition {partition} offset {offset}" in said


def test_answers_about_a_topic_that_is_gone_are_refused(pipeline: Pipeline, tmp_path: Path) -> None:
    generate(pipeline, tmp_path / "answers.json", seed=1)
    pipeline.topics.delete(pipeline.behaviors)
    pipeline.topics.make({pipeline.behaviors: 4})
    status, said = reconcile(pipeline, "--answers", str(tmp_path / "answers.json"))
    assert status == 1
    assert "tells of records that are not in topic" in said
