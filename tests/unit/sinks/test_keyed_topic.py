"""What the jobs tell Kafka's producers."""

import pytest

from sinks.flink.keyed_topic import Transactions, topic_options
from sinks.flink.outcomes import PRODUCER

FOR_EVER = str(2**31 - 1)  # the most that Kafka takes
TRANSACTIONS = Transactions("join", 600)


@pytest.mark.parametrize("transactions", [None, TRANSACTIONS])
def test_a_record_is_never_given_up_nor_written_twice_by_a_retry(transactions: Transactions | None) -> None:
    options = topic_options("host:9092", "t", transactions)
    assert options["properties.delivery.timeout.ms"] == FOR_EVER
    assert options["properties.enable.idempotence"] == "true"
    assert (options["key.format"], options["value.format"], options["key.fields"]) == ("raw", "raw", "key")


def test_rejects_and_dead_letters_are_never_given_up_either() -> None:
    assert PRODUCER["delivery.timeout.ms"] == FOR_EVER
    assert PRODUCER["enable.idempotence"] == "true"


def test_without_transactions_a_topic_is_written_at_least_once() -> None:
    options = topic_options("host:9092", "t", None)
    assert options["sink.delivery-guarantee"] == "at-least-once"
    assert not any("transaction" in name for name in options)


def test_with_transactions_it_is_written_exactly_once_under_their_name_and_for_their_time() -> None:
    options = topic_options("host:9092", "t", TRANSACTIONS)
    assert options["sink.delivery-guarantee"] == "exactly-once"
    assert options["sink.transactional-id-prefix"] == "join"
    assert options["properties.transaction.timeout.ms"] == "600000"
