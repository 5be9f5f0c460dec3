"""The service as it runs, in a thread of the test's process, on a free port."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import httpx
import uvicorn

from analytics.app import application
from analytics.services import Services
from tests.kit.waiting import wait_for


@contextmanager
def running(services: Services) -> Iterator[str]:
    """The address of a service that has just started; it is stopped at the end."""
    server = uvicorn.Server(
        uvicorn.Config(application(services), host="127.0.0.1", port=0, log_level="warning", access_log=False)
    )
    thread = threading.Thread(target=server.run, name="analytics", daemon=True)
    thread.start()
    try:
        wait_for(lambda: server.started or not thread.is_alive(), 30, "the service starts")
        assert server.started
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(30)


class Client:
    """Asks with one token."""

    def __init__(self, address: str, token: str | None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.http = httpx.Client(base_url=address, headers=headers, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def get(self, path: str, **parameters: Any) -> Any:
        """The JSON of an answer that must be 200."""
        answer = self.http.get(f"/api/v1/analytics/{path}", params=parameters)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.json()

    def refused(self, path: str, **parameters: Any) -> tuple[int, str]:
        """Status and detail of an answer that is not 200."""
        answer = self.http.get(f"/api/v1/analytics/{path}", params=parameters)
        assert answer.status_code != 200, answer.text
        return answer.status_code, str(answer.json()["detail"])
