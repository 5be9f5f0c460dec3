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
