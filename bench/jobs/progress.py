"""How far a job has come: the offsets that its source has handed on, asked at the TaskManager.

The same measure for every variant, whatever it writes. A source runs ahead of what is written by what lies in buffers:
as much when 10 % are read as when 90 % are, so it cancels out.
"""

import re
import sys
import time
import urllib.request

from bench import processor
from bench.flink_job import FINAL, FlinkJob
from bench.jobs.stage import Stage
from clickstream.errors import ClickstreamError

POLL_SECONDS = 0.2
DEADLINE_SECONDS = 1200
FIRST, LAST = 0.1, 0.9

Sample = tuple[float, int]  # monotonic seconds, events


def growth(stage: Stage, job: FlinkJob) -> tuple[int, float]:
    """Events and seconds between 10 % and 90 % of the topic, interpolated between samples.

    Raises:
        ClickstreamError: the job failed, even if it was restarted, or is not that far in 20 minutes.
    """
    endpoint = _endpoint(stage)
    deadline = time.monotonic() + DEADLINE_SECONDS
    samples: list[Sample] = [(time.monotonic(), 0)]
    spent = processor.seconds(stage.stack)
    while samples[-1][1] < LAST * stage.events:
        time.sleep(POLL_SECONDS)
        state = job.state() if len(samples) % 10 == 0 else "RUNNING"
        if state in FINAL - {"FINISHED"} or state == "RESTARTING":
            raise ClickstreamError(f"the job is {state}: {job.failure()}")
        if time.monotonic() > deadline:
            raise ClickstreamError(f"only {samples[-1][1]} of {stage.events} events after {DEADLINE_SECONDS} s")
        # A bounded job that has finished tells nothing any more.
        read = stage.events if state == "FINISHED" else _read(endpoint, job)
        if read is not None:
            samples.append((time.monotonic(), read))
            if read < FIRST * stage.events:
                spent = processor.seconds(stage.stack)
    if failure := job.failure():
        raise ClickstreamError(f"the job was restarted: what it repeated is no measure: {failure}")
    print(f"  processor: {processor.told(spent, processor.seconds(stage.stack))}", file=sys.stderr, flush=True)
    seconds = crossing(samples, LAST * stage.events) - crossing(samples, FIRST * stage.events)
    return round((LAST - FIRST) * stage.events), seconds


def crossing(samples: list[Sample], events: float) -> float:
    """When so many events were read."""
    after = next(index for index, (_, read) in enumerate(samples) if read >= events)
    (t0, n0), (t1, n1) = samples[after - 1], samples[after]
    return t0 + (t1 - t0) * (events - n0) / (n1 - n0)


def _read(endpoint: str, job: FlinkJob) -> int | None:
    """Events that the job's source has handed on; None where it tells nothing."""
    with urllib.request.urlopen(endpoint, timeout=30) as answer:
        page = answer.read().decode()
    pattern = rf'^flink_\S*KafkaSourceReader\S*currentOffset\{{[^}}]*job_id="{job.id}"[^}}]*\}} (\S+)$'
    found = [int(float(offset)) for offset in re.findall(pattern, page, re.MULTILINE)]
    return sum(max(0, offset + 1) for offset in found) if found else None


def _endpoint(stage: Stage) -> str:
    """The TaskManager's Prometheus endpoint."""
    return f"http://127.0.0.1:{stage.stack.plan.ports['flink-taskmanager-metrics']}/metrics"
