"""The first part of an ingest position: which incarnation of a topic an offset belongs to.

A topic that is deleted and made anew counts its offsets from 0 again. Its Kafka id differs, so its epoch does, and its
events are not taken for a replay of the old ones.
"""

from clickstream.config import KafkaSettings
from clickstream.errors import ContractError
from clickstream.kafka import KafkaAdmin, topic_epoch, topic_id

TIMEOUT = 30.0
ASK_TIMEOUT = 15.0  # where a person waits for the answer


def current_epoch(kafka: KafkaSettings, topic: str) -> int:
    """The epoch of a topic as it is now.

    Raises:
        UnavailableError: Kafka does not answer.
        ContractError: there is no such topic.
    """
    found = topic_id(kafka.bootstrap, topic, ASK_TIMEOUT)
    if found is None:
        raise ContractError(f"Kafka at {kafka.bootstrap} has no topic {topic}: run `clickstream migrate --only kafka`")
    return topic_epoch(found, kafka.generation)


class EpochCheck:
    """Whether a topic is still the one that a job was built for. Keeps a connection: make it where it is used."""

    def __init__(self, kafka: KafkaSettings, topic: str, epoch: int) -> None:
        """No connection is tried yet.

        Args:
            kafka: the cluster, and the generation that is part of the epoch.
            topic: its name.
            epoch: of the topic when the job was submitted.
        """
        self._generation = kafka.generation
        self._topic = topic
        self._epoch = epoch
        self._admin = KafkaAdmin(kafka.bootstrap, TIMEOUT)

    def require(self) -> None:
        """Check it. Ids never come back: what was read before this returns was read from the right topic.

        To be called when a worker starts, and for each batch after it was read: a running consumer goes on in a topic
        made anew as if nothing had happened, at its old offsets where they exist and from the beginning elsewhere.

        Raises:
            UnavailableError: Kafka does not answer.
            ContractError: the topic was deleted, or made anew.
        """
        found = self._admin.topic_id(self._topic)
        if found is None or topic_epoch(found, self._generation) != self._epoch:
            raise ContractError(
                f"topic {self._topic} was deleted, or deleted and made anew, since this job was submitted: the offsets "
                "that it remembers mean nothing there. Cancel the job and submit it again without a savepoint: it "
                "reads the new topic from its beginning, and no event of it is taken for one that is stored"
            )
