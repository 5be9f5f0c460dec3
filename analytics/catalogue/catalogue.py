"""All kinds together: their stores, their indexes, and what the rest of the service asks of them."""

import asyncio
import logging
from typing import Any

from pymongo import IndexModel
from pymongo.asynchronous.database import AsyncDatabase

from analytics.catalogue.collection import document_id, patience
from analytics.catalogue.errors import InvalidError
from analytics.catalogue.kinds import EXPERIMENTS, ITEMS, KINDS, MODELS, SCENARIOS, USER_PROFILES, Kind
from analytics.catalogue.store import Store
from clickstream.clock import Clock
from clickstream.errors import ClickstreamError

_LOG = logging.getLogger(__name__)
_SECONDS_BETWEEN_TRIES = 10.0
_SECONDS_FOR_INDEXES = 60.0


class Catalogue:
    """The stores of one database.

    Args:
        database: of MongoDB, whose client knows time zones (`tz_aware`).
        seconds: patience with it.
        clock: what time it is.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]], seconds: float, clock: Clock) -> None:
        self._database = database
        self._seconds = seconds
        self.scenarios = Store(SCENARIOS, database[SCENARIOS.name], seconds, clock)
        self.items = Store(ITEMS, database[ITEMS.name], seconds, clock)
        self.models = Store(MODELS, database[MODELS.name], seconds, clock)
        self.experiments = Store(EXPERIMENTS, database[EXPERIMENTS.name], seconds, clock)
        self.user_profiles = Store(USER_PROFILES, database[USER_PROFILES.name], seconds, clock)
        self._stores: dict[str, Store[Any, Any]] = {
            store.kind.name: store
            for store in (self.scenarios, self.items, self.models, self.experiments, self.user_profiles)
        }

    def store(self, kind: Kind[Any, Any]) -> Store[Any, Any]:
        """The store of a kind."""
        return self._stores[kind.name]

    async def make_indexes(self) -> None:
        """Make what is missing of the indexes. They make lists and searches fast; nothing depends on them.

        Raises:
            UnavailableError: MongoDB does not answer.
        """
        for kind in KINDS:
            models = [IndexModel([("tenant_id", 1), *((field, 1) for field in fields)]) for fields in kind.indexes]
            if models:
                async with patience(_SECONDS_FOR_INDEXES):
                    await self._database[kind.name].create_indexes(models)

    async def keep_trying_to_make_indexes(self) -> None:
        """Make them as soon as MongoDB answers; run it as a task."""
        while True:
            try:
                await self.make_indexes()
            except ClickstreamError as error:
                _LOG.warning("the catalogue's indexes are not made yet: %s", error)
                await asyncio.sleep(_SECONDS_BETWEEN_TRIES)
            else:
                return

    async def erase_user(self, tenant: str, user: str) -> int:
        """Remove what the catalogue holds of a user; how many documents that was.

        Raises:
            UnavailableError: MongoDB does not answer.
        """
        if not user:
            raise InvalidError("name a user")
        async with patience(self._seconds):
            done = await self._database[USER_PROFILES.name].delete_many(
                {"_id": document_id(tenant, user), "tenant_id": tenant}
            )
        return done.deleted_count
