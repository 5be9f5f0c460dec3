"""Settings: environment variables `CLICKSTREAM_*`, one frozen picklable object per concern, resolved once in main().

Nothing here reads the environment at import: `resolve(KafkaSettings)` does, and names every variable that is unknown,
malformed or contradicts another one.
"""

from clickstream.config.analytics import AnalyticsSettings
from clickstream.config.clickhouse import ClickHouseSettings
from clickstream.config.collector import CollectorSettings
from clickstream.config.dead_letters import DeadLetterSettings
from clickstream.config.dimensions import DimensionSettings
from clickstream.config.events import EventSettings
from clickstream.config.hot import HotSettings
from clickstream.config.kafka import KafkaSettings
from clickstream.config.live_metrics import LiveMetricsSettings
from clickstream.config.logs import LogSettings
from clickstream.config.recent import RecentSettings
from clickstream.config.redis import RedisSettings
from clickstream.config.resolve import resolve
from clickstream.config.servers import ServerSettings
from clickstream.config.sink import SinkSettings

__all__ = [
    "AnalyticsSettings",
    "ClickHouseSettings",
    "CollectorSettings",
    "DeadLetterSettings",
    "DimensionSettings",
    "EventSettings",
    "HotSettings",
    "KafkaSettings",
    "LiveMetricsSettings",
    "LogSettings",
    "RecentSettings",
    "RedisSettings",
    "ServerSettings",
    "SinkSettings",
    "resolve",
]
