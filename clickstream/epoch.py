"""The first part of an ingest position: which incarnation of a topic an offset belongs to.

A topic that is deleted and made anew counts its offsets from 0 again. Its Kafka id differs, so its epoch does, and its
events are not taken for a replay of the old ones.
"""

from clickstream.config import KafkaSettings
from clickstream.errors import ContractError
from clickstream.kafka import topic_epoch, topic_id

TIMEOUT = 30.0


def current_epoch(kafka: KafkaSettings, topic: str) -> int:
    """The epoch of a topic as it is now.

    Raises:
        UnavailableError: Kafka does not answer.
        ContractError: there is no such topic.
    """
    found = topic_id(kafka.bootstrap, topic, TIMEOUT)
    if found is None:
        raise ContractError(f"Kafka at {kafka.bootstrap} has no topic {topic}: run `clickstream migrate --only kafka`")
    return topic_epoch(found, kafka.generation)


def require_epoch(kafka: KafkaSettings, topic: str, epoch: int) -> None:
    """Check that the topic is still the one that a job was built for; called whenever a worker starts.

    Raises:
        UnavailableError: Kafka does not answer.
        ContractError: the topic was deleted, or made anew.
    """
    if current_epoch(kafka, topic) != epoch:
        raise ContractError(
            f"topic {topic} was deleted and made anew since this job was submitted: the offsets that it remembers mean "
            "nothing there. Cancel the job and submit it again without a savepoint: it reads the new topic from its "
            "beginning, and no event of it is taken for one that is stored"
        )
