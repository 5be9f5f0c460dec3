"""One erasure: every store in turn, then the receipt. It can be repeated; a store that does not answer ends it."""

import asyncio
import logging
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from analytics.catalogue.catalogue import Catalogue
from analytics.erasure.elsewhere import beside, in_kafka
from analytics.erasure.files import erase_letters
from analytics.erasure.receipt import Receipt
from analytics.erasure.recent_items import RecentLists
from analytics.erasure.tables import erase_rows
from clickstream.clock import Clock
from clickstream.config import ClickHouseSettings, KafkaSettings, RedisSettings

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Erasure:
    """Where a user's data are.

    Attributes:
        clickhouse: every server is asked, whether or not a cluster spans them.
        clock: dates the receipt.
        redis_url: None: there is no Redis.
        redis: how its keys are called.
        dead_letters: the sink's folder; None: it is not to be reached from here.
        kafka: where what stays is; None: not known.
        recent_seconds: after which the job UserRecent forgets a user: its CLICKSTREAM_RECENT_TTL_SECONDS.
    """

    clickhouse: ClickHouseSettings
    clock: Clock
    redis_url: str | None = None
    redis: RedisSettings | None = None
    dead_letters: Path | None = None
    kafka: KafkaSettings | None = None
    recent_seconds: float = 7 * 24 * 3600

    async def erase(
        self, tenant_id: str, user_id: str, requested_by: str, catalogue: Catalogue | None = None
    ) -> Receipt:
        """Erase one user.

        Args:
            tenant_id: whose user it is.
            user_id: the user.
            requested_by: for the receipt.
            catalogue: which holds a profile; None: there is none.

        Raises:
            UnavailableError: a server does not answer, or a rebuild of marts works there: repeat the request.
            StorageError: the dead letters' folder cannot be read or written.
        """
        tables = await asyncio.to_thread(erase_rows, self.clickhouse, tenant_id, user_id)
        keys = None
        if self.redis_url is not None:
            lists = RecentLists(self.redis_url, self.redis or RedisSettings(), self.recent_seconds)
            keys = await lists.erase(tenant_id, user_id, int(self.clock.now() * 1000))
        profiles = None if catalogue is None else await catalogue.erase_user(tenant_id, user_id)
        files = None
        if self.dead_letters is not None:
            files = await asyncio.to_thread(erase_letters, self.dead_letters, tenant_id, user_id)
        now = datetime.fromtimestamp(self.clock.now(), UTC)
        kept = await asyncio.to_thread(in_kafka, self.kafka, now)
        receipt = Receipt(
            receipt_id=uuid.uuid4().hex,
            tenant_id=tenant_id,
            user_id=user_id,
            requested_by=requested_by,
            erased_at=now,
            clickhouse=tables.rows,
            redis_keys=keys,
            profiles=profiles,
            dead_letter_files=files,
            days_to_rebuild=[f"{day}" for day in sorted(tables.days)],
            remaining=kept + beside(now, with_redis=self.redis_url is not None, recent_seconds=self.recent_seconds),
        )
        _LOG.info("a user was erased: receipt %s", receipt.receipt_id)  # the receipt says whose and for whom
        return receipt
