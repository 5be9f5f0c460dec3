"""Whether Kafka lets a transaction stay open for as long as a job may need it."""

from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from clickstream.errors import ConfigurationError
from clickstream.kafka import KafkaAdmin

_SETTING = "transaction.max.timeout.ms"


def require_transaction_timeout(bootstrap: str, seconds: int, setting: str, timeout: float = 30.0) -> None:
    """Check that the brokers allow transactions of so many seconds: the producer would be refused later otherwise.

    Args:
        bootstrap: host:port of one broker or more, comma-separated.
        seconds: that are wanted.
        setting: the variable that says so, for the error.
        timeout: seconds for each request.

    Raises:
        ConfigurationError: they do not.
        UnavailableError: Kafka does not answer.
    """
    admin = KafkaAdmin(bootstrap, timeout)
    brokers = admin.ask(lambda client: client.list_topics(timeout=timeout)).brokers
    resources = [ConfigResource(ResourceType.BROKER, str(broker)) for broker in brokers]

    def describe(client: AdminClient) -> list[int]:
        answers = client.describe_configs(resources, request_timeout=timeout).values()
        return [int(admin.wait(answer)[_SETTING].value) for answer in answers]

    least = min(admin.ask(describe)) // 1000
    if seconds > least:
        raise ConfigurationError(
            f"{setting} is {seconds} s, but the brokers at {bootstrap} allow {least} s: lower it, or raise {_SETTING}"
        )
