"""What the service's requests share: one of each, made when it starts and closed when it ends."""

from dataclasses import dataclass

from analytics.configuration import Configuration
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
    """

    settings: AnalyticsSettings
    tokens: Tokens
    warehouse: Warehouse
    lookup: AsyncLookup | None
    clock: Clock
    configuration: Configuration | None = None

    async def close(self) -> None:
        """Disconnect from everything."""
        await self.warehouse.close()
        if self.lookup is not None:
            await self.lookup.close()
        if self.configuration is not None:
            await self.configuration.close()
