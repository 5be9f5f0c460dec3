"""The list of days whose marts may lack rows: the sink notes them, see sinks/clickhouse/views.py."""

from dataclasses import dataclass
from datetime import date, datetime

from clickhouse_connect.driver.client import Client

from clickstream.names import TABLE_REPAIRS


@dataclass(frozen=True, slots=True)
class Repair:
    """A day that waits, and why."""

    day: date
    cause: str
    noted_at: datetime


def open_repairs(client: Client) -> list[Repair]:
    """What waits, in order."""
    sql = f"SELECT date, cause, noted_at FROM {TABLE_REPAIRS} FINAL WHERE state = 'open' ORDER BY date, cause"
    return [Repair(*row) for row in client.query(sql).result_rows]


def close(client: Client, repairs: list[Repair]) -> None:
    """Note them as rebuilt. What the sink has noted again since they were read stays open: its row is later."""
    for repair in repairs:
        client.command(
            f"INSERT INTO {TABLE_REPAIRS} (date, cause, state, noted_at) SELECT date, cause, 'rebuilt', noted_at "
            f"FROM {TABLE_REPAIRS} FINAL WHERE date = {{day:Date}} AND cause = {{cause:String}} "
            "AND noted_at <= {noted_at:DateTime64(3)} AND state = 'open'",
            parameters={"day": repair.day, "cause": repair.cause, "noted_at": repair.noted_at},
            settings={"async_insert": 0, "insert_deduplicate": 0},
        )
