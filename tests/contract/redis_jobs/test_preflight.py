"""What is asked of Redis before a job is submitted."""

import pytest

from clickstream.config import RedisSettings
from clickstream.errors import ConfigurationError
from sinks.redis.preflight import preflight
from tests.kit.redis import RedisProcess

pytestmark = pytest.mark.net


def test_a_server_as_the_settings_say_is_passed_over_in_silence(server: RedisProcess, settings: RedisSettings) -> None:
    assert preflight(server.url, settings) == []


def test_one_that_is_away_is_told_and_no_error(server: RedisProcess, settings: RedisSettings) -> None:
    server.stop()
    (line,) = preflight(server.url, settings)
    assert line.startswith(f"Redis at 127.0.0.1:{server.port} does not answer")


def test_a_wrong_password_is_an_error_that_does_not_tell_it(server: RedisProcess, settings: RedisSettings) -> None:
    with server.client() as client:
        client.config_set("requirepass", "secret")
    for url in (server.url, server.url.replace("//", "//:guessed@")):
        with pytest.raises(ConfigurationError, match=r"refuses us \(.*correct CLICKSTREAM_REDIS_URL") as failure:
            preflight(url, settings)
        assert "guessed" not in str(failure.value)


def test_a_server_of_the_other_kind_is_an_error(server: RedisProcess, settings: RedisSettings) -> None:
    other = settings.model_copy(update={"cluster": not settings.cluster})
    says = "set CLICKSTREAM_REDIS_CLUSTER=true" if settings.cluster else "unset CLICKSTREAM_REDIS_CLUSTER"
    with pytest.raises(ConfigurationError, match=says):
        preflight(server.url, other)


@pytest.mark.parametrize("server", ["single"], indirect=True)
def test_a_database_that_is_not_there_is_an_error(server: RedisProcess, settings: RedisSettings) -> None:
    with pytest.raises(ConfigurationError, match="correct CLICKSTREAM_REDIS_URL"):
        preflight(server.url.replace("/0", "/99"), settings)
