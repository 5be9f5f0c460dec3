"""What is said where Kafka does not answer: the same words in every command, and few of its client library's own."""

import re

from confluent_kafka import KafkaError

from clickstream.error_codes import ErrorCode
from clickstream.errors import UnavailableError

_RESOLVE = re.compile(r"Failed to resolve '([^']+)'")
_CONNECT = re.compile(r"\bConnect to \S+ failed: ([^(]+)")
_CODES = {
    KafkaError._TRANSPORT: "no connection",
    KafkaError._ALL_BROKERS_DOWN: "no connection",
    KafkaError._TIMED_OUT: "no answer in time",
    KafkaError._RESOLVE: "its name is not known",
}


def kafka_away(bootstrap: str, error: KafkaError | None = None, heard: str = "") -> UnavailableError:
    """The error for it.

    Args:
        bootstrap: the address that was tried.
        error: what the client raised; None: nothing came in time.
        heard: what it last reported of its connections, where somebody listened: it knows best.
    """
    reason = _reason(error, heard)
    return UnavailableError(
        f"Kafka at {bootstrap} does not answer ({reason}): is it running, and is CLICKSTREAM_KAFKA_BOOTSTRAP its "
        "address? `clickstream status` shows the devstack's servers",
        ErrorCode.KAFKA_AWAY,
        reason=f"{bootstrap}: {reason}",
    )


def _reason(error: KafkaError | None, heard: str) -> str:
    if found := _RESOLVE.search(heard):
        return f"the name {found[1]} is not known"
    if found := _CONNECT.search(heard):
        return found[1].strip().lower()
    if error is None:
        return _CODES[KafkaError._TIMED_OUT]
    return _CODES.get(error.code()) or error.str().removeprefix("Local: ")
