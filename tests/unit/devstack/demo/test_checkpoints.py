from pathlib import Path

from devstack.demo.checkpoints import Checkpoints
from devstack.layout import Layout


def complete(layout: Layout, job: str, number: int) -> Path:
    folder = layout.flink / "checkpoints" / job / f"chk-{number}"
    folder.mkdir(parents=True)
    (folder / "_metadata").touch()
    return folder


def test_a_job_goes_on_at_its_newest_complete_checkpoint(tmp_path: Path) -> None:
    layout = Layout.at(tmp_path)
    complete(layout, "a", 9)
    newest = complete(layout, "a", 10)
    (layout.flink / "checkpoints" / "a" / "chk-11").mkdir()
    complete(layout, "b", 12)
    checkpoints = Checkpoints(layout)
    checkpoints.remember("Sink", "dwd", "a")
    assert Checkpoints(layout).latest("Sink", "dwd") == newest.as_uri()


def test_it_begins_anew_on_another_source_and_when_it_is_forgotten(tmp_path: Path) -> None:
    layout = Layout.at(tmp_path)
    complete(layout, "a", 1)
    checkpoints = Checkpoints(layout)
    assert checkpoints.latest("Sink", "dwd") is None
    checkpoints.remember("Sink", "dwd", "a")
    assert checkpoints.latest("Sink", "ods") is None
    checkpoints.forget("Sink", "dwd")
    assert checkpoints.latest("Sink", "dwd") is None


def test_a_job_that_took_none_leaves_its_successor_the_checkpoint_that_it_began_at(tmp_path: Path) -> None:
    layout = Layout.at(tmp_path)
    served = complete(layout, "a", 4)
    checkpoints = Checkpoints(layout)
    for job in ("a", "b"):
        checkpoints.remember("Sink", "dwd", job)
    checkpoints.prune(set())
    assert checkpoints.latest("Sink", "dwd") == served.as_uri()


def test_what_no_job_goes_on_at_is_deleted_and_what_others_left_stays(tmp_path: Path) -> None:
    layout = Layout.at(tmp_path)
    checkpoints = Checkpoints(layout)
    for number, job in enumerate(("old", "still running", "older", "last", "begun")):
        if job != "begun":
            complete(layout, job, number)
        checkpoints.remember("Sink", "dwd", job)
    complete(layout, "of the other source", 1)
    checkpoints.remember("Sink", "ods", "of the other source")
    complete(layout, "unusable", 1)
    checkpoints.remember("Join", "ods", "unusable")
    checkpoints.forget("Join", "ods")
    complete(layout, "somebody else's", 1)

    checkpoints.prune({"still running"})

    left = {folder.name for folder in (layout.flink / "checkpoints").iterdir()}
    assert left == {"still running", "last", "of the other source", "somebody else's"}
    checkpoints.prune(set())
    assert not (layout.flink / "checkpoints" / "still running").exists(), "it has ended since"
    assert checkpoints.latest("Sink", "dwd") == (layout.flink / "checkpoints" / "last" / "chk-3").as_uri()
