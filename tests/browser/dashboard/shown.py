"""What stands on a page of the dashboard, read as its user reads it: states, figures, tables."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from playwright.sync_api import Locator, Page

from tests.contract.analytics.stored import Stored

PATIENCE_MS = 30_000
VALUES = "rows => rows.map(row => [...row.cells].map(cell => cell.dataset.value ?? ''))"


@dataclass(frozen=True)
class Shown:
    """A signed-in page."""

    page: Page
    origin: str
    stored: Stored

    @property
    def days(self) -> dict[str, str]:
        """The period of the traffic, as an address names it: whole days of UTC, the last included."""
        first, last = (
            datetime.fromtimestamp(ms / 1000, UTC).date()
            for ms in (self.stored.answers.first_event_ms, self.stored.answers.last_event_ms)
        )
        return {"period": "dates", "from": first.isoformat(), "to": last.isoformat()}

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The same, the end excluded."""
        first, last = (datetime.fromisoformat(self.days[name]).replace(tzinfo=UTC) for name in ("from", "to"))
        return first, last + timedelta(days=1)

    def go(self, path: str = "", /, **view: str) -> None:
        """Open a page about the days of the traffic."""
        self.page.goto(f"{self.origin}/{path}?{urlencode({'tenant': 'aurora', **self.days, **view})}")

    def panel(self, name: str, state: str = "ready") -> Locator:
        """A panel, once it is in a state."""
        found = self.page.locator(f'[data-panel="{name}"][data-state="{state}"]')
        found.wait_for(timeout=PATIENCE_MS)
        return found

    def rows(self, name: str) -> list[list[str]]:
        """The exact values of a panel's table, row by row."""
        found = self.panel(name).locator("table:not(.cohorts) tbody tr")
        read: list[list[str]] = found.evaluate_all(VALUES)
        return read

    def figure(self, name: str) -> float:
        """One of the overview's figures."""
        card = self.panel("figures").locator(f'[data-figure="{name}"]')
        return float(card.get_attribute("data-value") or "nan")
