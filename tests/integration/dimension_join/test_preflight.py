"""What is asked of MySQL before the join is submitted."""

from dataclasses import replace

import pytest

from clickstream.config import DimensionSettings
from clickstream.config.mysql import parse_mysql_url
from clickstream.dimensions import load_dimensions
from clickstream.dimensions.mysql import MySqlConnections
from clickstream.dimensions.preflight import preflight
from clickstream.errors import ConfigurationError
from clickstream.transactions import require_transaction_timeout
from tests.kit.join import JoinPipeline
from tests.kit.servers import Servers

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]


def test_wrong_credentials_are_an_error_and_all_else_is_told(join: JoinPipeline) -> None:
    address = parse_mysql_url(join.url)
    declared = load_dimensions()

    def lines(**changes: str | int) -> list[str]:
        return preflight(declared, MySqlConnections(replace(address, **changes), connect_timeout=2))  # type: ignore[arg-type] # each of its own type

    assert lines() == []
    with pytest.raises(ConfigurationError, match="refuses user.*correct CLICKSTREAM_MYSQL_URL") as failure:
        lines(password="guessed")
    assert "guessed" not in str(failure.value)
    assert "does not answer" in lines(port=9)[0]
    assert lines(database="nowhere") == [
        f"MySQL at {address.host}:{address.port}/nowhere has no such database: run `clickstream migrate --only mysql`"
    ]
    join.sql("ALTER TABLE dim_product RENAME COLUMN product_brand TO maker")
    (line,) = lines()
    assert "dimension product: " in line
    assert "product_brand" in line
    join.sql("ALTER TABLE dim_product RENAME COLUMN maker TO product_brand")
    join.sql("DROP TABLE dim_scenario")
    (line,) = lines()
    assert line.startswith(f"dimension scenario: MySQL at {address} says ")
    assert "dim_scenario" in line


def test_a_transaction_may_be_as_long_as_the_brokers_allow_and_not_longer(servers: Servers) -> None:
    setting = DimensionSettings.model_fields["transaction_timeout"]
    require_transaction_timeout(servers.bootstrap, setting.default, "X")
    require_transaction_timeout(servers.bootstrap, 900, "X")
    with pytest.raises(ConfigurationError) as failure:
        require_transaction_timeout(servers.bootstrap, 901, "CLICKSTREAM_DIMENSIONS_TRANSACTION_TIMEOUT")
    assert str(failure.value) == (
        f"CLICKSTREAM_DIMENSIONS_TRANSACTION_TIMEOUT is 901 s, but the brokers at {servers.bootstrap} allow 900 s: "
        "lower it, or raise transaction.max.timeout.ms"
    )
