"""The command line of a JobManager or TaskManager, as Flink's start scripts would put it together.

The scripts start two JVMs before the one that matters, each time, to split the memory and to read the configuration:
half of the time that a killed TaskManager is away. Here Flink's own tool for it runs once a configuration.
"""

import hashlib
import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

from clickstream.errors import ConfigurationError
from devstack import flink_home
from devstack.files import read_json, write_json
from devstack.layout import Layout

TOOL = "org.apache.flink.runtime.util.bash.BashJavaUtils"
RESULT = "BASH_JAVA_UTILS_EXEC_RESULT:"


@dataclass(frozen=True)
class Role:
    """What differs between the two.

    Attributes:
        name: of the server.
        tool: the command of Flink's tool that splits its memory.
        main: its main class.
    """

    name: str
    tool: str
    main: str


JOBMANAGER = Role(
    "jobmanager", "GET_JM_RESOURCE_PARAMS", "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
)
TASKMANAGER = Role("taskmanager", "GET_TM_RESOURCE_PARAMS", "org.apache.flink.runtime.taskexecutor.TaskManagerRunner")


def command(layout: Layout, role: Role, java: str, metrics_port: int | None) -> list[str]:
    """The whole command line. Flink's home and configuration must have been built.

    Args:
        layout: the devstack's folders.
        role: which of the two.
        java: the executable.
        metrics_port: where Prometheus finds its metrics; None in a plan made before there was one.

    Raises:
        ConfigurationError: Flink finds the memory settings contradictory.
    """
    configuration = flink_home.configuration(layout)
    memory, dynamic = _memory(layout, role, java)
    options = yaml.safe_load((configuration / "config.yaml").read_text(encoding="utf-8"))["env.java.opts.all"]
    return [
        java,
        *memory,
        *shlex.split(options),
        *shlex.split(os.environ.get("JVM_ARGS", "")),  # which Flink's own scripts hand on, too
        "-XX:+ExitOnOutOfMemoryError",
        f"-Dlog.file={layout.log(role.name)}",
        # Standard output goes to the same file: what log4j writes there itself need not arrive twice.
        "-Dconsole.log.level=OFF",
        f"-Dlog4j.configurationFile={configuration / 'log4j-console.properties'}",
        "-classpath",
        ":".join(map(str, _classpath(layout))),
        role.main,
        *dynamic,
        *(["-D", f"metrics.reporter.prometheus.port={metrics_port}"] if metrics_port else []),
        "--configDir",
        str(configuration),
    ]


def environment(layout: Layout) -> dict[str, str]:
    """What Flink reads from the environment, as its scripts set it."""
    home = flink_home.home(layout)
    return {
        "FLINK_CONF_DIR": str(flink_home.configuration(layout)),
        "FLINK_BIN_DIR": str(home / "bin"),
        "FLINK_LIB_DIR": str(home / "lib"),
        "FLINK_LOG_DIR": str(layout.logs),
        "FLINK_OPT_DIR": str(home / "opt"),
        "FLINK_PLUGINS_DIR": str(home / "plugins"),
    }


def _classpath(layout: Layout) -> list[Path]:
    """By name, but Flink itself last: a library beside it wins over the copy inside it."""
    return sorted((flink_home.home(layout) / "lib").glob("*.jar"), key=lambda jar: ("flink-dist" in jar.name, jar.name))


def _memory(layout: Layout, role: Role, java: str) -> tuple[list[str], list[str]]:
    """JVM options and program arguments that split the process's memory; remembered for as long as settings stay."""
    configuration = flink_home.configuration(layout)
    text = (configuration / "config.yaml").read_bytes()
    key = hashlib.sha256(text + java.encode()).hexdigest()
    remembered = configuration / f"memory-{role.name}.json"
    found = read_json(remembered)
    if found.get("configuration") != key:
        jars = [flink_home.home(layout) / "bin" / "bash-java-utils.jar", *_classpath(layout)]
        classpath = ":".join(map(str, jars))
        ran = subprocess.run(
            [java, "-XX:TieredStopAtLevel=1", "-classpath", classpath, TOOL, role.tool, "--configDir", configuration],
            capture_output=True,
            text=True,
            check=False,
        )
        results = [line.removeprefix(RESULT) for line in ran.stdout.splitlines() if line.startswith(RESULT)]
        if ran.returncode or len(results) != 2:
            said = (ran.stdout + ran.stderr)[-2000:].strip()
            raise ConfigurationError(f"Flink refuses the memory settings in {configuration / 'config.yaml'}: {said}")
        found = {"configuration": key, "memory": results[0].split(), "dynamic": results[1].split()}
        write_json(remembered, found)
    return found["memory"], found["dynamic"]
