"""The catalogue over HTTP, as a program of a customer asks it."""

from types import TracebackType
from typing import Any, Self

import httpx


class Catalogue:
    """Asks with one token, which may be for several tenants."""

    def __init__(self, address: str, token: str | None, tenant: str = "") -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        base = f"{address}/api/v1/catalogue"
        self.http = httpx.Client(
            base_url=base, headers=headers, params={"tenant_id": tenant} if tenant else None, timeout=30
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def get(self, path: str, **parameters: Any) -> Any:
        """The JSON of an answer that must be 200."""
        answer = self.http.get(path, params=parameters)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.json()

    def make(self, kind: str, /, **fields: Any) -> Any:
        """A new document; the JSON of an answer that must be 201."""
        answer = self.http.post(kind, json=fields)
        assert answer.status_code == 201, (answer.status_code, answer.text)
        assert answer.headers["ETag"] == f'"{answer.json()["revision"]}"'
        return answer.json()

    def put(self, path: str, revision: int | None = None, /, **fields: Any) -> Any:
        """A changed document; the JSON of an answer that must be 200."""
        answer = self.try_put(path, revision, **fields)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        assert answer.headers["ETag"] == f'"{answer.json()["revision"]}"'
        return answer.json()

    def try_put(self, path: str, revision: int | None = None, /, **fields: Any) -> httpx.Response:
        """The answer to a change."""
        headers = {} if revision is None else {"If-Match": f'"{revision}"'}
        return self.http.put(path, json=fields, headers=headers)

    def remove(self, path: str, revision: int | None = None) -> int:
        """The status of a removal."""
        headers = {} if revision is None else {"If-Match": f'"{revision}"'}
        return self.http.delete(path, headers=headers).status_code
