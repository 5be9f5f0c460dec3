"""A server of MongoDB's protocol (mongo-java-server) that keeps its data in one file."""

from pathlib import Path

import pymongo
from pymongo.errors import PyMongoError

from clickstream.errors import UnavailableError
from devstack.ports import HOST
from devstack.processes import ProcessId
from devstack.servers.reasons import reason_of
from devstack.servers.server import Server, java

LAUNCHER = Path(__file__).with_name("MongoServerMain.java")


def probe(url: str) -> None:
    """Ping.

    Raises:
        UnavailableError: it does not answer.
    """
    try:
        client: pymongo.MongoClient[dict[str, object]]
        with pymongo.MongoClient(url, serverSelectionTimeoutMS=3000, socketTimeoutMS=3000) as client:
            client.admin.command("ping")
    except PyMongoError as error:
        raise UnavailableError(f"MongoDB does not answer ping: {reason_of(error)}") from error


class MongoDB(Server):
    """A single server. It has no users: it listens on the loopback interface alone."""

    name = "mongo"

    @property
    def port(self) -> int:
        """Where clients connect."""
        return self.plan.ports["mongo"]

    def prepare(self) -> None:
        """Make its folder."""
        self.data.mkdir(parents=True, exist_ok=True)

    def command(self) -> list[str]:
        """The launcher beside this file, which Java compiles as it starts it."""
        return [
            java(),
            "-Xmx128m",
            "-XX:+ExitOnOutOfMemoryError",
            "-XX:TieredStopAtLevel=1",
            # INFO is two lines a connection.
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-cp",
            f"{self.require_jars('mongo')}/*",
            str(LAUNCHER),
            str(self.data / "mongo.h2"),
            HOST,
            str(self.port),
        ]

    def probe(self, process: ProcessId) -> None:
        """Ping, as drivers do."""
        self.require_listening(process)
        probe(f"mongodb://{HOST}:{self.port}/?directConnection=true")
