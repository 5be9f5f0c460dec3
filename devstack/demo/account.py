"""The last part of a demo: no more is sent, what is on its way arrives, and the books are balanced."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from clickhouse_connect.driver.exceptions import ClickHouseError

from clickstream.config import ClickHouseSettings, KafkaSettings, SinkSettings, resolve
from clickstream.errors import ClickstreamError, UnavailableError
from clickstream.generator.answers import Answers
from clickstream.reconcile.reconcile import Books, Ledger, reconcile
from clickstream.reconcile.stored import Stored
from clickstream.reconcile.topic import Topic
from devstack.demo.census import Counted
from devstack.demo.nodes import Nodes
from devstack.demo.sql_books import Match, SqlBooks
from devstack.demo.traffic import Traffic
from devstack.demo.visitors import Posted, Visitors
from devstack.demo.watch import Sample, Watch

# A JobManager that was started again, and the jobs on it, take most of this; an outage may take longer.
PATIENCE_SECONDS = 90.0
SETTLED_SECONDS = 5.0
PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Account:
    """All that is known at the end.

    Attributes:
        answers: the generator's.
        posted: the visitors'; None where there are none.
        books: what became of each record.
        counted: from Kafka, when the books were read.
        joined: distinct events of the demo in the DWD topic; None where no join runs.
        matches: Redis against SQL.
    """

    answers: Answers
    posted: Posted | None
    books: Books
    counted: Counted
    joined: int | None
    matches: tuple[Match, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing is on its way any more."""
        counted = self.counted
        return (
            not self.books.missing
            and counted.sent == self.books.sent
            and (self.posted is None or counted.posted >= self.posted.events)
            and (self.joined is None or self.joined >= self.answers.valid + counted.collected - counted.copied)
            and all(match.equal == match.compared for match in self.matches)
        )


class Accountant:
    """Balances the books of one demo.

    Args:
        watch: of the pipeline.
        traffic: asked to stop, or about to.
        visitors: the same; None where there are none.
        show: told about what is on its way: the sample, seconds without progress, and after how many it is given up.
    """

    def __init__(
        self,
        watch: Watch,
        traffic: Traffic,
        visitors: Visitors | None,
        show: Callable[[Sample, float, float], None],
    ) -> None:
        self._watch, self._traffic, self._visitors, self._show = watch, traffic, visitors, show
        self._keys = {kind.key for kind in watch.jobs.kinds}
        self._mark: object = None
        self._since = time.monotonic()

    def close_books(self) -> Account:
        """Wait while anything moves, until everything has arrived; what is missing after a long standstill stays so.

        The live counts say when it is worth looking. They are no proof.

        Raises:
            ClickstreamError: the generator failed, or a server that is needed is still away.
        """
        while self._traffic.running() or (self._visitors is not None and self._visitors.running()):
            if self._stuck(self._sample()):
                raise ClickstreamError(f"NOT balanced: the last records cannot be sent{self._away()}")
        answers = self._traffic.answers()
        posted = self._visitors.posted() if self._visitors is not None else None
        account: Account | None = None
        reason = ""
        while True:
            sample = self._sample()
            settled = time.monotonic() - self._since > SETTLED_SECONDS
            readable = not any(each.name.startswith(("kafka", "clickhouse")) for each in sample.away)
            if readable and (not sample.lag or settled):
                try:
                    account = self._account(answers, posted, sample, account)
                    if account.complete:
                        return account
                except (UnavailableError, ClickHouseError, OSError) as error:
                    reason = f": {error}"
            if self._stuck(sample):
                if account is None:
                    raise ClickstreamError(f"NOT balanced: the books cannot be read{self._away()}{reason}")
                return account

    def _sample(self) -> Sample:
        time.sleep(PAUSE_SECONDS)
        if self._watch.health.taken_down():
            raise ClickstreamError("NOT balanced: the servers were stopped (clickstream down) before the books were")
        sample = self._watch.sample()
        if sample.progress != self._mark:
            self._mark, self._since = sample.progress, time.monotonic()
        self._show(sample, time.monotonic() - self._since, PATIENCE_SECONDS)
        return sample

    def _stuck(self, sample: Sample) -> bool:
        # A job that is being submitted shows no progress, and is some.
        busy = any(seen.state in {"submitting", "waiting"} for seen in sample.jobs) and not self._watch.jobs.problem()
        limit = 2 * PATIENCE_SECONDS if busy else PATIENCE_SECONDS
        return time.monotonic() - self._since > limit

    def _away(self) -> str:
        away = self._watch.health.away
        return f": {', '.join(map(str, away))}" if away else ""

    def _account(self, answers: Answers, posted: Posted | None, sample: Sample, before: Account | None) -> Account:
        counted = sample.counted
        # What pages send meanwhile is in the one or the other: both are to be of the same records.
        whole = before and not before.books.missing and before.books.sent == counted.sent
        books = before.books if before and whole else self._books()
        joined = counted.joined if "join" in self._keys else None
        matches: tuple[Match, ...] = ()
        if not books.missing and all(seen.running for seen in sample.jobs):
            nodes = Nodes(resolve(ClickHouseSettings).cluster)
            try:
                table = resolve(SinkSettings).table
                matches = tuple(SqlBooks(nodes, table, self._watch.epoch).matches(self._keys))
            finally:
                nodes.close()
        elif served := self._keys & {"hot", "metrics", "recent"}:
            matches = (Match(f"{', '.join(sorted(served))}: not compared, a job does not run", 1, 0),)
        if before is not None and (joined, matches) != (before.joined, before.matches):
            self._since = time.monotonic()
        return Account(answers, posted, books, counted, joined, matches)

    def _books(self) -> Books:
        kafka, epoch = resolve(KafkaSettings), self._watch.epoch
        topics: list[Topic] = []
        stored = Stored(resolve(ClickHouseSettings).cluster, resolve(SinkSettings).table)
        try:
            for name in (kafka.topic_behaviors, kafka.topic_rejected, kafka.topic_dead_letters):
                topics.append(Topic(kafka.bootstrap, name))
            topic, rejected, dead = topics
            ledger = Ledger(topic=topic, epoch=epoch, stored=stored, rejected=rejected, dead=dead)
            return reconcile(ledger, topic.spans(dict(self._watch.firsts)))
        finally:
            stored.close()
            for each in topics:
                each.close()
