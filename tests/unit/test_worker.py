import logging
import os
import threading

import pytest

from clickstream import worker


class _EndedError(BaseException):
    pass


@pytest.fixture
def _ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def end(status: int) -> None:
        raise _EndedError(status)

    monkeypatch.setattr(os, "_exit", end)


@pytest.mark.usefixtures("_ends")
def test_a_worker_that_ends_says_why_and_lets_the_log_go_out_first(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(logging, "shutdown", lambda: done.append("flushed"))
    with pytest.raises(_EndedError, match="70"):
        worker.end("its batch is no batch")
    assert caplog.messages == ["this worker ends: its batch is no batch"]
    assert done == ["flushed"]


@pytest.mark.usefixtures("_ends")
def test_it_ends_also_where_nobody_takes_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()
    monkeypatch.setattr(worker, "FLUSH_SECONDS", 0.01)
    monkeypatch.setattr(logging, "shutdown", never.wait)
    with pytest.raises(_EndedError):
        worker.end("why")
    never.set()


def test_of_an_error_kind_and_place_are_told_and_nothing_of_its_text() -> None:
    try:
        raise KeyError("secret")
    except KeyError as error:
        told = worker.place_of(error)
        group = BaseExceptionGroup("secret", [error, ValueError("secret"), error])
    assert told.startswith("KeyError (") and "test_worker.py:" in told and "secret" not in told
    assert worker.place_of(group) == f"{told}, ValueError (nowhere)"
