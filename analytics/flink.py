"""Flink as the service asks it: what its REST interface tells about jobs, their checkpoints and their lag."""

import asyncio
from typing import Any
from urllib.parse import quote

import aiohttp

from clickstream.error_codes import ErrorCode
from clickstream.errors import UnavailableError

Json = dict[str, Any]

_OVER = frozenset({"FINISHED", "CANCELED"})


class Flink:
    """One cluster.

    Args:
        url: of the JobManager's REST interface.
        page: of its web UI as a browser reaches it; empty: `url`.
        seconds: how long an answer is waited for.
    """

    def __init__(self, url: str, page: str = "", seconds: float = 3.0) -> None:
        self._url = url.rstrip("/")
        self.page = (page or self._url).rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=seconds)
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Disconnect."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def jobs(self) -> list[Json]:
        """The newest job of each name that is not over, as /jobs/overview has it; one that failed is not over.

        Raises:
            UnavailableError: Flink does not answer.
        """
        listed = sorted((await self._get("/jobs/overview"))["jobs"], key=lambda job: int(job["start-time"]))
        newest: dict[str, Json] = {str(job["name"]): job for job in listed if job["state"] not in _OVER}
        return [newest[name] for name in sorted(newest)]

    async def checkpoints(self, job_id: str) -> Json:
        """/jobs/:id/checkpoints; counts and the latest ones.

        Raises:
            UnavailableError: Flink does not answer.
        """
        found: Json = await self._get(f"/jobs/{job_id}/checkpoints")
        return found

    async def failure(self, job_id: str) -> str | None:
        """What the last failure of a job was, in one line; None: there was none.

        Raises:
            UnavailableError: Flink does not answer.
        """
        found = await self._get(f"/jobs/{job_id}/exceptions?maxExceptions=1")
        entries = (found.get("exceptionHistory") or {}).get("entries") or []
        lines = str(entries[0].get("stacktrace", "")).splitlines() if entries else []
        ours = [line.strip() for line in lines if "clickstream.errors." in line]
        return next(iter(ours or lines), None)

    async def lag(self, job_id: str) -> int | None:
        """Records of its topics that a job has not read, as of some seconds ago; None: its sources do not say yet.

        Raises:
            UnavailableError: Flink does not answer.
        """
        vertices = (await self._get(f"/jobs/{job_id}"))["vertices"]
        paths = [
            f"/jobs/{job_id}/vertices/{vertex['id']}/subtasks/metrics"
            for vertex in vertices
            if str(vertex["name"]).startswith("Source")
        ]
        sums = [sum_ for found in await asyncio.gather(*map(self._pending, paths)) for sum_ in found]
        return sum(sums) if sums else None

    async def _pending(self, path: str) -> list[int]:
        names = [str(each["id"]) for each in await self._get(path) if str(each["id"]).endswith(".pendingRecords")]
        if not names:
            return []
        asked = ",".join(quote(name, safe="") for name in names)
        return [int(each["sum"]) for each in await self._get(f"{path}?get={asked}&agg=sum") if "sum" in each]

    async def _get(self, path: str) -> Any:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        try:
            async with self._session.get(self._url + path) as answer:
                answer.raise_for_status()
                return await answer.json()
        except (TimeoutError, aiohttp.ClientError, ValueError) as error:
            reason = f"{error or type(error).__name__}"
            raise UnavailableError(
                f"Flink at {self._url} does not answer: {reason}", ErrorCode.FLINK_AWAY, reason=f"{self._url}: {reason}"
            ) from error
