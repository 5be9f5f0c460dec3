import errno
import urllib.error

import aiomysql
import pytest
import redis
from pymongo.errors import ServerSelectionTimeoutError

from devstack.servers.reasons import reason_of

REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
MONGO = (
    "127.0.0.1:9: [Errno 111] Connection refused (configured timeouts: socketTimeoutMS: 3000.0ms), Timeout: 3.0s, "
    "Topology Description: <TopologyDescription id: 6b04, servers: []>"
)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (REFUSED, "Connection refused"),
        (urllib.error.URLError(REFUSED), "Connection refused"),
        (urllib.error.URLError(TimeoutError("timed out")), "no answer in time"),
        (TimeoutError(), "no answer in time"),
        (
            aiomysql.OperationalError(1045, "Access denied for user 'u'@'localhost'"),
            "Access denied for user 'u'@'localhost'",
        ),
        (
            redis.ConnectionError("Error 111 connecting to 127.0.0.1:9. Connection refused."),
            "Error 111 connecting to 127.0.0.1:9. Connection refused",
        ),
        (ServerSelectionTimeoutError(MONGO), "127.0.0.1:9: [Errno 111] Connection refused"),
        (EOFError(), "EOFError"),
    ],
)
def test_a_reason_is_what_a_person_reads(error: Exception, reason: str) -> None:
    assert reason_of(error) == reason
