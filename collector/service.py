"""A request's events, from the write key to the acknowledgement. Knows no HTTP but its statuses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from clickstream.clock import Clock
from clickstream.config import CollectorSettings
from clickstream.events.sent import Refused, Sender, Taken, TooManyError, UnreadableError
from clickstream.names import RejectReason
from collector.configuration.model import Collection
from collector.delivery import Delivery
from collector.enrichment.enrich import Enrichment, Visit
from collector.keys import Caller, KeyRing
from collector.metrics import Metrics
from collector.problem import ProblemError
from collector.rate import Bucket
from collector.records import Record, event_record, rejected_record

Reader = Callable[[Sender, int], Taken]

# Refused, and kept nowhere: that is what the visitor asked for.
_NOT_KEPT = frozenset({RejectReason.NO_CONSENT})


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender is told: how many events are stored for good, and which are not."""

    accepted: int
    rejected: Sequence[Refused]


@dataclass(eq=False)
class Service:
    """Takes requests.

    Attributes:
        settings: limits.
        collection: the YAML file.
        delivery: to the sinks.
        enrichment: of events.
        metrics: counted in.
        clock: for the time of receipt.
    """

    settings: CollectorSettings
    collection: Collection
    delivery: Delivery
    enrichment: Enrichment
    metrics: Metrics
    clock: Clock
    _buckets: dict[str, Bucket] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Index the keys."""
        self._keys = KeyRing(self.collection)

    def caller(self, key: str) -> Caller:
        """Whom a write key stands for.

        Raises:
            ProblemError: 401.
        """
        return self._keys.find(key, datetime.fromtimestamp(self.clock.now(), UTC))

    async def collect(self, caller: Caller, visit: Visit, sinks: Sequence[str], read: Reader) -> Answer:
        """Check, enrich, and store.

        Args:
            caller: whose events they are.
            visit: where they come from.
            sinks: where they go to.
            read: reads the body for a sender at a time of receipt.

        Raises:
            ProblemError: 400, 413, 429 or 503: nothing is promised of any event.
        """
        received_at = int(self.clock.now() * 1000)
        try:
            taken = read(Sender(caller.tenant_id, caller.tenant.scenario), received_at)
        except UnreadableError as error:
            raise ProblemError(
                400, error.reason.value, "the body is neither a JSON object nor an array of such: nothing was read"
            ) from None
        except TooManyError:
            most = self.settings.batch_events
            raise ProblemError(413, "too_many", f"more than {most} events in one request: send fewer") from None
        self._bucket(caller).take(max(1, len(taken.events) + len(taken.refused)))
        refused = self.enrichment.apply(taken, visit, caller)
        records = [event_record(event) for event in taken.events]
        records += self._rejects(refused, caller, received_at)
        await self.delivery.deliver(records, sinks)
        self._count(taken, refused, caller)
        return Answer(len(taken.events), refused)

    def _rejects(self, refused: Sequence[Refused], caller: Caller, received_at: int) -> list[Record]:
        most = self.settings.raw_bytes
        return [
            rejected_record(each, caller.tenant_id, received_at, most)
            for each in refused
            if each.rejection.reason not in _NOT_KEPT
        ]

    def _bucket(self, caller: Caller) -> Bucket:
        found = self._buckets.get(caller.key.sha256)
        if found is None:
            found = Bucket(caller.tenant.rate, 1 / self.settings.workers, self.clock)
            self._buckets[caller.key.sha256] = found
        return found

    def _count(self, taken: Taken, refused: Sequence[Refused], caller: Caller) -> None:
        self.metrics.accepted.labels(caller.tenant_id).inc(len(taken.events))
        for each in refused:
            self.metrics.rejected.labels(caller.tenant_id, each.rejection.reason.value).inc()
