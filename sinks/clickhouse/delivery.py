"""One part of a batch into one shard: retries, fail-over, doubt, and the isolation of bad rows.

A part is frozen: as long as its rows do not change it is sent under one deduplication token. After an answer that
leaves open whether rows are in the table (a time-out, a connection cut off, an error raised after the write), the part
is *in doubt on that node*: before it is sent again anywhere its positions are looked up there, and rows found are done.
Without doubt (the connection was refused) it may go to another replica, or to another shard, at once.
"""

import logging
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import numpy as np

from clickstream.clock import Clock
from clickstream.config.clickhouse import Node, Shard
from clickstream.config.sink import OnExhausted
from clickstream.names import DeadLetterReason
from clickstream.retry import RetryPolicy
from sinks.clickhouse.batch import Batch, DeadRow, Mask, Positions, Report
from sinks.clickhouse.errors import Meaning, ServerError
from sinks.clickhouse.health import Health
from sinks.clickhouse.isolation import SAMPLE, Piece, Sample, draw, split, worth_sampling
from sinks.clickhouse.routing import Router
from sinks.clickhouse.transport import NodeClient

logger = logging.getLogger(__name__)


NOTE_TRIES = 5


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for every delivery of one sink."""

    table: str
    query_prefix: str
    policy: RetryPolicy
    on_exhausted: OnExhausted
    replicated: bool
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Services:
    """What a delivery asks others to do.

    Attributes:
        try_present: which positions a node holds, asked once; an error as long as the insert with this query_id runs.
        found: told of rows that a look-up found after a failed insert, with the cause; the materialised views behind
            the table may lack them. False: it could not be noted.
        culprits: which rows of a stored batch break a view: indices into the batch.
        wait: waits before a retry (1 is the first).
        blocked: told once when a batch is held although its attempts are used up.
        judge: told of a sample where many rows of a part are refused; what it raises ends the delivery.
    """

    try_present: Callable[[Positions, Node, str], Awaitable[Mask | ServerError]]
    found: Callable[[Node, Batch, str], Awaitable[bool]]
    culprits: Callable[[Node, str, Batch], Awaitable[list[int]]]
    wait: Callable[[int], Awaitable[None]]
    blocked: Callable[[str], None]
    judge: Callable[[Sample], None]


@dataclass(slots=True)
class _State:
    """Where a piece stands."""

    piece: Piece
    shard: Shard
    started: float  # by the monotonic clock
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    compressed: bytes | None = None
    attempts: int = 0
    query_id: str = ""  # of the last insert
    doubt: Node | None = None
    tried: set[Node] = field(default_factory=set)
    tried_shards: set[int] = field(default_factory=set)
    blocked: bool = False
    given_up: list[DeadRow] = field(default_factory=list)

    def dead(self, batch: Batch, row: int, reason: DeadLetterReason, node: Node, error: ServerError) -> DeadRow:
        """What is told of a row of the batch that the node refused."""
        return DeadRow(
            index=int(batch.index[row]),
            reason=reason,
            code=error.code,
            message=error.message,
            attempts=self.attempts,
            shard=self.shard.number,
            node=node.address,
        )

    def replace(self, batch: Batch) -> None:
        """Other rows: another token, for the server drops what comes under a used one."""
        self.piece = Piece(batch, self.piece.hints)
        self.token = uuid.uuid4().hex
        self.compressed = None


@dataclass(slots=True)
class _Look:
    """A sample that is being tried; `below` it lie so many pieces (-1: it is judged)."""

    dead: int
    left: int
    below: int = -1

    def sample(self, report: Report) -> Sample:
        return Sample(self.dead, self.left, SAMPLE, len(report.dead) - self.dead, report.dead[-1].code)


class Delivery:
    """Delivers parts. One instance serves all of them, one after another or at the same time."""

    def __init__(  # noqa: PLR0913 - each is another part of the sink
        self,
        *,
        clients: dict[Node, NodeClient],
        health: Health,
        router: Router,
        terms: Terms,
        services: Services,
        clock: Clock,
    ) -> None:
        self._clients = clients
        self._health = health
        self._router = router
        self._terms = terms
        self._services = services
        self._clock = clock

    async def deliver(self, shard: Shard, batch: Batch) -> Report:
        """Store the batch, or say of each row why not. Returns only when every row is accounted for."""
        report = Report()
        pieces = [Piece(batch)]
        looking: _Look | None = None
        while pieces:
            if looking is None and worth_sampling(pieces, len(report.dead)):
                looking = _Look(len(report.dead), sum(len(piece.batch) for piece in pieces))
                rest, sample = draw(pieces)
                looking.below, pieces = len(rest), rest + sample
            if looking and len(pieces) == looking.below:
                self._services.judge(looking.sample(report))
                looking.below = -1
            state = _State(pieces.pop(), shard, self._clock.monotonic())
            more = await self._settle(state, report)
            pieces += more
            if state.given_up:
                # The budget is the batch's, however it was cut: what is left would wait as long again for nothing.
                for piece in pieces:
                    report.dead += [replace(state.given_up[0], index=int(index)) for index in piece.batch.index]
                return report
        return report

    async def _settle(self, state: _State, report: Report) -> list[Piece]:
        """Bring one piece to its end: stored, dead, or cut into smaller pieces, which are returned."""
        while True:
            node = state.doubt or self._replica(state)
            error = await self._resolve_doubt(state, node, report) if state.doubt else None
            if not len(state.piece.batch):
                return []
            if error is None:
                error = await self._insert(state, node, report)
                if error is None:
                    return []
            if error.meaning is Meaning.SPLIT and len(state.piece.batch) == 1:
                error = replace(error, meaning=Meaning.RETRY)  # nothing is left to be split
            if error.meaning is not Meaning.RETRY:
                return await self._refused(state, node, error, report)
            report.retries += 1
            if not self._fail_over(state, node, error, report):
                if self._given_up(state, node, error, report):
                    return []
                await self._services.wait(max(1, state.attempts))

    async def _insert(self, state: _State, node: Node, report: Report) -> ServerError | None:
        client = self._clients[node]
        if state.compressed is None:
            state.compressed = client.compressed(state.piece.batch.body)
        state.attempts += 1
        state.query_id = f"{self._terms.query_prefix}{uuid.uuid4().hex}"
        error = await client.insert(
            self._terms.table, state.compressed, state.token, state.query_id, self._terms.settings
        )
        if error is None:
            self._health.succeeded(node)
            report.written += len(state.piece.batch)
            report.inserts += 1
            return None
        if error.applied:
            state.doubt = node
        if error.meaning is Meaning.RETRY:
            self._health.failed(node)
            logger.warning(
                "insert of %d rows into %s failed at attempt %d (%s)%s",
                len(state.piece.batch),
                node,
                state.attempts,
                error.name,
                ": rows may be there" if error.applied else "",
            )
        return error

    async def _resolve_doubt(
        self, state: _State, node: Node, report: Report, cause: str = "the answer to an insert was lost"
    ) -> ServerError | None:
        """Ask the node for the rows in doubt and keep those that it does not hold. An error: it did not answer."""
        batch = state.piece.batch
        held = await self._services.try_present(batch.positions, node, state.query_id)
        if isinstance(held, ServerError):
            state.attempts += 1
            self._health.failed(node)
            # Whatever its code says of data: it is about what the look-up read, not about the rows that were sent.
            return replace(held, meaning=Meaning.RETRY)
        state.doubt = None
        if held.any():
            await self._note(node, batch.where(held), cause)
            report.found += int(held.sum())
            state.replace(batch.where(~held))
        return None

    async def _note(self, node: Node, stored: Batch, cause: str) -> None:
        """Have the days of stored rows noted for repair. The node has just answered: a few tries are enough."""
        for retry in range(1, NOTE_TRIES + 1):
            if await self._services.found(node, stored, cause):
                return
            await self._services.wait(retry)
        logger.error("%s did not take the days of %d rows (%s): rebuild its views by hand", node, len(stored), cause)

    async def _refused(self, state: _State, node: Node, error: ServerError, report: Report) -> list[Piece]:
        """The server refuses these rows together: find those that it means, or cut the piece so that the next do."""
        whole = state.piece.batch
        if error.applied:
            cause = f"view {error.view} failed" if error.view else f"error {error.name} after the write"
            while state.doubt:
                silent = await self._resolve_doubt(state, node, report, cause)
                if silent:
                    if self._given_up(state, node, silent, report):
                        return []
                    await self._services.wait(state.attempts)
            if error.view and len(state.piece.batch) < len(whole):
                await self._name_culprits(node, state, whole, error, report)
        rest = state.piece.batch
        if len(rest) < len(whole):
            # The error may be about rows that are stored: what is left is judged by its own answer.
            return [Piece(rest, state.piece.hints)] if len(rest) else []
        if len(rest) == 1:
            report.dead.append(state.dead(rest, 0, DeadLetterReason.REFUSED, node, error))
            return []
        return split(state.piece, error.row)

    async def _name_culprits(self, node: Node, state: _State, whole: Batch, error: ServerError, report: Report) -> None:
        assert error.view is not None
        stored = whole.take(np.flatnonzero(~np.isin(whole.index, state.piece.batch.index)))
        for row in await self._services.culprits(node, error.view, stored):
            report.view_failures.append(state.dead(stored, row, DeadLetterReason.VIEW_FAILED, node, error))

    def _replica(self, state: _State) -> Node:
        """The next replica to try: healthy ones first, each once a round."""
        untried = [node for node in state.shard.replicas if node not in state.tried] or list(state.shard.replicas)
        return next((node for node in untried if self._health.usable(node)), untried[0])

    def _fail_over(self, state: _State, node: Node, error: ServerError, report: Report) -> bool:
        """Turn to another replica, or to another shard, where that is safe. False: wait and try here."""
        if state.doubt:
            # A replica of the same table knows the token and can be asked for the positions in this node's stead.
            others = [each for each in state.shard.replicas if each != node] if self._terms.replicated else []
            usable = [each for each in others if self._health.usable(each)]
            if usable and node not in state.tried:
                state.tried.add(node)
                state.doubt = usable[0]
                report.fail_overs += 1
                return True
            state.tried.clear()  # after the wait each replica is asked again
            return False
        state.tried.add(node)
        if any(each not in state.tried for each in state.shard.replicas):
            report.fail_overs += 1
            return True
        state.tried_shards.add(state.shard.number)
        another = self._router.another(frozenset(state.tried_shards), self._health.shard_usable)
        if another is None:
            state.tried.clear()
            state.tried_shards.clear()
            return False
        logger.warning("shard %d refuses connections: %s takes its rows", state.shard.number + 1, another.replicas[0])
        state.shard = another
        report.fail_overs += 1
        return True

    def _given_up(self, state: _State, node: Node, error: ServerError, report: Report) -> bool:
        if not self._terms.policy.exhausted(state.attempts, self._clock.monotonic() - state.started):
            return False
        if self._terms.on_exhausted is OnExhausted.BLOCK:
            if not state.blocked:
                self._services.blocked(f"{len(state.piece.batch)} rows wait for {node}: {error.message}")
            state.blocked = True
            return False
        batch = state.piece.batch
        state.given_up = [
            state.dead(batch, row, DeadLetterReason.UNAVAILABLE, node, error) for row in range(len(batch))
        ]
        report.dead += state.given_up
        return True
