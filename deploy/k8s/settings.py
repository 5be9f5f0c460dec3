"""Writes components/flink-common/settings.yaml: flink-conf/ as a kustomize patch of every FlinkDeployment.

    python deploy/k8s/settings.py          # write it
    python deploy/k8s/settings.py --check  # exit status 1 when it is not what flink-conf/ says

flink-conf/config.yaml stays the one source of Flink's settings; the operator takes them as quoted strings only.
"""

import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "flink-conf"
TARGET = Path(__file__).parent / "components" / "flink-common" / "settings.yaml"
LOGGING = "log4j-console.properties"

# What config.yaml says of one machine, and who says it on Kubernetes instead.
ELSEWHERE = {
    "jobmanager.rpc.address": "Flink",
    "jobmanager.rpc.port": "Flink",
    "rest.address": "Flink",
    "rest.port": "Flink",
    "parallelism.default": "spec.job.parallelism",
    "jobmanager.memory.process.size": "spec.jobManager.resource.memory",
    "taskmanager.memory.process.size": "spec.taskManager.resource.memory",
    "execution.checkpointing.dir": "cluster.yaml",
    "execution.checkpointing.savepoint-dir": "cluster.yaml",
}

HEAD = """\
# Generated from flink-conf/ by `make k8s-settings`: change it there. Left out is what belongs to one machine alone;
# cluster.yaml and each job's spec say that of it.
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata:
  name: any
spec:
  flinkConfiguration:
"""


def flink_configuration(settings: dict[str, Any]) -> dict[str, str]:
    """The settings that hold on Kubernetes too, each as the string that Flink would read."""
    return {key: _text(value) for key, value in settings.items() if key not in ELSEWHERE}


def document(settings: dict[str, Any], logging: str) -> str:
    """The patch, to be read by people: long values on lines of their own."""
    lines = [_entry(key, value) for key, value in flink_configuration(settings).items()]
    log = "\n".join(f"      {line}".rstrip() for line in logging.splitlines())
    return f"{HEAD}{''.join(lines)}  logConfiguration:\n    {LOGGING}: |\n{log}\n"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return " ".join(value.split()) if isinstance(value, str) else str(value)


def _entry(key: str, value: str) -> str:
    if len(value) < 100:
        return f'    {key}: "{value}"\n'
    return f"    {key}: >-\n" + "".join(f"      {part}\n" for part in value.split(" "))


def main() -> int:
    """Write the patch, or check it."""
    settings = yaml.safe_load((SOURCE / "config.yaml").read_text(encoding="utf-8"))
    wanted = document(settings, (SOURCE / LOGGING).read_text(encoding="utf-8"))
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(wanted, encoding="utf-8")
    elif not TARGET.is_file() or TARGET.read_text(encoding="utf-8") != wanted:
        print(f"{TARGET.relative_to(ROOT)} is not what flink-conf/ says: run make k8s-settings", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
