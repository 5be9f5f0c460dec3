"""FlinkDeployment and FlinkSessionJob: what only the operator refuses, and what even the operator lets pass."""

import re
from collections.abc import Iterator

from clickstream.migrate.topics import read_topics
from tests.deploy.rendering import Manifest, of_kind, title
from tests.kit.servers import REPOSITORY

NAME = re.compile(r"[a-z]([-a-z\d]{0,43}[a-z\d])?")
MEMORY = re.compile(r"(\d+)\s*(m|mi|mb|g|gi|gb)", re.IGNORECASE)
DURATION = re.compile(r"\d+ ?(ms|s|min|m|h|d)")
FORBIDDEN = ("kubernetes.namespace", "kubernetes.cluster-id", "high-availability.cluster-id")
LOGGING = {"log4j-console.properties", "logback-console.xml"}
DRIVER = "org.apache.flink.client.python.PythonDriver"
CODE = "/opt/clickstream/"
PYTHON = f"{CODE}venv/bin/python"
# Flink's own share of what lies outside heap, metaspace and managed memory, and a Python worker's.
JVM_MIB, WORKER_MIB = 300, 512


def mebibytes(text: object) -> int | None:
    """A memory size as the operator and Flink both read it; None if they do not."""
    match = MEMORY.fullmatch(str(text).strip())
    return int(match[1]) * (1024 if match[2][0] in "gG" else 1) if match else None


def quoted_values(manifests: list[Manifest]) -> Iterator[str]:
    """Every value of flinkConfiguration is a string: others are accepted by all, and fail when the job starts."""
    for each in of_kind(manifests, "FlinkDeployment", "FlinkSessionJob"):
        for key, value in (each["spec"].get("flinkConfiguration") or {}).items():
            if not isinstance(value, str):
                yield f"{title(each)}: flinkConfiguration {key}: {value!r} must be a quoted string"
            if key in FORBIDDEN:
                yield f"{title(each)}: flinkConfiguration {key} is the operator's own"


def sizes(manifests: list[Manifest]) -> Iterator[str]:
    """Positive processors, memory that can be parsed, and room for the Python workers."""
    for each in of_kind(manifests, "FlinkDeployment"):
        spec, settings = each["spec"], each["spec"].get("flinkConfiguration") or {}
        for role in ("jobManager", "taskManager"):
            resource = (spec.get(role) or {}).get("resource") or {}
            if not isinstance(resource.get("cpu"), int | float) or resource["cpu"] <= 0:
                yield f"{title(each)}: {role}.resource.cpu {resource.get('cpu')!r} must be more than 0"
            if mebibytes(resource.get("memory")) is None:
                yield f"{title(each)}: {role}.resource.memory {resource.get('memory')!r} is no memory size"
        slots = int(settings.get("taskmanager.numberOfTaskSlots", 1))
        for end in ("min", "max"):
            key = f"taskmanager.memory.jvm-overhead.{end}"
            if (mebibytes(settings.get(key)) or 0) < JVM_MIB + slots * WORKER_MIB:
                yield f"{title(each)}: {key} leaves no {WORKER_MIB} MiB to the Python worker of each of {slots} slots"
        if (spec.get("jobManager") or {}).get("replicas", 1) > 1 and "high-availability.type" not in settings:
            yield f"{title(each)}: standby JobManagers need high-availability.type"


def durability(manifests: list[Manifest]) -> Iterator[str]:
    """Savepoint upgrades need a folder for savepoints, last-state ones high availability; both need checkpoints."""
    clusters = {each["metadata"]["name"]: each for each in of_kind(manifests, "FlinkDeployment")}
    for each in of_kind(manifests, "FlinkDeployment", "FlinkSessionJob"):
        job = each["spec"].get("job")
        if job is None:
            continue
        cluster = clusters.get(each["spec"].get("deploymentName", each["metadata"]["name"]))
        if cluster is None:
            yield f"{title(each)}: there is no FlinkDeployment {each['spec']['deploymentName']}"
            continue
        settings = (cluster["spec"].get("flinkConfiguration") or {}) | (each["spec"].get("flinkConfiguration") or {})
        if job.get("upgradeMode", "stateless") == "stateless":
            yield f"{title(each)}: upgradeMode stateless begins anew at every upgrade"
        needed = ["execution.checkpointing.dir", "execution.checkpointing.savepoint-dir", "high-availability.type"]
        if settings.get("high-availability.type"):
            needed.append("high-availability.storageDir")
        for key in needed:
            if not settings.get(key):
                yield f"{title(each)}: {key} is not set: upgrades need it"
            elif key.endswith(("dir", "Dir")) and not str(settings[key]).startswith("s3://"):
                yield f"{title(each)}: {key} {settings[key]} is not on storage that all pods share"
        if "--add-opens" not in str(settings.get("env.java.opts.all", "")):
            yield f"{title(each)}: env.java.opts.all has no --add-opens: the operator replaces the image's config.yaml"


def programs(manifests: list[Manifest]) -> Iterator[str]:
    """The job's file is there, Flink's arguments come before it, and versions are those of the image."""
    pins = (REPOSITORY / "requirements.txt").read_text(encoding="utf-8")
    found = re.search(r"^apache-flink==(\S+)", pins, re.MULTILINE)
    assert found
    jar = f"local:///opt/flink/opt/flink-python-{found[1]}.jar"
    for each in of_kind(manifests, "FlinkDeployment", "FlinkSessionJob"):
        if not NAME.fullmatch(each["metadata"]["name"]):
            yield f"{title(each)}: at most 45 small letters, digits and hyphens, a letter first"
        if set(each["spec"].get("logConfiguration") or {}) - LOGGING:
            yield f"{title(each)}: logConfiguration knows only {', '.join(sorted(LOGGING))}"
        job = each["spec"].get("job")
        if job is None:
            continue
        wanted = jar if each["kind"] == "FlinkDeployment" else None
        if job.get("jarURI") != wanted:
            yield f"{title(each)}: jarURI is {job.get('jarURI')}, {wanted} was expected"
        if job.get("entryClass") != DRIVER:
            yield f"{title(each)}: entryClass is {job.get('entryClass')}, {DRIVER} was expected"
        args = job.get("args") or []
        if args[:5] != ["-pyclientexec", PYTHON, "-pyexec", PYTHON, "-py"]:
            yield f"{title(each)}: args begin with -pyclientexec {PYTHON} -pyexec {PYTHON} -py FILE"
        elif not args[5:] or not (REPOSITORY / args[5].removeprefix(CODE)).is_file():
            yield f"{title(each)}: there is no job {args[5:6]}"


def parallelism(manifests: list[Manifest]) -> Iterator[str]:
    """It divides the partitions of the topics, so that subtasks read equally many, and max-parallelism."""
    topics = read_topics(REPOSITORY / "ddl" / "kafka" / "topics.yaml").topics
    partitions = {topic.partitions for topic in topics if topic.setting in ("topic_behaviors", "topic_enriched")}
    for each in of_kind(manifests, "FlinkDeployment", "FlinkSessionJob"):
        job = each["spec"].get("job")
        if job is None:
            continue
        wanted = job.get("parallelism", 0)
        most = int((each["spec"].get("flinkConfiguration") or {}).get("pipeline.max-parallelism", 120))
        if wanted < 1 or any(count % wanted for count in (*partitions, most)):
            yield f"{title(each)}: parallelism {wanted} must divide {sorted(partitions)} partitions and {most}"


RULES = (quoted_values, sizes, durability, programs, parallelism)
