"""What the install scripts lay down is what the pins and pom.xml name, and it runs."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy.image import installed
from tests.deploy.image.installed import Image
from tests.deploy.rendering import OVERLAYS, manifests, of_kind
from tests.kit.servers import REPOSITORY

# pip and, in the first run, Maven fetch what is not there yet.
pytestmark = pytest.mark.net

WITHOUT_FLINK = {"apache-flink", "apache-flink-libraries", "apache-beam", "pemja", "py4j"}
PINS = dict(re.findall(r"^([a-z0-9-]+)==(\S+)$", (REPOSITORY / "requirements.txt").read_text(), re.MULTILINE))
# What pip brings with itself, and the platform.
OWN = {"pip", "setuptools", "clickstream"}


def packages(image: Image) -> dict[str, str]:
    done = image.run("python", "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check")
    assert done.returncode == 0, done.stderr
    found = dict(line.split("==") for line in done.stdout.split())
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found.items()}


@pytest.mark.parametrize(
    ("made", "left_out"),
    [(installed.jobs, set()), pytest.param(installed.services, WITHOUT_FLINK, marks=pytest.mark.full)],
    ids=["jobs", "services"],
)
def test_an_image_holds_the_pinned_packages_and_no_others(made: Callable[[], Image], left_out: set[str]) -> None:
    found = {name: version for name, version in packages(made()).items() if name not in OWN}
    assert found == {name: version for name, version in PINS.items() if name not in left_out}


def test_flinks_home_is_complete() -> None:
    image = installed.jobs()
    version = PINS["apache-flink"]
    jars = {path.name for path in (image.flink / "lib").glob("*.jar")}
    assert {f"flink-dist-{version}.jar", f"flink-python-{version}.jar"} <= jars
    assert any(name.startswith("flink-sql-connector-kafka-") for name in jars)
    plugins = {path.parent.name: path.name for path in (image.flink / "plugins").glob("*/*.jar")}
    assert plugins == {
        "metrics-prometheus": f"flink-metrics-prometheus-{version}.jar",
        "s3-fs-native": f"flink-s3-fs-native-{version}.jar",
    }
    assert all(path.exists() for path in image.flink.rglob("*")), "a link leads nowhere"
    done = image.run("flink", "--version")
    assert f"Version: {version}" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_manifests_name_is_in_the_image(overlay: str) -> None:
    """The operator's own starts: its entry point, which finds Flink's scripts, and the settings of the S3 plugin."""
    image = installed.jobs()
    (jar,) = (image.flink / "plugins" / "s3-fs-native").glob("*.jar")
    with zipfile.ZipFile(jar) as archive:
        known = archive.read("org/apache/flink/fs/s3native/NativeS3FileSystemFactory.class")
    for each in of_kind(manifests(overlay), "FlinkDeployment"):
        settings = each["spec"]["flinkConfiguration"]
        assert image.path(settings["kubernetes.entry.path"]) == str(image.entrypoint)
        assert [key for key in settings if key.startswith("s3.") and key.encode() not in known] == []
        if "job" in each["spec"]:
            jar_of_job = each["spec"]["job"]["jarURI"].removeprefix("local://")
            assert Path(image.path(jar_of_job)).is_file()
    for script in ("kubernetes-jobmanager.sh", "kubernetes-taskmanager.sh"):
        done = image.run("bash", "-c", f"command -v {script}")
        assert done.stdout.strip() == str(image.flink / "bin" / script)


@pytest.mark.parametrize(
    "made", [installed.like_services, pytest.param(installed.services, marks=pytest.mark.full)], ids=["like", "made"]
)
def test_the_command_line_has_every_command_but_those_of_the_devstack(made: Callable[[], Image]) -> None:
    image = made()
    done = image.run("clickstream", "--help")
    assert done.returncode == 0, done.stderr
    commands = set(re.findall(r"^│ ([a-z-]+) ", done.stdout, re.MULTILINE))
    assert {"analytics", "collector", "migrate", "reconcile", "replay-dlq", "write-key"} <= commands
    assert not {"demo", "up", "down"} & commands
    tracker = Path("tracker", "dist", "tracker.js")
    assert (image.home / tracker).read_bytes() == (REPOSITORY / tracker).read_bytes()


def test_packages_are_not_installed_again_while_the_pins_are_the_same() -> None:
    image = installed.jobs()
    before = (image.home / "venv" / "pyvenv.cfg").stat().st_mtime_ns
    installed.script("python.sh", str(image.root), "jobs")
    assert (image.home / "venv" / "pyvenv.cfg").stat().st_mtime_ns == before
