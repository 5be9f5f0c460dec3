"""Runs the service with the settings of the environment."""

import os

import uvicorn

from analytics.app import application
from analytics.configuration import Configuration
from analytics.dead_letters.ledger import Ledger
from analytics.erasure.erasure import Erasure
from analytics.flink import Flink
from analytics.pages import BUILT, Pages
from analytics.questions.pipeline import Platform
from analytics.services import Services
from analytics.tokens import Tokens
from analytics.topics import Topics
from analytics.warehouse import Warehouse
from clickstream import logs
from clickstream.clock import SystemClock
from clickstream.config import (
    ClickHouseSettings,
    DeadLetterSettings,
    KafkaSettings,
    LogSettings,
    RecentSettings,
    RedisSettings,
    ServerSettings,
    resolve,
)
from clickstream.config.analytics import AnalyticsSettings
from clickstream.config.base import PREFIX
from clickstream.lookup import AsyncLookup


def from_environment() -> Services:
    """Make everything that requests share.

    Raises:
        ConfigurationError: a setting is missing or wrong, or the file of tokens.
    """
    settings = resolve(AnalyticsSettings)
    servers = resolve(ServerSettings)
    clock = SystemClock()
    return Services(
        settings=settings,
        tokens=Tokens(settings.tokens_file),
        warehouse=Warehouse(resolve(ClickHouseSettings), settings, clock),
        lookup=AsyncLookup.connect(servers.redis_url, resolve(RedisSettings)) if servers.redis_url else None,
        clock=clock,
        configuration=Configuration(servers.mongo_url, settings.mongo_seconds) if servers.mongo_url else None,
        dead_letters=_ledger(settings, clock),
        pages=Pages(settings.pages or BUILT),
        platform=_platform(servers.flink_rest_url, settings.flink_page),
        erasure=_erasure(servers, clock),
    )


def _ledger(settings: AnalyticsSettings, clock: SystemClock) -> Ledger | None:
    if not os.environ.get(f"{PREFIX}KAFKA_BOOTSTRAP"):
        return None
    return Ledger(resolve(KafkaSettings), settings.dead_letter_records, settings.dead_letter_seconds, clock)


def _erasure(servers: ServerSettings, clock: SystemClock) -> Erasure:
    """Folder and Kafka are left out where nobody says where they are: the receipt then says so."""
    return Erasure(
        resolve(ClickHouseSettings),
        clock,
        redis_url=servers.redis_url,
        redis=resolve(RedisSettings) if servers.redis_url else None,
        dead_letters=resolve(DeadLetterSettings).dir if os.environ.get(f"{PREFIX}DEAD_LETTER_DIR") else None,
        kafka=resolve(KafkaSettings) if os.environ.get(f"{PREFIX}KAFKA_BOOTSTRAP") else None,
        recent_seconds=resolve(RecentSettings).ttl_seconds,
    )


def _platform(flink_rest_url: str | None, flink_page: str) -> Platform:
    """Kafka's settings are left out where nobody says where it is: only the pipeline's page is about them."""
    kafka = resolve(KafkaSettings) if os.environ.get("CLICKSTREAM_KAFKA_BOOTSTRAP") else None
    return Platform(
        flink=Flink(flink_rest_url, flink_page) if flink_rest_url else None,
        topics=Topics(kafka.bootstrap) if kafka else None,
        kafka=kafka,
    )


def serve() -> None:
    """Serve until SIGINT or SIGTERM."""
    logged = resolve(LogSettings)
    logs.service("analytics", logged)
    services = from_environment()
    settings = services.settings
    app = application(services)
    if logged.access:
        app.add_middleware(logs.Watch, told=logs.access_log)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
    )
