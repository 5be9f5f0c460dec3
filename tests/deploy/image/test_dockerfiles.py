"""The Dockerfiles: a few lines over the install scripts. No engine builds them here."""

import re
from pathlib import Path

import pytest

from tests.kit.servers import REPOSITORY

DOCKER = REPOSITORY / "deploy" / "docker"
FILES = sorted(DOCKER.glob("*.Dockerfile"))


def instructions(file: Path) -> list[tuple[str, str]]:
    """Each with its arguments, lines that go on put together."""
    text = re.sub(r"\\\n\s*", " ", file.read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines]


def test_there_is_one_image_for_all_jobs_and_one_for_the_services() -> None:
    assert [file.name for file in FILES] == ["jobs.Dockerfile", "services.Dockerfile"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_dockerfile_is_pinned_not_root_and_names_what_is_there(file: Path) -> None:
    found = instructions(file)
    for image in (argument.split()[0] for name, argument in found if name == "FROM"):
        assert re.search(r":\d+\.\d+\.\d+[\w.-]*$", image), f"{image} names no version"
    assert [argument for name, argument in found if name == "USER"] == ["9999:9999"]
    assert ("COPY", "--from=content /opt /opt") in found
    assert dict(found)["ENTRYPOINT"] == '["/opt/clickstream/bin/entrypoint.sh"]'
    scripts = re.findall(r"/source/(\S+\.sh)", " ".join(argument for _, argument in found))
    assert scripts
    assert all((REPOSITORY / script).is_file() for script in scripts)
    assert len(file.read_text(encoding="utf-8").splitlines()) < 30


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_context_of_a_build_has_what_the_scripts_read_and_no_secrets(file: Path) -> None:
    ignore = Path(f"{file}.dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in ignore if line and not line.startswith("#")]
    assert rules[0] == "*", "everything is left out that is not named"
    let_in = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    for folder in ("tracker", "dashboard"):
        assert {f"{folder}/dist", f"{folder}/package.json"} <= let_in
    assert all((REPOSITORY / path).exists() for path in let_in if not path.startswith(("tracker", "dashboard"))), let_in
    read = {"requirements.txt", "requirements.in", "pyproject.toml", "README.md", "LICENSE", "pom.xml", "flink-conf"}
    code = re.search(r'^packages="(.*)"$', (DOCKER / "install" / "code.sh").read_text(encoding="utf-8"), re.MULTILINE)
    assert code
    assert read | {*code[1].split(), "ddl"} <= let_in
    # deploy/docker holds secrets/ and .env of who runs the compose file.
    assert {path for path in let_in if path.startswith("deploy")} == {
        "deploy/docker/bin",
        "deploy/docker/install",
        "deploy/docker/pom.xml",
    }
