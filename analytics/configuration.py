"""MongoDB as the service asks it: configuration, never behaviour. Without it the dashboard lacks two counts."""

import asyncio
import logging
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from analytics.catalogue.catalogue import Catalogue
from clickstream.clock import Clock

DATABASE = "clickstream"

_LOG = logging.getLogger(__name__)


class Configuration:
    """Collections of the platform's configuration, each document with its tenant_id.

    Args:
        url: mongodb://..., with the database; without one it is DATABASE.
        seconds: how long an answer is waited for.
    """

    def __init__(self, url: str, seconds: float) -> None:
        self._seconds = seconds
        milliseconds = int(seconds * 1000)
        self._client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            url, serverSelectionTimeoutMS=milliseconds, timeoutMS=milliseconds, tz_aware=True
        )

    def catalogue(self, clock: Clock) -> Catalogue:
        """What can be read and changed there; it uses the same connections."""
        return Catalogue(self._client.get_default_database(DATABASE), self._seconds, clock)

    async def close(self) -> None:
        """Disconnect."""
        await self._client.close()

    async def counts(self, tenant: str) -> tuple[int, int] | None:
        """Items and active scenarios of a tenant; None when MongoDB does not answer in time, which is logged."""
        database = self._client.get_default_database(DATABASE)
        try:
            async with asyncio.timeout(self._seconds):
                items, scenarios = await asyncio.gather(
                    database["items"].count_documents({"tenant_id": tenant}),
                    database["scenarios"].count_documents({"tenant_id": tenant, "status": "active"}),
                )
        except (PyMongoError, TimeoutError) as error:
            _LOG.warning("MongoDB does not answer: %s", type(error).__name__)
            return None
        return items, scenarios
