from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from clickstream.generator.answers import Answers
from clickstream.generator.model import TrafficModel
from clickstream.generator.records import Chunk
from clickstream.generator.report import report
from clickstream.generator.tally import Tally
from clickstream.generator.traffic import generate

from . import naive


@dataclass(frozen=True)
class Sample:
    model: TrafficModel
    keys: list[bytes]
    values: list[bytes]
    timestamps: list[int]
    answers: Answers

    @property
    def parsed(self) -> list[tuple[naive.Event | None, int]]:
        return naive.parse_all(self.values, self.timestamps)


def collect(model: TrafficModel, chunks: Iterable[Chunk]) -> Sample:
    tally = Tally(model)
    keys: list[bytes] = []
    values: list[bytes] = []
    timestamps: list[int] = []
    for chunk in chunks:
        tally.add(chunk)
        keys += chunk.keys
        values += chunk.values
        timestamps += chunk.timestamps
    return Sample(model, keys, values, timestamps, report(tally))


@dataclass(frozen=True)
class Recount:
    """`parsed` has an entry for each record, None where it is malformed; the others count each event once."""

    parsed: list[tuple[naive.Event | None, int]]
    events: list[tuple[naive.Event, int]]
    duplicates: int
    malformed: int


# Few users and items, so that they meet again; over midnight; many chunks; enough faults of each kind.
CROWDED = TrafficModel(
    events=50_000,
    span_ms=5 * 3_600_000,
    start_ms=1_767_218_400_000,
    seed=7,
    tenants=4,
    users=300,
    items=120,
    duplicates=0.03,
    malformed=0.02,
    late=0.05,
)


@pytest.fixture(scope="session")
def crowded() -> Sample:
    return collect(CROWDED, generate(CROWDED))


@pytest.fixture(scope="session")
def recount(crowded: Sample) -> Recount:
    parsed = crowded.parsed
    return Recount(parsed, *naive.unique(parsed))
