"""A record as a line: the jobs' fields, and of errors nothing that may quote a request."""

import asyncio
import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest

from clickstream.logs import JsonLines, TextLines
from clickstream.logs.lines import trace_of

LAYOUT = Path(__file__).parents[3] / "flink-conf" / "log4j-console.properties"
SECRET = "user-4711"


def record(error: BaseException | None = None, name: str = "collector.x", text: str = "took %d", *given: object) -> Any:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord(name, logging.WARNING, __file__, 1, text, given or (3,), info)


def failing() -> RuntimeError:
    """A chain as real code makes it: a value in each text."""

    def inner() -> None:
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise ValueError(f"no user {SECRET}") from error

    with pytest.raises(RuntimeError) as caught:
        try:
            inner()
        except ValueError:
            raise RuntimeError(f"the request of {SECRET} failed")  # noqa: B904 - a context without a cause is the case
    return caught.value


def test_the_fields_are_those_of_the_jobs_logs() -> None:
    line = json.loads(JsonLines("collector").format(record(failing())))
    of_the_jobs = set(re.findall(r'^  "(\w+)": \{"\$resolver"', LAYOUT.read_text(), re.MULTILINE))
    assert of_the_jobs - {"job_id", "operator"} | {"service"} == line.keys()
    assert (line["level"], line["logger"], line["service"]) == ("WARNING", "collector.x", "collector")
    assert line["message"] == "took 3"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert "error" not in json.loads(JsonLines("collector").format(record()))


@pytest.mark.parametrize("lines", [JsonLines("collector"), TextLines()])
def test_an_error_is_told_by_its_types_and_lines_and_without_its_texts(lines: logging.Formatter) -> None:
    text = lines.format(record(failing()))
    assert SECRET not in text
    assert "raise RuntimeError(" in text, "the line of code is there"
    breaks = "\\n" if isinstance(lines, JsonLines) else "\n"
    assert 0 < text.index(f"KeyError{breaks}") < text.index(f"ValueError{breaks}"), "the first of them first"
    assert text.rstrip('"}').endswith("RuntimeError")
    assert ("\n" in text) is isinstance(lines, TextLines), "JSON stays on its line"


def test_what_the_operating_system_says_is_told() -> None:
    with pytest.raises(FileNotFoundError) as caught:
        Path("/no/such", SECRET).read_bytes()
    assert trace_of(caught.value).endswith("FileNotFoundError: No such file or directory")


def test_the_errors_of_a_group_are_told() -> None:
    group = ExceptionGroup(SECRET, [ValueError(SECRET), failing()])
    assert re.findall(r"^\s*(\w*Error|ExceptionGroup)$", trace_of(group), re.MULTILINE) == [
        "ExceptionGroup",
        "ValueError",
        "KeyError",
        "ValueError",
        "RuntimeError",
    ]
    assert SECRET not in trace_of(group)


def test_an_error_that_is_its_own_cause_ends() -> None:
    error = ValueError()
    error.__cause__ = error
    assert trace_of(error).count("ValueError") == 1


async def test_a_task_whose_error_nobody_took_is_told_without_it(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ValueError(SECRET)

    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    loop = asyncio.get_running_loop()
    loop.call_exception_handler(
        {"message": "Task exception was never retrieved", "exception": task.exception(), "task": task}
    )
    (said,) = caplog.records
    assert SECRET in said.getMessage(), "asyncio quotes it"
    text = TextLines().format(said)
    assert "Task exception was never retrieved" in text
    assert "ValueError" in text
    assert SECRET not in text
