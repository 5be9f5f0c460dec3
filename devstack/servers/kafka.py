"""Kafka: one broker that is its own controller (KRaft)."""

import base64
import subprocess
import uuid

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from clickstream.errors import ConfigurationError, UnavailableError
from devstack.files import write_if_changed
from devstack.ports import HOST
from devstack.processes import ProcessId
from devstack.servers.server import Server, java

PROPERTIES = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
controller.quorum.voters=1@{host}:{controller}
log.dirs={data}
# A topic that nobody has declared is a mistyped name.
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
num.recovery.threads.per.data.dir=2
"""

LOG4J = """\
rootLogger.level = INFO
rootLogger.appenderRef.console.ref = Console
appender.console.name = Console
appender.console.type = CONSOLE
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5p %c{1.} - %m%n
# At every start: each setting of each component, hundreds of lines.
logger.config.name = org.apache.kafka.common.config.AbstractConfig
logger.config.level = WARN
"""


def probe(bootstrap: str) -> None:
    """Ask a cluster for its metadata.

    Raises:
        UnavailableError: it does not answer, or has no broker.
    """
    # log_level 0: librdkafka would print every refused connection to stderr.
    client = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0, "socket.timeout.ms": 3000})
    try:
        brokers = client.list_topics(timeout=3).brokers
    except KafkaException as error:
        raise UnavailableError(f"Kafka at {bootstrap} does not answer: {error.args[0].str()}") from error
    if not brokers:
        raise UnavailableError(f"Kafka at {bootstrap} has no broker yet")


class Kafka(Server):
    """The broker. Its log outlives kill -9: what a client was told is written is in the page cache at least."""

    name = "kafka"

    @property
    def port(self) -> int:
        """Where clients connect."""
        return self.plan.ports["kafka"]

    def prepare(self) -> None:
        """Write its configuration, and format its storage once.

        Raises:
            ConfigurationError: jars are missing, or the storage cannot be formatted.
        """
        properties = PROPERTIES.format(
            host=HOST, port=self.port, controller=self.plan.ports["kafka-controller"], data=self.data / "log"
        )
        self.data.mkdir(parents=True, exist_ok=True)
        write_if_changed(self.data / "server.properties", properties)
        write_if_changed(self.data / "log4j2.properties", LOG4J)
        if (self.data / "log" / "meta.properties").exists():
            return
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # Joined by "=": one in 64 ids starts with a dash, and would be taken for another option.
        options = [f"--cluster-id={cluster}", "-c", str(self.data / "server.properties")]
        formatted = subprocess.run(
            [*self._java("128m"), "kafka.tools.StorageTool", "format", *options],
            capture_output=True,
            text=True,
            check=False,
        )
        if formatted.returncode:
            said = (formatted.stdout + formatted.stderr).strip()
            raise ConfigurationError(f"Kafka's storage in {self.data} could not be formatted: {said}")

    def command(self) -> list[str]:
        """The broker's own main class."""
        return [*self._java("512m"), "kafka.Kafka", str(self.data / "server.properties")]

    def probe(self, process: ProcessId) -> None:
        """Ask for its metadata, as every client does first."""
        self.require_listening(process)
        probe(f"{HOST}:{self.port}")

    def _java(self, heap: str) -> list[str]:
        return [
            java(),
            f"-Xmx{heap}",
            "-XX:+ExitOnOutOfMemoryError",
            f"-Dlog4j2.configurationFile={self.data / 'log4j2.properties'}",
            "-cp",
            f"{self.require_jars('kafka')}/*",
        ]
