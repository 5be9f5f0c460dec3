"""S3-compatible storage of a test's own. An object is a file of this machine, so that one can see what was stored."""

import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.deploy.image.probes import HOST, answers
from tests.deploy.rendering import tool
from tests.kit.ports import free_port
from tests.kit.waiting import wait_for

HEALTH = "/healthz"
SECRET = {"AWS_ACCESS_KEY_ID": "flink", "AWS_SECRET_ACCESS_KEY": "of-a-test-alone"}


class ObjectStorage:
    """A server with one bucket, for those who have SECRET. Runs while it is entered.

    Args:
        folder: for buckets and what the server notes beside them.
        bucket: made here: neither Flink nor the server makes one.
        region: whose requests it takes.
    """

    def __init__(self, folder: Path, bucket: str, region: str) -> None:
        self._port = free_port()
        self._folder, self._region = folder, region
        self._buckets, self._notes = folder / "buckets", folder / "notes"
        (self._buckets / bucket).mkdir(parents=True)
        self._notes.mkdir()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{HOST}:{self._port}"

    def path(self, uri: str) -> Path:
        """Where the object of an s3:// address lies, or those that begin with it and a slash."""
        parts = urlsplit(uri)
        assert parts.scheme == "s3", uri
        return self._buckets / parts.netloc / parts.path.strip("/")

    def __enter__(self) -> Self:
        program = tool("versitygw")
        log = self._folder / "log"
        options = ["--port", f"{HOST}:{self._port}", "--region", self._region, "--health", HEALTH, "--quiet"]
        environment = {
            "ROOT_ACCESS_KEY": SECRET["AWS_ACCESS_KEY_ID"],
            "ROOT_SECRET_KEY": SECRET["AWS_SECRET_ACCESS_KEY"],
        }
        with log.open("wb") as output:
            self._process = process = subprocess.Popen(
                [program, *options, "posix", "--sidecar", self._notes, self._buckets],
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        probe = {"httpGet": {"path": HEALTH, "port": "http"}}

        def ready() -> bool:
            assert process.poll() is None, log.read_text()[-3000:]
            return answers(probe, {"http": self._port})

        try:
            wait_for(ready, 30, f"the storage answers; its log is {log}")
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
