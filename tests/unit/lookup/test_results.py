import pytest
from rich.console import Console

from clickstream.errors import ContractError
from clickstream.lookup import HotItem, LiveMetrics
from clickstream.lookup.cli import view
from clickstream.lookup.results import hot_items_of, metrics_of

METRICS = LiveMetrics(1000, 5, 0.005, 3, 4, 5, 6, 7, 0.25, 8, 9, 0, 3_600_000, 3_500_000)


def _shown(metrics: LiveMetrics | None, items: list[HotItem]) -> str:
    console = Console(width=100)
    with console.capture() as captured:
        console.print(view(metrics, items, 3_502.5))
    return captured.get()


def test_a_score_far_ahead_of_the_clock_does_not_overflow() -> None:
    (item,) = hot_items_of([("x", 1e9)], {"half_life": "1"}, 0.0, 0.0, "key")
    assert item.score == 2.0**1023


def test_the_least_score_is_within_what_was_asked_for() -> None:
    found = hot_items_of([("a", 11.0), ("b", 10.0), ("c", 9.0)], {"half_life": "1"}, 10.0, 1.0, "key")
    assert [(each.item_id, each.score) for each in found] == [("a", 2.0), ("b", 1.0)]


@pytest.mark.parametrize("meta", [{}, {"half_life": "an hour"}])
def test_scores_of_no_known_half_life_are_refused(meta: dict[str, str]) -> None:
    assert hot_items_of([], meta, 0.0, 0.0, "key") == []
    with pytest.raises(ContractError, match="key holds scores"):
        hot_items_of([("x", 1.0)], meta, 0.0, 0.0, "key")


def test_a_hash_of_something_else_is_refused() -> None:
    assert metrics_of({}, "key") is None
    with pytest.raises(ContractError, match="another program"):
        metrics_of(dict.fromkeys(LiveMetrics.__slots__, "x"), "key")


def test_the_view_shows_metrics_their_age_and_items_as_they_are_called() -> None:
    shown = _shown(METRICS, [HotItem("[red]item", 12.5, 1.0)])
    assert "last 60 minutes, written 2.5 s ago" in shown
    assert "impressions 1,000" in shown
    assert "ctr 0.50%" in shown
    assert "[red]item" in shown
    assert "12.500" in shown


def test_the_view_of_nothing_says_what_may_be_the_reason() -> None:
    shown = " ".join(_shown(None, []).split())
    assert "RealtimeMetricsAggregator does not run" in shown
    assert "ItemHotScoreCalculator does not run" in shown
