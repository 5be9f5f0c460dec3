"""What the service's requests share: one of each, made when it starts and closed when it ends."""

from dataclasses import dataclass, field
from functools import cached_property

from analytics.catalogue.catalogue import Catalogue
from analytics.configuration import Configuration
from analytics.dead_letters.ledger import Ledger
from analytics.erasure.erasure import Erasure
from analytics.pages import BUILT, Pages
from analytics.questions.pipeline import Platform
from analytics.tokens import Tokens
from analytics.warehouse import Warehouse
from clickstream.clock import Clock
from clickstream.config.analytics import AnalyticsSettings
from clickstream.lookup import AsyncLookup


@dataclass(frozen=True)
class Services:
    """Connections and settings.

    Attributes:
        settings: of the service itself.
        tokens: who may ask.
        warehouse: ClickHouse.
        lookup: Redis; None: there is none, and live figures are refused.
        clock: what time it is.
        configuration: MongoDB; None: there is none, and its counts are left out.
        dead_letters: Kafka's topics of them; None: there is no Kafka to ask.
        pages: the dashboard's files.
        platform: Flink and Kafka, for the state of the pipeline.
        erasure: of users; None: it is refused.
    """

    settings: AnalyticsSettings
    tokens: Tokens
    warehouse: Warehouse
    lookup: AsyncLookup | None
    clock: Clock
    configuration: Configuration | None = None
    dead_letters: Ledger | None = None
    pages: Pages = field(default_factory=lambda: Pages(BUILT))
    platform: Platform = field(default_factory=Platform)
    erasure: Erasure | None = None

    @cached_property
    def catalogue(self) -> Catalogue | None:
        """Scenarios, items, models, experiments and user profiles; None: there is no MongoDB."""
        return None if self.configuration is None else self.configuration.catalogue(self.clock)

    async def close(self) -> None:
        """Disconnect from everything."""
        await self.warehouse.close()
        await self.platform.close()
        if self.lookup is not None:
            await self.lookup.close()
        if self.configuration is not None:
            await self.configuration.close()
