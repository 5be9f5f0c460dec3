"""Brings ClickHouse, MySQL and Kafka to what ddl/ describes. Every step can be repeated and may run twice at once."""

from clickstream.migrate.clickhouse import migrate_clickhouse
from clickstream.migrate.files import Migration, ddl_directory, read_migrations
from clickstream.migrate.kafka import migrate_kafka
from clickstream.migrate.mysql import migrate_mysql
from clickstream.migrate.outcome import Outcome, Report, State

__all__ = [
    "Migration",
    "Outcome",
    "Report",
    "State",
    "ddl_directory",
    "migrate_clickhouse",
    "migrate_kafka",
    "migrate_mysql",
    "read_migrations",
]
