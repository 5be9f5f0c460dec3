"""What a write that Redis refuses leaves in a log: not the command, whose arguments are a user's."""

import traceback

import pytest

from clickstream.config import RedisSettings
from clickstream.errors import ContractError
from clickstream.recent_items.bucket import RecentWrite
from sinks.redis.client import connect
from sinks.redis.recent_items import QueueRecentItems
from sinks.redis.writer import RedisWriter
from tests.kit.redis import RedisProcess

pytestmark = pytest.mark.net


@pytest.mark.parametrize("server", ["single"], indirect=True)
def test_the_error_and_its_causes_name_no_user(server: RedisProcess, settings: RedisSettings) -> None:
    writer = RedisWriter(lambda: connect(server.url, settings), QueueRecentItems(settings.keys), settings.policy)
    write = RecentWrite("shop", "marked-user", ["marked-item"], [1], 60)
    assert writer.write([write], 1.0) == []
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "default", "-eval")
        with pytest.raises(ContractError, match="NOPERM|NoPermission") as caught:
            writer.write([write], 1.0)
        client.execute_command("ACL", "SETUSER", "default", "+eval")
    writer.close()
    told = "".join(traceback.format_exception(caught.value))
    assert "Redis refuses a write" in told
    assert "marked" not in told
