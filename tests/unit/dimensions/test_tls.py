"""Certificates that cannot be read: no server that is away, and no waiting mends it."""

from pathlib import Path

import pytest

from clickstream.config.dimensions import Tls
from clickstream.config.mysql import parse_mysql_url
from clickstream.dimensions import load_dimensions
from clickstream.dimensions.mysql import MySqlConnections
from clickstream.dimensions.preflight import preflight
from clickstream.errors import ConfigurationError


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_the_setting_is_named_before_any_server_is_asked(tmp_path: Path, content: str | None) -> None:
    authorities = tmp_path / "ca.pem"
    if content is not None:
        authorities.write_text(content)
    connections = MySqlConnections(parse_mysql_url("mysql://u:p@host/d"), tls=Tls.VERIFIED, tls_ca=authorities)
    with pytest.raises(ConfigurationError, match=f"CLICKSTREAM_DIMENSIONS_TLS_CA: {authorities} holds no certificates"):
        preflight(load_dimensions(), connections)
