import pickle

import pytest

from clickstream.config.clickhouse import Node, Shard, parse_cluster
from clickstream.errors import ConfigurationError


def test_shards_replicas_and_weights() -> None:
    cluster = parse_cluster("http://a:1/db,http://b:2/db#3; http://c:4 ;")
    assert cluster.shards == (
        Shard(0, (Node("http", "a", 1, "default", "db"), Node("http", "b", 2, "default", "db")), 3),
        Shard(1, (Node("http", "c", 4, "default", "default"),), 1),
    )
    assert [node.host for node in cluster.nodes] == ["a", "b", "c"]


def test_ports_users_and_databases_have_defaults() -> None:
    plain, tls = parse_cluster("http://a;https://b/").nodes
    assert plain == Node("http", "a", 8123, "default", "default", "")
    assert (tls.scheme, tls.port, tls.address) == ("https", 8443, "https://b:8443")


def test_escapes_are_undone() -> None:
    (node,) = parse_cluster("http://na%40me:p%3Aa%2Fs%3Bs%23%2C%25@host:9/d%20b").nodes
    assert (node.user, node.password, node.database) == ("na@me", "p:a/s;s#,%", "d b")


def test_ipv6() -> None:
    (node,) = parse_cluster("http://user:pw@[::1]:8123/db").nodes
    assert (node.host, node.port, node.address) == ("::1", 8123, "http://[::1]:8123")


@pytest.mark.parametrize(
    ("urls", "message"),
    [
        ("localhost:8123", "'localhost:8123' in shard 1 is no address"),
        ("http://a;tcp://b:9000", "'tcp://b:9000' in shard 2"),
        ("http://a;;http://b", "'' in shard 2"),
        ("http://a,", "'' in shard 1"),
        ("http://", "in shard 1"),
        ("http://a:0x1", "in shard 1"),
        ("http://a:99999", "in shard 1"),
        ("http://[::1", "in shard 1"),
        ("http://a?database=x", "'http://a?database=x' in shard 1"),
        ("http://a#0", "the weight of shard 1 is #0"),
        ("http://a;http://b#heavy", "the weight of shard 2 is #heavy"),
        ("http://a#1.5", "#1.5"),
        ("http://a/db;http://a:8123/db", "names http://a:8123 twice"),
        ("http://a,http://a", "twice"),
    ],
)
def test_what_is_malformed_is_named(urls: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as failure:
        parse_cluster(urls)
    assert message in str(failure.value)
    assert "CLICKSTREAM_CLICKHOUSE_URLS" in str(failure.value)


def test_one_server_may_hold_two_databases() -> None:
    assert len(parse_cluster("http://a/one;http://a/two").nodes) == 2


@pytest.mark.parametrize(
    "urls",
    [
        "http://user:s3cret@",
        "http://user:s3cret@host:port",
        "tcp://user:s3cret@host",
        "http://user:s3cret@host#heavy",
        "http://user:s3cret@host?x=1",
        "http://user:s3cret@host,http://user:s3cret@host",
        "http://user:s3cret;more@host",  # somebody forgot to write %3B
        "http://user:s3cret,more@host",
        "http://user:1#s3cret@host",
        "http://user:s3#cret@host",
        "http://user:s3cret/more@host",
        "http://user:s3cret[@host",
    ],
)
def test_no_error_shows_a_password(urls: str) -> None:
    with pytest.raises(ConfigurationError) as failure:
        parse_cluster(urls)
    assert "s3" not in str(failure.value)
    assert "cret" not in str(failure.value)


def test_no_text_of_a_node_shows_its_password_and_it_pickles() -> None:
    cluster = parse_cluster("http://user:s3cret@host/db")
    assert "s3cret" not in repr(cluster) + str(cluster) + str(cluster.nodes[0])
    assert pickle.loads(pickle.dumps(cluster)) == cluster
