"""`make bench-collector`: events/s at the peak, and latency at half of it.

Each variant is loaded from a second process with batches of 10 of the generator's events. The peak is the best of
some numbers of connections, each of which sends its next batch when the one before is answered; latency is measured at
half of the variant's own peak, sent at an even rate. The variants take turns, each round in the other order; what is
told of each is the median of its rounds, and the file has every round. What was accepted must be in the topic, to the
record.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import uuid
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from bench.collector.services import VARIANTS, Service, running
from bench.results import OUT
from bench.servers import DIRECTORY
from bench.servers import running as servers
from bench.topics import Topics
from clickstream.errors import ClickstreamError
from clickstream.reconcile.topic import Topic

PARTITIONS = 12  # as ddl/kafka/topics.yaml has it
GOAL, GOAL_MS = 0.8, 50.0
# Before the first round, thrown away: by then the broker's JVM has compiled what it runs most.
WARM_UP_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One variant.

    Attributes:
        name: of the variant.
        events_per_s: at the peak.
        connections: at which the peak was.
        p50_ms: of a request at half of the peak.
        p99_ms: the same.
        late_ms: p99 of how late the load was woken for a request, which is part of its latency: what the machine adds.
        cpu_us: the service's processor time for an event at the peak, in microseconds.
        verified: whether the topic holds exactly what was accepted, and nothing was refused.
    """

    name: str
    events_per_s: int
    connections: int
    p50_ms: float
    p99_ms: float
    late_ms: float
    cpu_us: float
    verified: bool


def main() -> None:
    """Run what was asked for."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", default="collector,bare", help=f"of {', '.join(VARIANTS)}")
    options.add_argument("--workers", type=int, default=1, help="processes of each service")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    options.add_argument("--connections", default="32,64", help="tried for the peak")
    options.add_argument("--out", default="collector", help="name of the file under bench/out")
    options.add_argument("--directory", default=DIRECTORY, help="of the servers that it starts")
    chosen = options.parse_args()
    names = chosen.only.split(",")
    if unknown := sorted(set(names) - {*VARIANTS}):
        raise ClickstreamError(f"there is no variant {unknown[0]}: there are {', '.join(VARIANTS)}")
    rounds: dict[str, list[Measured]] = {name: [] for name in names}
    connections = [int(each) for each in chosen.connections.split(",")]
    with servers(chosen.directory, ["kafka"]):
        measure(names[-1], chosen.workers, connections[:1], WARM_UP_SECONDS)
        for number in range(chosen.rounds):
            for name in names if number % 2 == 0 else reversed(names):
                measured = measure(name, chosen.workers, connections, chosen.seconds)
                print(json.dumps(asdict(measured)), file=sys.stderr, flush=True)
                rounds[name].append(measured)
    found = {name: median(each) for name, each in rounds.items()}
    OUT.mkdir(exist_ok=True)
    path = OUT / f"{chosen.out}.json"
    variants = [{**asdict(found[name]), "rounds": [asdict(each) for each in rounds[name]]} for name in names]
    document = {"cores": os.cpu_count(), "workers": chosen.workers, "variants": variants}
    path.write_text(json.dumps(document, indent=1) + "\n")
    show(list(found.values()), rounds)
    print(f"written to {path}")
    if wrong := [each.name for each in found.values() if not each.verified]:
        sys.exit(f"not verified: {', '.join(wrong)}")


def median(rounds: list[Measured]) -> Measured:
    """Each figure's median over the rounds of one variant; verified when all of them are."""
    return Measured(
        rounds[0].name,
        round(statistics.median(each.events_per_s for each in rounds)),
        statistics.median_low(each.connections for each in rounds),
        round(statistics.median(each.p50_ms for each in rounds), 2),
        round(statistics.median(each.p99_ms for each in rounds), 2),
        round(statistics.median(each.late_ms for each in rounds), 2),
        round(statistics.median(each.cpu_us for each in rounds), 1),
        all(each.verified for each in rounds),
    )


def measure(name: str, workers: int, connections: list[int], seconds: float) -> Measured:
    """One round of one variant."""
    bootstrap = os.environ["CLICKSTREAM_KAFKA_BOOTSTRAP"]
    with Topics(bootstrap) as topics:
        topic = topics.make(f"bench-{uuid.uuid4().hex[:8]}", PARTITIONS)
        topics.make(f"{topic}-rejected", 1)
        with running(name, bootstrap, topic, workers) as service:
            loads = []
            peak: tuple[int, int, float] = (0, 0, 0.0)
            for count in connections:
                before = service.cpu_seconds()
                load = loaded(service, count, seconds)
                spent = (service.cpu_seconds() - before) / max(load["accepted"], 1) * 1e6
                peak = max(peak, (int(load["events_per_s"]), count, spent))
                loads.append(load)
            half = loaded(service, 2 * peak[1], seconds, rate=peak[0] / 2)
            loads.append(half)
        accepted, failed = sum(each["accepted"] for each in loads), sum(each["failed"] for each in loads)
        stored = records(bootstrap, topic)
    if not (verified := stored == accepted and not failed):
        print(f"{name}: accepted {accepted:,}, stored {stored:,}, failed {failed:,}", file=sys.stderr)
    tail = (half["p50_ms"], half["p99_ms"], half["late_ms"])
    return Measured(name, peak[0], peak[1], *tail, round(peak[2], 1), verified)


def loaded(service: Service, connections: int, seconds: float, rate: float | None = None) -> dict[str, float]:
    """What the load's process says."""
    command = [sys.executable, "-m", "bench.collector.load", f"--port={service.port}", f"--key={service.key}"]
    command += [f"--connections={connections}", f"--seconds={seconds}"]
    command += [f"--rate={rate}"] if rate else []
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def records(bootstrap: str, name: str) -> int:
    """How many records a new topic holds."""
    topic = Topic(bootstrap, name)
    try:
        return sum(topic.ends().values())
    finally:
        topic.close()


def show(found: list[Measured], rounds: dict[str, list[Measured]]) -> None:
    """The table for bench/README.md."""
    title = f"HTTP -> Kafka, batches of 10, {os.cpu_count()} cores for everything: medians (least - most)"
    shown = Table(title=title)
    for heading in ("variant", "events/s", "CPU us/event", "p50 ms", "p99 ms", "late ms", "verified"):
        shown.add_column(heading, justify="right")
    for each in found:
        peaks = [one.events_per_s for one in rounds[each.name]]
        tails = [one.p99_ms for one in rounds[each.name]]
        shown.add_row(
            each.name,
            f"{each.events_per_s:,} ({min(peaks):,} - {max(peaks):,})",
            f"{each.cpu_us}",
            f"{each.p50_ms}",
            f"{each.p99_ms} ({min(tails)} - {max(tails)})",
            f"{each.late_ms}",
            "yes" if each.verified else "NO",
        )
    Console().print(shown)
    by_name = {each.name: each for each in found}
    if {"collector", "bare"} <= by_name.keys():
        collector = by_name["collector"]
        ratio = collector.events_per_s / by_name["bare"].events_per_s
        met = ratio >= GOAL and collector.p99_ms < GOAL_MS
        print(
            f"collector / bare {ratio:.2f} (goal {GOAL}), p99 at half of the peak {collector.p99_ms} ms "
            f"(goal {GOAL_MS:.0f}): {'met' if met else 'NOT met'}"
        )


if __name__ == "__main__":
    main()
