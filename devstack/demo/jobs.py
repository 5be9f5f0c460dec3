"""The demo's jobs: submitted one after the other, watched, and submitted again when the JobManager forgets them."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from clickstream.errors import ClickstreamError, ConfigurationError, UnavailableError
from clickstream.names import (
    JOB_CLICKHOUSE_SINK,
    JOB_DIMENSION_JOIN,
    JOB_ITEM_HOT_SCORE,
    JOB_REALTIME_METRICS,
    JOB_USER_RECENT,
)
from devstack.demo.checkpoints import Checkpoints
from devstack.demo.job import Job, Listed, Submission, overview
from devstack.demo.poller import Poller

SETTLE_SECONDS = 3
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Kind:
    """A job that the demo can run: its word on the command line, its file in pyflink_jobs/, its name in the web UI."""

    key: str
    file: str
    name: str


KINDS = {
    kind.key: kind
    for kind in (
        Kind("join", "dimension_join.py", JOB_DIMENSION_JOIN),
        Kind("sink", "clickhouse_sink.py", JOB_CLICKHOUSE_SINK),
        Kind("hot", "item_hot_score.py", JOB_ITEM_HOT_SCORE),
        Kind("metrics", "realtime_metrics.py", JOB_REALTIME_METRICS),
        Kind("recent", "user_recent.py", JOB_USER_RECENT),
    )
}


def chosen(text: str) -> tuple[Kind, ...]:
    """The kinds that a list such as "sink,join" names, in the order in which they start. The sink is always there.

    Raises:
        ConfigurationError: a name is unknown.
    """
    names = {name.strip() for name in text.split(",") if name.strip()} | {"sink"}
    if unknown := sorted(names - KINDS.keys()):
        raise ConfigurationError(f"--jobs names {unknown[0]!r}: there are {', '.join(KINDS)}")
    return tuple(kind for key, kind in KINDS.items() if key in names)


@dataclass(frozen=True, slots=True)
class Seen:
    """A job at one moment.

    Attributes:
        state: waiting, submitting, starting, running, restarting, ... in small letters.
        pending: records of its topic that it had not read some seconds ago; None where nobody says.
        page: in the web UI; empty before it is submitted.
    """

    kind: Kind
    state: str
    pending: int | None = None
    page: str = ""

    @classmethod
    def of(cls, kind: Kind, found: Listed | None, pending: int | None, page: str) -> Self:
        """A submitted job as Flink lists it. What it said last of its topic is no longer true where it does not run."""
        if found is None:
            return cls(kind, "unknown", None, page)
        state = "starting" if found.state == "RUNNING" and not found.running else found.state.lower()
        return cls(kind, state, pending if found.running else None, page)

    @property
    def running(self) -> bool:
        """Whether all its tasks run."""
        return self.state == "running"


def several(kinds: Iterable[Kind], listed: Iterable[Listed]) -> dict[str, list[str]]:
    """Ids of the jobs of one name, where more than one of that name has not ended."""
    running: dict[str, list[str]] = {kind.name: [] for kind in kinds}
    for each in listed:
        if each.name in running and not each.ended:
            running[each.name].append(each.job.id)
    return {name: ids for name, ids in running.items() if len(ids) > 1}


@dataclass
class _Entry:
    kind: Kind
    job: Job | None = None
    ours: bool = False
    resumed: bool = False  # from a checkpoint, and not seen running since
    ended: str = ""
    failures: int = 0
    failure: str = ""
    missed: float = 0.0  # when the cluster was first seen without it


@dataclass
class Jobs:
    """Keeps them running. Call close.

    Attributes:
        rest_url: Flink's REST interface.
        environment: that of `flink run`.
        kinds: what is to run.
        source: which topic the jobs behind the join read: ods or dwd.
        checkpoints: where jobs of an earlier demo, or before the JobManager's end, left off.
        say: called, from a thread of this object's own, with a line about whatever happens.
    """

    rest_url: str
    environment: Mapping[str, str]
    kinds: Sequence[Kind]
    source: str
    checkpoints: Checkpoints
    say: Callable[[str], None]
    several: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._entries = [_Entry(kind) for kind in self.kinds]
        self._submitting: tuple[_Entry, Submission] | None = None
        listed = overview(self.rest_url)
        self._before = {each.job.id for each in listed}
        self.checkpoints.prune({each.job.id for each in listed if not each.ended})
        self._closing = threading.Event()
        self._gauges: dict[str, list[str]] = {}
        self._poller: Poller[list[Listed]] = Poller("jobs seen", lambda: overview(self.rest_url), [])
        self._pending: Poller[dict[str, int | None]] = Poller("jobs' lag", self._lags, {}, 2.0)
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
        self._thread.start()

    def seen(self) -> list[Seen]:
        """All of them now."""
        listed = {each.job.id: each for each in self._poller.answer}
        return [self._judge(entry, listed) for entry in self._entries]

    def problem(self) -> str:
        """Why one of them will not run; empty while there is hope for all."""
        return next((f"{entry.kind.name}: {entry.failure}" for entry in self._entries if entry.failure), "")

    def close(self) -> list[str]:
        """Submit nothing more, cancel what was submitted here, prune; what could not be cancelled, and why."""
        self._closing.set()
        if submitting := self._submitting:
            submitting[1].kill()
        self._thread.join()
        self._poller.close()
        self._pending.close()
        left = []
        for job in self._to_cancel(submitting[0] if submitting else None):
            try:
                job.cancel()
            except ClickstreamError as error:
                left.append(f"job {job.id} could not be cancelled: {error}")
        self._prune()
        return left

    def _prune(self) -> None:
        """A cancelled job is listed as ended a little later: what that leaves, the next demo deletes when it begins."""
        with contextlib.suppress(ClickstreamError):  # Flink is away
            self.checkpoints.prune({each.job.id for each in overview(self.rest_url) if not each.ended})

    def _to_cancel(self, interrupted: _Entry | None) -> Iterable[Job]:
        found = {entry.job.id: entry.job for entry in self._entries if entry.job and entry.ours and not entry.ended}
        if interrupted:  # it may have been accepted all the same
            try:
                for each in overview(self.rest_url):
                    if each.name == interrupted.kind.name and not each.ended and each.job.id not in self._before:
                        found[each.job.id] = each.job
            except UnavailableError:
                return found.values()
        return found.values()

    def _judge(self, entry: _Entry, listed: Mapping[str, Listed]) -> Seen:
        submitting = self._submitting
        if submitting and submitting[0] is entry:
            return Seen(entry.kind, "submitting")
        if entry.job is None:
            return Seen(entry.kind, "waiting")
        found = None if self._poller.failure else listed.get(entry.job.id)
        return Seen.of(entry.kind, found, self._pending.answer.get(entry.job.id), entry.job.page)

    def _lags(self) -> dict[str, int | None]:
        found: dict[str, int | None] = {}
        for job in [entry.job for entry in self._entries if entry.job and not entry.ended]:
            gauges = self._gauges[job.id] = self._gauges.get(job.id) or job.gauges()
            found[job.id] = job.pending(gauges)
        return found

    def _run(self) -> None:
        while not self._closing.is_set():
            # Where Flink is away: whoever looks after the servers says so.
            with contextlib.suppress(ClickstreamError):
                self._keep(overview(self.rest_url))
            self._closing.wait(0.5)

    def _keep(self, listed: list[Listed]) -> None:
        for name, ids in several(self.kinds, listed).items():
            if self.several.get(name) != ids:
                self.several[name] = ids
                self.say(f"{len(ids)} jobs called {name} run at once, and do all things twice: {', '.join(ids)}")
        for entry in self._entries:
            if self._closing.is_set():
                return
            if entry.job is None and not entry.failure:
                self._begin(entry, [each for each in listed if each.name == entry.kind.name and not each.ended])
                return  # what is known of the others is old by now
            self._look_after(entry, listed)

    def _begin(self, entry: _Entry, running: list[Listed]) -> None:
        name = entry.kind.name
        if running:
            entry.job, entry.ours = running[0].job, False
            self.say(f"{name} runs already, submitted by somebody else: it is used as it is, and not cancelled")
            return
        checkpoint = self.checkpoints.latest(name, self.source)
        submission = Submission(entry.kind.file, self.environment, checkpoint)
        self._submitting = (entry, submission)
        try:
            entry.job, entry.ours, entry.resumed = submission.job(), True, checkpoint is not None
            self.checkpoints.remember(name, self.source, entry.job.id)
            how = f"goes on at {checkpoint.rpartition('/')[2]}" if checkpoint else "reads its topic from the beginning"
            self.say(f"{name} {how}: {entry.job.page}")
            entry.failures = 0
        except ClickstreamError as error:
            if self._closing.is_set():
                return
            overview(self.rest_url)  # raises where the cluster, not the job, is to blame: it is tried again
            if checkpoint:
                self._forget(entry, str(error))
                return
            entry.failures += 1
            if entry.failures >= ATTEMPTS:
                entry.failure = str(error)
                self.say(f"{name} is not accepted: {error}")
        finally:
            if not self._closing.is_set():
                self._submitting = None

    def _look_after(self, entry: _Entry, listed: list[Listed]) -> None:
        if entry.job is None or entry.ended:
            return
        found = next((each for each in listed if each.job.id == entry.job.id), None)
        if found is None:
            # A JobManager that was started again knows no job of before.
            entry.missed = entry.missed or time.monotonic()
            if time.monotonic() - entry.missed > SETTLE_SECONDS:
                self.say(f"the JobManager does not know {entry.kind.name} any more: it is submitted again")
                entry.job, entry.missed = None, 0.0
            return
        entry.missed = 0.0
        if found.running:
            entry.resumed = False
        if not found.ended:
            return
        if found.state == "FAILED" and entry.resumed:
            self._forget(entry, entry.job.failure())
            entry.job = None
            return
        entry.ended = found.state
        why = f": {entry.job.failure()}" if found.state == "FAILED" else ", by somebody else"
        entry.failure = f"it is {found.state}{why}"
        self.say(f"{entry.kind.name} is {found.state}{why}")

    def _forget(self, entry: _Entry, why: str) -> None:
        self.checkpoints.forget(entry.kind.name, self.source)
        self.say(
            f"{entry.kind.name} cannot go on at its last checkpoint, and begins anew: {why.splitlines()[-1][:200]}"
        )
