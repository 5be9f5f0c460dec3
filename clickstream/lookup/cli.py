"""`clickstream hot`, `clickstream top`: what a recommender sees, in a terminal."""

import time
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from clickstream.lookup import HotItem, LiveMetrics, Lookup

Tenant = Annotated[str, typer.Argument(metavar="TENANT", help="A tenant_id.")]
Scenario = Annotated[str, typer.Argument(metavar="SCENARIO", help="A scenario_id.")]
Number = Annotated[int, typer.Option("-n", "--number", min=1, help="How many items.")]

FIGURES = (
    ("impressions", "clicks", "ctr", "active_users"),
    ("views", "likes", "shares", "active_items"),
    ("add_carts", "conversions", "conversion_rate"),
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("hot")(hot)
    app.command("top")(top)


def hot(
    tenant: Tenant,
    scenario: Scenario,
    number: Number = 20,
    min_score: Annotated[float, typer.Option(help="Leave out items that score less now.")] = 0.0,
) -> None:
    """Print the hot items of a scenario: rank, item, score now."""
    with Lookup.connect() as lookup:
        Console(highlight=False).print(hot_table(lookup.hot_items(tenant, scenario, number, min_score)))


def top(
    tenant: Tenant,
    scenario: Scenario,
    number: Number = 20,
    interval: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = 1.0,
    rounds: Annotated[int, typer.Option(min=0, help="End after so many looks; 0: Ctrl-C ends it.")] = 0,
) -> None:
    """Watch the hot items and live metrics of a scenario."""
    console = Console(highlight=False)
    with Lookup.connect() as lookup, Live(console=console, auto_refresh=False) as live:
        looks = 0
        try:
            while True:
                items = lookup.hot_items(tenant, scenario, number)
                live.update(view(lookup.realtime_metrics(tenant, scenario), items, time.time()), refresh=True)
                looks += 1
                if looks == rounds:
                    return
                time.sleep(interval)
        except KeyboardInterrupt:
            return


def view(metrics: LiveMetrics | None, items: list[HotItem], now: float) -> Group:
    """Metrics above, items below."""
    return Group(metrics_table(metrics, now), hot_table(items))


def hot_table(items: list[HotItem]) -> Table | str:
    """Rank, item, score now."""
    if not items:
        return "No hot items: nothing has happened there lately, or ItemHotScoreCalculator does not run."
    table = Table(box=None, pad_edge=False)
    for heading in ("rank", "item", "score"):
        table.add_column(heading, justify="left" if heading == "item" else "right", overflow="fold")
    for rank, item in enumerate(items, start=1):
        table.add_row(str(rank), Text(item.item_id), f"{item.score:,.3f}")
    return table


def metrics_table(metrics: LiveMetrics | None, now: float) -> Table | str:
    """The metrics, and how old they are at `now` (seconds since the epoch)."""
    if metrics is None:
        return "No metrics: nothing has happened there for a day, or RealtimeMetricsAggregator does not run."
    minutes = (metrics.window_end - metrics.window_start) // 60_000
    table = Table.grid(padding=(0, 3))
    table.title = f"last {minutes} minutes, written {max(0.0, now - metrics.updated_at / 1000):.1f} s ago"
    for row in FIGURES:
        table.add_row(*(f"{name} {_shown(getattr(metrics, name))}" for name in row))
    return table


def _shown(value: float) -> str:
    return f"{value:.2%}" if isinstance(value, float) else f"{value:,}"
