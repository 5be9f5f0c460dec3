"""What `make` says first: one line that names what is missing or wrong, and Debian's package."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "devstack" / "prerequisites.sh"
JAVA = 'case "$1" in -version) echo \'openjdk version "{version}"\' >&2 ;; --list-modules) echo {modules} ;; esac'
PROGRAMS = {
    "python3.11": "exit 0",
    "java": JAVA.format(version="17.0.2", modules="jdk.compiler@17.0.2"),
    "mvn": "exit 0",
    "node": "echo v20.1.0",
    "npm": "exit 0",
}


def said(folder: Path, programs: dict[str, str], java_home: str = "") -> tuple[int, str]:
    """Exit status and stderr where these programs, and no others, are on PATH."""
    for tool in ("sh", "sed", "head", "grep"):
        found = shutil.which(tool)
        assert found
        (folder / tool).symlink_to(found)
    for name, body in programs.items():
        (folder / name).write_text(f"#!{folder / 'sh'}\n{body}\n")
        (folder / name).chmod(0o755)
    environment = {"PATH": str(folder)} | ({"JAVA_HOME": java_home} if java_home else {})
    done = subprocess.run(
        [folder / "sh", SCRIPT, "python3.11"], env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


def test_nothing_is_said_where_all_is_there(tmp_path: Path) -> None:
    assert said(tmp_path, PROGRAMS) == (0, "")


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("python3.11", "python3.11 python3.11-venv"),
        ("java", "openjdk-17-jdk-headless"),
        ("mvn", "maven"),
        ("node", "nodejs npm"),
        ("npm", "nodejs npm"),
    ],
)
def test_what_is_missing_is_named_with_its_package(tmp_path: Path, name: str, package: str) -> None:
    status, text = said(tmp_path, {each: body for each, body in PROGRAMS.items() if each != name})
    assert status == 1
    assert text.startswith(f"clickstream: {name} not found")
    assert f"apt-get install {package})" in text.replace(";", ")")
    assert text.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "body", "wrong"),
    [
        ("python3.11", 'case "$1" in -V) echo Python 3.9.2 ;; *) exit 1 ;; esac', "python3.11 is Python 3.9.2"),
        ("java", JAVA.format(version="11.0.1", modules="jdk.compiler@11"), "java is version 11"),
        ("java", JAVA.format(version="17.0.2", modules="java.base@17"), "java has no compiler, so it is a JRE"),
        ("node", "echo v18.20.4", "node is v18.20.4"),
    ],
)
def test_what_is_of_another_version_is_named_with_it(tmp_path: Path, name: str, body: str, wrong: str) -> None:
    status, text = said(tmp_path, PROGRAMS | {name: body})
    assert status == 1
    assert text.startswith(f"clickstream: {wrong}")
    assert text.count("\n") == 1


def test_a_java_home_without_java_is_named_though_another_is_on_the_path(tmp_path: Path) -> None:
    status, text = said(tmp_path, PROGRAMS, java_home="/nowhere")
    assert (status, text.partition(":")[0]) == (1, "clickstream")
    assert "JAVA_HOME is /nowhere, where there is no bin/java" in text
    assert text.count("\n") == 1
