import pytest

from clickstream.events.decode import EventDecoder
from clickstream.events.model import Event
from clickstream.events.rejection import Rejection
from clickstream.generator.malformed import KINDS, REASONS, break_event
from clickstream.generator.model import TrafficModel
from clickstream.generator.traffic import generate

from . import naive


@pytest.fixture(scope="module")
def clean() -> dict[str, tuple[bytes, int]]:
    """One valid record of each action."""
    model = TrafficModel(events=20_000, malformed=0)
    found: dict[str, tuple[bytes, int]] = {}
    for chunk in generate(model):
        for record in zip(chunk.values, chunk.timestamps, strict=True):
            event = naive.parse(*record)
            assert event is not None
            found[event["action_type"]] = record
    assert len(found) == 9
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_variant_on_every_action_is_rejected_for_the_reason_of_its_kind(
    kind: str, clean: dict[str, tuple[bytes, int]]
) -> None:
    decoder = EventDecoder(Event)
    for value, record_ms in clean.values():
        for salt in [*range(700), 2**64 - 1]:
            broken = break_event(value, 1 + KINDS.index(kind), record_ms, salt)
            found = decoder.decode(broken, record_ms)
            assert isinstance(found, Rejection), broken
            assert found.reason == REASONS[kind], broken
            assert naive.parse(broken, record_ms) is None, broken


def test_some_hold_newlines_so_that_readers_by_line_are_found_out(clean: dict[str, tuple[bytes, int]]) -> None:
    value, record_ms = clean["click"]
    assert any(b"\n" in break_event(value, 1 + KINDS.index("not_json"), record_ms, salt) for salt in range(10))
