"""What the pipeline's page is told of a job, held against what Kafka and Flink themselves say of it."""

import asyncio
from contextlib import closing

from confluent_kafka import Consumer, TopicPartition

from analytics.flink import Flink
from analytics.questions import pipeline
from analytics.topics import Topics
from clickstream.config import KafkaSettings
from tests.kit.flink import Job
from tests.kit.waiting import wait_for


def told_of(job: Job, kafka: KafkaSettings) -> pipeline.Job:
    """The job, as the service answers for the page."""

    async def asked() -> pipeline.Pipeline:
        platform = pipeline.Platform(flink=Flink(job.rest), topics=Topics(kafka.bootstrap), kafka=kafka)
        try:
            return await pipeline.pipeline(platform)
        finally:
            await platform.close()

    answer = asyncio.run(asked())
    assert (answer.flink_away, answer.kafka_away) == (None, None)
    (found,) = (each for each in answer.jobs if each.job_id == job.id)
    return found


def group_lag(bootstrap: str, group: str, topic: str) -> int:
    """Records of a topic that a consumer group has not committed, as Kafka has it."""
    with closing(Consumer({"bootstrap.servers": bootstrap, "group.id": group, "log_level": 0})) as consumer:
        partitions = [TopicPartition(topic, each) for each in consumer.list_topics(topic, 10).topics[topic].partitions]
        ends = sum(consumer.get_watermark_offsets(each, timeout=10)[1] for each in partitions)
        return ends - sum(max(0, each.offset) for each in consumer.committed(partitions, timeout=10))


def assert_checkpoints_told(job: Job, kafka: KafkaSettings) -> None:
    """Number, time, duration and size are those that Flink tells of its latest checkpoint."""

    def agree() -> bool:
        before = job.ask("/checkpoints")
        told = told_of(job, kafka)
        if job.ask("/checkpoints")["counts"] != before["counts"]:
            return False  # one was completed, or begun, in between
        latest, counts = before["latest"]["completed"], before["counts"]
        assert (told.checkpoints, told.failed_checkpoints) == (counts["completed"], counts["failed"])
        assert told.last_checkpoint_at == latest["latest_ack_timestamp"]
        assert told.last_checkpoint_ms == latest["end_to_end_duration"]
        assert told.last_checkpoint_bytes == latest["state_size"] > 0
        assert told.started_at < latest["trigger_timestamp"] <= told.last_checkpoint_at
        return True

    wait_for(agree, 60, "two looks at the same checkpoints")
