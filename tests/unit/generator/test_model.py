from typing import Any

import pytest

from clickstream.errors import ConfigurationError
from clickstream.generator.durations import milliseconds
from clickstream.generator.model import TrafficModel, natural_events


@pytest.mark.parametrize(
    "wrong",
    [
        {"events": 0},
        {"span_ms": 0},
        {"start_ms": 0},
        {"seed": -1},
        {"tenants": 9},
        {"users": 0},
        {"items": 1_000_001},
        {"duplicates": 1.1},
        {"malformed": -0.1},
        {"late": float("nan")},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_the_model_cannot_express_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        TrafficModel(**wrong)


def test_products_beyond_64_bits_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="too large"):
        TrafficModel(events=10**11, span_ms=366 * 24 * 3_600_000)


def test_users_make_a_session_an_hour() -> None:
    assert natural_events(1000, 3, 3_600_000) == 66_000
    assert natural_events(1, 1, 1) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", 90_000),
        ("1h", 3_600_000),
        ("1h30m", 5_400_000),
        ("7d", 604_800_000),
        ("250ms", 250),
        ("1.5h", 5_400_000),
    ],
)
def test_lengths_of_time(text: str, expected: int) -> None:
    assert milliseconds(text) == expected


@pytest.mark.parametrize("text", ["", "90", "h", "-1h", "1h 30m", "1w"])
def test_what_is_no_length_of_time_is_named(text: str) -> None:
    with pytest.raises(ConfigurationError, match="write it as"):
        milliseconds(text)
