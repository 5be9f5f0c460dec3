import io
from dataclasses import replace

from clickstream.generator.model import TrafficModel
from clickstream.generator.pacing import FlatOut
from clickstream.generator.report import report
from clickstream.generator.run import run
from clickstream.generator.tally import Tally
from clickstream.generator.traffic import generate
from clickstream.generator.writers import LinesWriter, NullWriter

from . import naive
from .conftest import Recount, Sample

MODEL = TrafficModel(events=45_000, users=500, malformed=0.05)


def test_lines_hold_one_record_each_even_those_with_newlines() -> None:
    stream = io.BytesIO()
    values: list[bytes] = []
    with LinesWriter(stream) as writer:
        for chunk in generate(MODEL):
            writer.write(chunk)
            values += chunk.values
    lines = stream.getvalue().split(b"\n")
    assert lines.pop() == b""
    assert any(b"\n" in value for value in values)
    for value, line in zip(values, lines, strict=True):
        assert line == value.replace(b"\n", b" ")
        assert naive.parse(line, MODEL.start_ms) is None or b"\n" not in value


def test_a_run_tallies_exactly_what_was_written_before_it_was_stopped(crowded: Sample, recount: Recount) -> None:
    tally, writer = Tally(crowded.model), NullWriter()
    told: list[int] = []
    run(generate(crowded.model), FlatOut(lambda: writer.records >= 30_000), writer, tally, told.append)
    answers = report(tally)
    assert 30_000 <= answers.sent == writer.records == sum(told) < crowded.model.events
    assert writer.bytes == sum(map(len, crowded.values[: writer.records]))
    events, duplicates, _ = naive.unique(recount.parsed[: writer.records])
    assert (answers.valid, answers.duplicates) == (len(events), duplicates)
    for place in answers.places:
        here = [e for e, _ in events if (e["tenant_id"], e["scenario_id"]) == (place.tenant_id, place.scenario_id)]
        assert place.funnel == naive.funnel(here)


def test_a_run_stopped_at_once_has_empty_answers() -> None:
    model = replace(MODEL, events=10)
    tally = Tally(model)
    run(generate(model), FlatOut(lambda: True), NullWriter(), tally, lambda _: None)
    answers = report(tally)
    assert (answers.sent, answers.valid, answers.first_event_ms, answers.places) == (0, 0, 0, [])
