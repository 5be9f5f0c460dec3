"""Rebuilds on every server, one after another: each holds marts of its own rows."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

from clickhouse_connect.driver.client import Client

from clickstream.clickhouse_client import connected
from clickstream.config.clickhouse import ClickHouseSettings, Node
from clickstream.errors import ConfigurationError, ContractError
from clickstream.names import TABLE_BEHAVIORS_LOCAL
from clickstream.rebuild import repairs
from clickstream.rebuild.days import Days
from clickstream.rebuild.generation import fix_marks, generation, quiesce
from clickstream.rebuild.lock import only_rebuild
from clickstream.rebuild.marts import Mart, marts
from clickstream.rebuild.replaced import replace_days
from clickstream.rebuild.report import Progress, Report, Step, Tell, silent
from clickstream.rebuild.shadow import Shadow

ALL = "all"
_STATEMENT_SECONDS = 6 * 3600.0  # counting a day of a large shard
_TTL = re.compile(r"TTL date \+ toIntervalDay\((\d+)\)")


def rebuild(
    settings: ClickHouseSettings, mart: str, days: Days, report: Report = silent, *, stopped: bool = False
) -> None:
    """Count days of a mart anew from the raw rows, on every server, while events go on coming in.

    Args:
        settings: the servers.
        mart: its name, such as `metrics_hourly`; ALL: every one.
        days: UTC.
        report: told of each step.
        stopped: nothing is inserted meanwhile: the only way for marts with replicas. It is done on one replica of each
            shard.

    Raises:
        ConfigurationError: there is no such mart, or the raw rows of a day are gone.
        ContractError: a server refuses a statement, or what was counted is not what the raw rows say.
        UnavailableError: a server does not answer, inserts on it do not end, or another rebuild works there.
    """
    for node in _nodes(settings, stopped):
        with _alone(node, settings, report, stopped) as (client, found, _):
            chosen = _chosen(found, mart, node)
            _require_rows(client, days)
            for each in chosen:
                _count(client, each, days, _teller(report, node, each.name), stopped)


def repair(settings: ClickHouseSettings, report: Report = silent, *, stopped: bool = False) -> int:
    """Rebuild every mart for the days that the sink has put on the list of repairs, on the server that has them there.

    A day whose raw rows are past their retention is closed without a rebuild: nothing of it can be counted any more. An
    entry that names a view that is no mart stays on the list; the marts of its day are counted anew all the same.

    Returns:
        How many entries stay.

    Raises:
        ContractError: as for `rebuild`; a view that still breaks on a row is one cause.
        UnavailableError: likewise.
    """
    return sum(_repair_node(settings, node, report, stopped) for node in _nodes(settings, stopped))


def _repair_node(settings: ClickHouseSettings, node: Node, report: Report, stopped: bool) -> int:
    with _alone(node, settings, report, stopped) as (client, found, others):
        waiting = repairs.open_repairs(client)
        foreign = [each for each in waiting if any(re.search(rf"\b{re.escape(view)}\b", each.cause) for view in others)]
        mine = [each for each in waiting if each not in foreign]
        for each in foreign:
            report(Progress(str(node), str(each.day), Step.LEFT_OPEN, f"{each.cause}: that view is no mart of ours"))
        oldest = _oldest(client)
        # A row that breaks one view may have missed others: which of several is named is chance.
        days = sorted({each.day for each in waiting if each.day > oldest})
        if days:
            for mart in found:
                _count(client, mart, Days(tuple(days)), _teller(report, node, mart.name), stopped)
        repairs.close(client, mine)
        for each in mine:
            gone = "" if each.day > oldest else "its raw rows are past their retention: its marts stay as they are"
            report(Progress(str(node), str(each.day), Step.REPAIRED, gone))
        return len(foreign)


def _nodes(settings: ClickHouseSettings, stopped: bool) -> tuple[Node, ...]:
    """Where the work is done: replicas take over what one of them has done."""
    return tuple(shard.replicas[0] for shard in settings.cluster.shards) if stopped else settings.cluster.nodes


def _count(client: Client, mart: Mart, days: Days, tell: Tell, stopped: bool) -> None:
    if stopped:
        replace_days(client, mart, days, tell)
    else:
        Shadow(client, mart, tell).rebuild(days)


@contextmanager
def _alone(
    node: Node, settings: ClickHouseSettings, report: Report, stopped: bool
) -> Iterator[tuple[Client, list[Mart], list[str]]]:
    """A client of the node that alone rebuilds there; its marts, with nothing half done; views that are none."""
    with connected(
        node, connect_seconds=settings.connect_timeout, answer_seconds=_STATEMENT_SECONDS, refused=ContractError
    ) as client:
        client.database = node.database
        generation(client)
        with only_rebuild(node, client, settings.connect_timeout):
            found, _ = marts(client)
            if not stopped:
                _require_plain(found, node)
                fix_marks(client)
            for mart in found:
                if not mart.replicated:
                    Shadow(client, mart, _teller(report, node, mart.name)).recover()
            quiesce(client)
            yield client, *marts(client)


def _require_plain(found: list[Mart], node: Node) -> None:
    for mart in found:
        if mart.replicated:
            raise ConfigurationError(
                f"{mart.table} on {node} is {mart.engine}: marts with replicas are rebuilt while nothing is inserted; "
                "stop the sink, run the command with --stopped, and start the sink again"
            )


def _chosen(found: list[Mart], name: str, node: Node) -> list[Mart]:
    chosen = found if name == ALL else [mart for mart in found if mart.name == name]
    if not chosen:
        known = ", ".join(mart.name for mart in found) or "none"
        raise ConfigurationError(f"there is no mart {name!r} on {node}: there are {known}; {ALL!r} means each of them")
    return chosen


def _require_rows(client: Client, days: Days) -> None:
    oldest = _oldest(client)
    if days.days[0] <= oldest:
        raise ConfigurationError(
            f"raw rows of {oldest} and before are past their retention: a mart of {days.days[0]} counted anew would "
            f"lose what it holds; begin with a later day"
        )


def _oldest(client: Client) -> date:
    """The last day of which raw rows may have been deleted for their age; without a TTL the first day that there is."""
    engine = client.command(
        f"SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = '{TABLE_BEHAVIORS_LOCAL}'"
    )
    ttl = _TTL.search(str(engine))
    return datetime.now(UTC).date() - timedelta(days=int(ttl[1])) if ttl else date.min


def _teller(report: Report, node: Node, what: str) -> Tell:
    def tell(step: Step, note: str) -> None:
        report(Progress(str(node), what, step, note))

    return tell
