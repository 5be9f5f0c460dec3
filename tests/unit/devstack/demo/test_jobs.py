import pytest

from clickstream.errors import ConfigurationError
from devstack.demo.job import Job, Listed
from devstack.demo.jobs import KINDS, Seen, chosen, several


def listed(job: str, name: str, state: str = "RUNNING") -> Listed:
    return Listed(Job("http://127.0.0.1:8081", job), name, state, running=state == "RUNNING")


def test_the_sink_is_always_there_and_the_join_comes_first() -> None:
    assert [kind.key for kind in chosen("hot, join")] == ["join", "sink", "hot"]
    with pytest.raises(ConfigurationError, match="--jobs names 'hit'"):
        chosen("hit")


def test_jobs_of_one_name_that_run_at_once_are_found() -> None:
    sink = KINDS["sink"].name
    found = [
        listed("a", sink),
        listed("b", sink, "CANCELED"),
        listed("c", sink, "RESTARTING"),
        listed("d", KINDS["hot"].name),
        listed("e", "another"),
        listed("f", "another"),
    ]
    assert several(KINDS.values(), found) == {sink: ["a", "c"]}
    assert several([KINDS["hot"]], found) == {}


def test_a_job_that_does_not_run_says_nothing_of_what_it_has_to_read() -> None:
    kind, starts = KINDS["sink"], Listed(Job("http://127.0.0.1:8081", "a"), "sink", "RUNNING", running=False)
    assert Seen.of(kind, listed("a", kind.name), 7, "page") == Seen(kind, "running", 7, "page")
    assert Seen.of(kind, starts, 0, "page") == Seen(kind, "starting", None, "page")
    assert Seen.of(kind, listed("a", kind.name, "RESTARTING"), 0, "page") == Seen(kind, "restarting", None, "page")
    assert Seen.of(kind, None, 0, "page") == Seen(kind, "unknown", None, "page")
