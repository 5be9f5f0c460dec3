"""What of a FlinkDeployment differs when it runs on this machine, without Kubernetes: all of it is here."""

from dataclasses import dataclass
from pathlib import Path

from tests.deploy.image.object_storage import ObjectStorage
from tests.deploy.image.probes import HOST
from tests.deploy.rendering import Manifest

# Left out: leaders in ConfigMaps and the operator's own settings. tests/deploy/cluster has them on a real API server.
ONLY_ON_KUBERNETES = ("high-availability.", "kubernetes.")
# Left out where run-job.sh says instead where checkpoints and savepoints lie.
SAID_BY_RUN_JOB = ("s3.", "execution.checkpointing.dir", "execution.checkpointing.savepoint-dir")


@dataclass(frozen=True)
class Ports:
    """Ports of one job's processes, in the place of those that each pod has for itself."""

    rest: int
    tasks: int
    rpc: int


def flink_settings(
    deployment: Manifest, ports: Ports, temporary: Path, storage: ObjectStorage | None
) -> dict[str, str]:
    """The content of config.yaml: flinkConfiguration, what the operator makes of the spec, what differs here.

    Args:
        deployment: a rendered FlinkDeployment.
        ports: of its processes.
        temporary: for Flink's own files.
        storage: in the place of the provider's; None: with run-job.sh, in files.
    """
    left_out = ONLY_ON_KUBERNETES if storage else ONLY_ON_KUBERNETES + SAID_BY_RUN_JOB
    spec = deployment["spec"]
    found: dict[str, str] = {
        key: value for key, value in spec["flinkConfiguration"].items() if not key.startswith(left_out)
    }
    found |= {
        "parallelism.default": str(spec["job"]["parallelism"]),
        "jobmanager.memory.process.size": spec["jobManager"]["resource"]["memory"],
        "taskmanager.memory.process.size": spec["taskManager"]["resource"]["memory"],
    }
    found |= {
        "jobmanager.rpc.port": str(ports.rpc),
        "jobmanager.bind-host": HOST,
        "rest.address": HOST,
        "rest.bind-address": HOST,
        "rest.port": str(ports.rest),
        "taskmanager.host": HOST,
        "taskmanager.bind-host": HOST,
        "taskmanager.rpc.port": str(ports.tasks),
        # Two pods have one port each; the two processes here take the first that is free.
        "metrics.reporter.prometheus.port": "29249-29449",
        "io.tmp.dirs": str(temporary),
    }
    if storage:
        found |= {
            "s3.endpoint": storage.url,
            # A bucket of a provider is a name of its own, BUCKET.s3.REGION...: here there is none.
            "s3.path-style-access": "true",
            # However small the state is, TaskManagers put it there themselves, not into what the JobManager writes.
            "execution.checkpointing.data-inline-threshold": "1 b",
        }
    return found
