"""Up to where a job has come for good: the offsets that Flink commits to its consumer group after each checkpoint.

A job that restarts goes back to its last checkpoint, never behind what was committed for it. A letter below that is the
replay's alone. One above it may be read again, and then be written by the job at the moment at which the replay writes
it: each asks the table first, and neither sees what the other has not written yet. So it waits for the next checkpoint.

Not covered: between a start from an older savepoint, or from none, and that job's first checkpoint the group still has
the offsets of the job before. Nothing but the word of whoever starts it could tell.
"""

from collections.abc import Callable, Iterable

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from clickstream.clock import Clock, SystemClock
from clickstream.config import KafkaSettings
from clickstream.errors import UnavailableError
from clickstream.kafka import KafkaAdmin, topic_epoch
from clickstream.kafka_away import kafka_away
from sinks.dead_letters.record import DeadLetter

TIMEOUT = 10.0
# A broker that was asked for a group for the first time says so until it has made the topic of the groups' offsets.
_SETTLING = frozenset(
    {KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.COORDINATOR_LOAD_IN_PROGRESS}
)
PAUSE = 1.0


# Whether no restart of the job can bring a letter's record again.
Passed = Callable[[DeadLetter], bool]


def job_is_stopped(_letter: DeadLetter) -> bool:
    """Every letter is passed: for when the job does not run, and is not started before the replay has ended."""
    return True


def await_passed(
    letters: Iterable[DeadLetter], passed: Passed, ask: Callable[[], None], seconds: float, clock: Clock
) -> None:
    """Wait until all of these letters are passed, for so long at the most.

    Args:
        letters: of any number: one of each partition is kept.
        passed: as of the last `ask`.
        ask: brings it up to date.
        seconds: 0 does not wait.
        clock: sleeps between two questions.
    """
    last: dict[tuple[str, int], DeadLetter] = {}
    for letter in letters:
        place = (letter.kafka_topic, letter.kafka_partition)
        if not passed(letter) and (place not in last or last[place].kafka_offset < letter.kafka_offset):
            last[place] = letter
    deadline = clock.monotonic() + seconds
    while not all(map(passed, last.values())) and clock.monotonic() < deadline:
        clock.sleep(PAUSE)
        ask()


class CommittedOffsets:
    """What a job has passed by its consumer group, as of the last `ask`: later it can only be more."""

    def __init__(self, kafka: KafkaSettings, job: str, topics: Iterable[str]) -> None:
        """Ask for the first time.

        Args:
            kafka: the cluster, and the prefix of the group's name.
            job: its name in Flink.
            topics: that letters come from.

        Raises:
            UnavailableError: Kafka does not answer.
        """
        self._kafka = kafka
        self._job = job
        self._admin = KafkaAdmin(kafka.bootstrap, TIMEOUT)
        # Asked through a consumer that never joins the group: the admin client's own call (list_consumer_group_offsets
        # of confluent-kafka 2.16) ends the process with a segmentation fault on a broker that never had a group.
        self._consumer = Consumer(
            {
                "bootstrap.servers": kafka.bootstrap,
                "group.id": f"{kafka.group_prefix}-{job}",
                "enable.auto.commit": False,
                "log_level": 0,
            }
        )
        self._epochs: dict[str, int | None] = dict.fromkeys(topics)
        self._committed: dict[tuple[str, int], int] = {}
        self.ask()

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()

    def ask(self) -> None:
        """Ask Kafka again.

        Raises:
            UnavailableError: Kafka does not answer.
        """
        try:
            self._epochs = {topic: self._epoch(topic) for topic in self._epochs}
            there = [topic for topic, epoch in self._epochs.items() if epoch is not None]
            asked = [TopicPartition(topic, partition) for topic in there for partition in self._partitions(topic)]
            found = self._offsets(asked) if asked else []
        except (KafkaException, UnavailableError) as error:
            away = kafka_away(self._kafka.bootstrap, error.args[0]) if isinstance(error, KafkaException) else error
            raise UnavailableError(
                f"{away}. What {self._job} may still write itself is not known without it. If the job is stopped, and "
                "stays so until this has ended, add --job-stopped"
            ) from error
        self._committed = {(each.topic, each.partition): each.offset for each in found}

    def __call__(self, letter: DeadLetter) -> bool:
        """Whether the record lies below the committed offset, or in a topic that is no longer there."""
        epoch = self._epochs[letter.kafka_topic]
        if epoch is None or (letter.kafka_topic != self._kafka.topic_enriched and letter.epoch != epoch):
            return True
        return letter.kafka_offset < self._committed.get((letter.kafka_topic, letter.kafka_partition), -1)

    def _offsets(self, asked: list[TopicPartition]) -> list[TopicPartition]:
        clock = SystemClock()
        deadline = clock.monotonic() + TIMEOUT
        while True:
            try:
                found = self._consumer.committed(asked, timeout=TIMEOUT)
                for each in found:
                    if each.error is not None:
                        raise KafkaException(each.error)
                return found
            except KafkaException as error:
                if error.args[0].code() not in _SETTLING or clock.monotonic() >= deadline:
                    raise
                clock.sleep(0.2)

    def _partitions(self, topic: str) -> list[int]:
        return list(self._consumer.list_topics(topic, timeout=TIMEOUT).topics[topic].partitions)

    def _epoch(self, topic: str) -> int | None:
        found = self._admin.topic_id(topic)
        return None if found is None else topic_epoch(found, self._kafka.generation)
