import io

import pytest
from rich.console import Console

from clickstream.generator.progress import progress_bar


@pytest.mark.parametrize("total", [10_000, None])
def test_a_terminal_shows_what_was_sent(total: int | None) -> None:
    shown = io.StringIO()
    with progress_bar(Console(file=shown, force_terminal=True, width=100), total) as progress:
        progress(4321)
        progress(1)
    assert "4,322 records" in shown.getvalue()


def test_elsewhere_there_is_silence() -> None:
    shown = io.StringIO()
    with progress_bar(Console(file=shown, force_terminal=False), 100) as progress:
        progress(50)
    assert not shown.getvalue().strip()
