"""The same seed, start and options give the same bytes in the same order."""

import hashlib
from dataclasses import replace

import pytest

from clickstream.clock import ManualClock
from clickstream.generator.model import TrafficModel
from clickstream.generator.pacing import EvenPace
from clickstream.generator.traffic import generate

from .conftest import CROWDED, Sample

SMALL = TrafficModel(events=25_000, seed=11, users=500, items=200)
# Changes when the model does: say so in CHANGELOG, since published figures and seeds then mean other traffic.
SMALL_SHA256 = "1a5b2cd1c33f4989233c867ef1aec1c74b7c3b0202815f9c6c963fa60986fc6b"


def fingerprint(model: TrafficModel) -> str:
    digest = hashlib.sha256()
    for chunk in generate(model):
        for key, value, at in zip(chunk.keys, chunk.values, chunk.timestamps, strict=True):
            digest.update(b"%b\0%b\0%d\0" % (key, value, at))
    return digest.hexdigest()


def test_the_bytes_are_these_on_any_machine() -> None:
    assert fingerprint(SMALL) == SMALL_SHA256


@pytest.mark.parametrize(
    "other",
    [replace(SMALL, seed=12), replace(SMALL, users=501), replace(SMALL, start_ms=SMALL.start_ms + 1)],
    ids=["seed", "users", "start"],
)
def test_other_options_give_other_bytes(other: TrafficModel) -> None:
    assert fingerprint(other) != SMALL_SHA256


def test_pacing_changes_neither_content_nor_order(crowded: Sample) -> None:
    pacer = EvenPace(12_345.0, ManualClock(), lambda: False)
    values: list[bytes] = []
    for chunk in generate(CROWDED):
        for portion in pacer.portions(chunk):
            values += portion.values
    assert values == crowded.values
