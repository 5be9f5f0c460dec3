"""MySQL over TLS, on a real MariaDB that takes nothing else."""

import gc
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from clickstream.config.dimensions import Tls
from clickstream.config.mysql import parse_mysql_url
from clickstream.dimensions import load_dimensions
from clickstream.dimensions.mysql import MySqlConnections
from clickstream.dimensions.preflight import preflight
from devstack.plan import Plan
from devstack.ports import HOST, is_free
from devstack.services import servers as servers_of
from devstack.stack import Stack
from tests.kit.commands import clickstream
from tests.kit.servers import own_environment
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]


@dataclass(frozen=True)
class Encrypted:
    """A server, and the certificate of the authority that vouches for it."""

    url: str
    authority: Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encrypted]:
    """MariaDB as the devstack runs it, but with a certificate, and without connections that are not encrypted."""
    folder = tmp_path_factory.mktemp("tls")
    authority, key, chain = folder / "authority.pem", folder / "key.pem", folder / "chain.pem"
    issuer = trustme.CA()
    issuer.cert_pem.write_to_path(authority)
    certificate = issuer.issue_cert(HOST)
    certificate.private_key_pem.write_to_path(key)
    certificate.cert_chain_pems[0].write_to_path(chain)

    stack = Stack(folder / "servers")
    stack.up(only=("mysql",), timeout=120)
    url = stack.environment()["CLICKSTREAM_MYSQL_URL"]
    stack.down()
    mariadb = servers_of(stack.layout, Plan.load(stack.layout.run / "plan.json"))["mysql"]
    command = [option for option in mariadb.command() if option != "--skip-ssl"]
    options = [f"--ssl-cert={chain}", f"--ssl-key={key}", "--require-secure-transport=ON"]
    with subprocess.Popen([*command, *options], env=mariadb.environment(), stderr=subprocess.DEVNULL) as process:
        try:
            port = parse_mysql_url(url).port
            wait_for(lambda: not is_free(port), 60, "MariaDB listens")
            yield Encrypted(url, authority)
        finally:
            process.terminate()


# aiomysql leaves the socket of a connection that was refused to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_join_and_the_commands_reach_it_and_only_a_certificate_that_is_trusted_is_believed(
    server: Encrypted,
) -> None:
    trusting = {"CLICKSTREAM_DIMENSIONS_TLS": "verified", "CLICKSTREAM_DIMENSIONS_TLS_CA": str(server.authority)}
    environment = {**own_environment(), "CLICKSTREAM_MYSQL_URL": server.url, **trusting}
    clickstream(environment, "migrate", "--only", "mysql")
    assert "dim_product" in clickstream(environment, "sample-dimensions")

    address, declared = parse_mysql_url(server.url), load_dimensions()

    def told(tls: Tls, authority: Path | None = None) -> list[str]:
        return preflight(declared, MySqlConnections(address, tls=tls, tls_ca=authority))

    assert told(Tls.VERIFIED, server.authority) == []
    assert told(Tls.REQUIRED) == []
    assert "certificate verify failed" in told(Tls.VERIFIED)[0], "nobody on this machine vouches for it"
    assert "insecure transport" in told(Tls.OFF)[0]
    gc.collect()  # here, where the warning is expected
