"""What the job of hot items tells its buckets."""

import math

from clickstream.config import EventSettings, KafkaSettings, RedisSettings
from clickstream.config.hot import HotSettings
from clickstream.config.kafka import Source
from clickstream.events.decode import Limits
from clickstream.places import Place
from clickstream.scoring.bucket import HotBucket
from clickstream.scoring.parts import encode_parts, parts_of
from clickstream.scoring.rule import RuleBook
from pyflink_jobs.item_hot_score import Config
from tests.unit.event_columns import START_MS, columns, event
from udfs.decode import Reading
from udfs.keep import RedisTarget
from udfs.survivors import Horizon

DAY_MS = 24 * 3_600_000


def test_a_cap_holds_for_the_oldest_event_that_may_come_behind_one_of_a_fast_clock() -> None:
    events, hot = EventSettings(), HotSettings(cap=True, half_life_seconds=DAY_MS / 1000)
    kafka = KafkaSettings(bootstrap="host:9092")
    config = Config(
        reading=Reading(kafka, Source.ODS, "t", 1, Limits(1, 1)),
        horizon=Horizon(0, 0),
        hot=hot,
        redis=RedisTarget("redis://host", RedisSettings()),
        events=events,
    )
    bucket = HotBucket(hot, config.oldest_ms)
    oldest = START_MS // DAY_MS * DAY_MS - 1  # at the end of its half-life
    now_ms = oldest + events.oldest_seconds * 1000
    newest = now_ms + events.newest_seconds * 1000
    place = Place("t", "s")
    scores: dict[str, float] = {}
    for number, (item, timestamp) in enumerate([("old", oldest), ("new", newest), ("old", oldest)]):
        of = event(number, user_id="u", item_id=item, timestamp=timestamp)
        ((_, parts),) = parts_of(columns([of]), RuleBook(hot)).items()
        clock_ms = now_ms + (number - 1) * 60_000  # everything is written again, and what is past is forgotten
        bucket.apply(encode_parts(parts), clock_ms)
        for write in bucket.due(clock_ms).writes:
            assert write.place == place
            scores |= write.scores
    assert scores["old"] == oldest // DAY_MS + math.log2(hot.scenario(*place).weights["click"])  # type: ignore[index]
