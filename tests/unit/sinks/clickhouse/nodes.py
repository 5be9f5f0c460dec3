"""ClickHouse in memory, as a delivery sees it: parts by month, tokens, answers that lie or never come."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np

from clickstream.clock import ManualClock
from clickstream.config.clickhouse import Cluster, Node, Shard
from clickstream.config.sink import OnExhausted
from clickstream.retry import RetryPolicy
from sinks.clickhouse.batch import Batch, Mask, Positions
from sinks.clickhouse.delivery import Delivery, Services, Terms
from sinks.clickhouse.errors import Code, Meaning, ServerError
from sinks.clickhouse.health import Health
from sinks.clickhouse.isolation import Sample
from sinks.clickhouse.routing import Router

VIEW = "default.view"
Row = dict[str, Any]
Hint = Callable[[list[Row], int], int | None]


class Fault(Enum):
    """What happens to one insert."""

    NONE = "none"
    REFUSED = "refused"  # no connection: certainly nothing was written
    BUSY = "busy"  # refused by the server before it began
    LOST_BEFORE = "lost before"  # the request never arrived, and nobody knows
    LOST_AFTER = "lost after"  # written, but the answer is lost
    FAILED_BEFORE = "failed before"  # an error of the server, nothing written
    BETWEEN_PARTS = "between parts"  # an error of the server when the first month's part was written
    FAILED_AFTER = "failed after"  # an error of the server when everything was written
    SLOW = "slow"  # the client gave up waiting; the server goes on and applies it two requests later
    SLOW_BETWEEN_PARTS = "slow between parts"  # the same, with the first month's part written at once


class Question(Enum):
    """What happens to one look-up."""

    ANSWERED = "answered"
    LOST = "lost"
    BROKEN_PART = "broken part"  # an error whose code is also one of bad data


NOT_DONE = {
    Fault.REFUSED: ServerError(0, "connection refused", Meaning.RETRY, applied=False),
    Fault.BUSY: ServerError(Code.TOO_MANY_SIMULTANEOUS_QUERIES, "too many", Meaning.RETRY, applied=False),
    Fault.LOST_BEFORE: ServerError(0, "no answer", Meaning.RETRY, applied=True),
    Fault.FAILED_BEFORE: ServerError(241, "memory limit", Meaning.RETRY, applied=True),
    Fault.SLOW: ServerError(0, "no answer in time", Meaning.RETRY, applied=True),
}


@dataclass
class Table:
    """A local table; replicas of a shard share one. `rows` counts how often each row is in it."""

    rows: Counter[int] = field(default_factory=Counter)
    tokens: set[tuple[str, int]] = field(default_factory=set)
    inserts: int = 0


def row(number: int, *, month: int = 0, bad: bool = False, throws: bool = False) -> bytes:
    """A row: `bad` breaks the table's constraint, `throws` breaks a materialised view behind the table."""
    return json.dumps({"n": number, "month": month, "bad": bad, "throws": throws}).encode()


class MemoryNode:
    """Stands in for a NodeClient. Faults are taken from the front of the lists; when they are used up all goes well."""

    def __init__(
        self,
        table: Table,
        faults: list[Fault] | None = None,
        questions: list[Question] | None = None,
        hint: Hint = lambda rows, bad: bad,
    ) -> None:
        self.table = table
        self.down = False
        self.down_after: int | None = None  # requests after which it is down for good
        self.faults = faults or []
        self.questions = questions or []
        self.hint = hint
        self.most_months: int | None = None  # that an insert may hold rows of
        self._under_way: list[tuple[str, int, Callable[[], object]]] = []
        self.requests = 0

    def compressed(self, body: bytes) -> bytes:
        return body

    async def insert(
        self, table: str, compressed: bytes, token: str, query_id: str, settings: Mapping[str, str]
    ) -> ServerError | None:
        self._tick()
        rows = [json.loads(line) for line in compressed.splitlines()]
        fault = self.faults.pop(0) if self.faults and not self.down else Fault.NONE
        error = NOT_DONE[Fault.REFUSED] if self.down else NOT_DONE.get(fault)
        if error is None and fault in (Fault.BETWEEN_PARTS, Fault.SLOW_BETWEEN_PARTS):
            error = self._between_parts(rows, token, query_id, slow=fault is Fault.SLOW_BETWEEN_PARTS)
        if fault is Fault.SLOW:
            self._under_way.append((query_id, self.requests + 2, lambda: self._execute(rows, token)))
        if error is None:
            error = self._execute(rows, token)
            if fault is Fault.LOST_AFTER:
                error = ServerError(0, "answer broken off", Meaning.RETRY, applied=True)
            elif fault is Fault.FAILED_AFTER and error is None:
                error = ServerError(999, "keeper", Meaning.RETRY, applied=True)
        return error

    def _between_parts(self, rows: list[Row], token: str, query_id: str, *, slow: bool) -> ServerError | None:
        if any(each["bad"] for each in rows):
            return None  # constraints are checked before the first part
        first = min(each["month"] for each in rows)
        self._write([each for each in rows if each["month"] == first], token)
        if not slow:
            return ServerError(243, "disk full", Meaning.RETRY, applied=True)
        rest = [each for each in rows if each["month"] != first]
        self._under_way.append((query_id, self.requests + 2, lambda: self._write(rest, token)))
        return ServerError(0, "no answer in time", Meaning.RETRY, applied=True)

    def finish(self) -> None:
        """Let everything that is under way come to its end."""
        for _, _, apply in self._under_way:
            apply()
        self._under_way.clear()

    def look_up(self, positions: Positions, query_id: str) -> Mask | ServerError:
        self._tick()
        question = self.questions.pop(0) if self.questions else Question.ANSWERED
        if self.down or question is Question.LOST:
            return ServerError(0, "no answer", Meaning.RETRY, applied=True)
        if question is Question.BROKEN_PART:
            return ServerError(Code.CANNOT_READ_ALL_DATA, "cannot read all data", Meaning.DATA, applied=False)
        if any(running == query_id for running, _, _ in self._under_way):
            return ServerError(0, "the insert still runs", Meaning.RETRY, applied=True)
        return np.array([self.table.rows[int(offset)] > 0 for offset in positions.offsets], dtype=np.bool_)

    def _tick(self) -> None:
        self.requests += 1
        self.down = self.down or (self.down_after is not None and self.requests > self.down_after)
        due = [each for each in self._under_way if each[1] <= self.requests]
        self._under_way = [each for each in self._under_way if each[1] > self.requests]
        for _, _, apply in due:
            apply()

    def _execute(self, rows: list[Row], token: str) -> ServerError | None:
        self.table.inserts += 1
        if self.most_months and len({each["month"] for each in rows}) > self.most_months:
            return ServerError(Code.TOO_MANY_PARTS, "too many partitions", Meaning.SPLIT, applied=False)
        bad = next((number for number, each in enumerate(rows) if each["bad"]), None)
        if bad is not None:
            named = self.hint(rows, bad)
            return ServerError(Code.VIOLATED_CONSTRAINT, "violated", Meaning.DATA, applied=False, row=named)
        # A view sees one part at a time: what comes after the part that broke it is not written any more.
        for month in sorted({each["month"] for each in rows}):
            part = [each for each in rows if each["month"] == month]
            self._write(part, token)
            if any(each["throws"] for each in part):
                return ServerError(Code.FUNCTION_THROW_IF_VALUE_IS_NON_ZERO, "", Meaning.DATA, applied=True, view=VIEW)
        return None

    def _write(self, rows: list[Row], token: str) -> None:
        for month in {each["month"] for each in rows}:
            if (token, month) not in self.table.tokens:
                self.table.tokens.add((token, month))
                self.table.rows.update(each["n"] for each in rows if each["month"] == month)


class Rig:
    """A delivery with everything around it in memory."""

    def __init__(
        self,
        cluster: Cluster,
        nodes: dict[Node, MemoryNode],
        router: Router,
        *,
        policy: RetryPolicy | None = None,
        on_exhausted: OnExhausted = OnExhausted.DEAD_LETTER,
        replicated: bool = False,
    ) -> None:
        self.cluster = cluster
        self.nodes = nodes
        self.router = router
        self.clock = ManualClock()
        self.waits: list[int] = []
        self.found: list[tuple[Node, list[int], str]] = []
        self.notes_refused = 0  # how often in a row the list of repairs takes nothing
        self.blocked: list[str] = []
        self.samples: list[Sample] = []
        self.on_sample: Callable[[Sample], None] = self.samples.append
        self.on_wait: Callable[[], None] = lambda: None
        self.health = Health(3, 5.0, self._check)
        self.delivery = Delivery(
            clients=nodes,  # type: ignore[arg-type] # they stand in for NodeClients
            health=self.health,
            router=router,
            terms=Terms(
                table="t",
                query_prefix="test-",
                policy=policy or RetryPolicy(attempts=8, initial=1, maximum=30, at_least=0),
                on_exhausted=on_exhausted,
                replicated=replicated,
            ),
            services=Services(
                self._present,
                self._found,
                self._culprits,
                self._wait,
                self.blocked.append,
                self._judge,
            ),
            clock=self.clock,
        )

    def _judge(self, sample: Sample) -> None:
        self.on_sample(sample)

    async def _check(self, node: Node) -> bool:
        return not self.nodes[node].down

    async def _present(self, positions: Positions, node: Node, query_id: str) -> Mask | ServerError:
        return self.nodes[node].look_up(positions, query_id)

    async def _found(self, node: Node, batch: Batch, cause: str) -> bool:
        if self.notes_refused:
            self.notes_refused -= 1
            return False
        self.found.append((node, batch.positions.offsets.tolist(), cause))
        return True

    async def _culprits(self, node: Node, view: str, batch: Batch) -> list[int]:
        assert view == VIEW
        return [number for number, each in enumerate(batch.rows) if json.loads(each)["throws"]]

    async def _wait(self, retry: int) -> None:
        self.waits.append(retry)
        self.clock.advance(min(2.0 ** (retry - 1), 30.0))
        self.on_wait()


def batch_of(rows: list[bytes]) -> Batch:
    """Rows at the positions (1, 0, their number)."""
    numbers = [json.loads(each)["n"] for each in rows]
    positions = Positions.of([1] * len(rows), [0] * len(rows), numbers)
    return Batch.of(rows, positions, [f"user-{number}" for number in numbers])


def node(number: int) -> Node:
    return Node("http", f"node{number}", 8123, "default", "default")


def cluster_of(shards: int, replicas: int = 1) -> Cluster:
    return Cluster(
        tuple(Shard(s, tuple(node(10 * s + r) for r in range(replicas)), weight=s + 1) for s in range(shards))
    )


def in_memory(cluster: Cluster, **options: Any) -> dict[Node, MemoryNode]:
    """A node for each replica; those of a shard share their table."""
    return {
        each: MemoryNode(table, **options) for shard in cluster.shards for table in [Table()] for each in shard.replicas
    }
