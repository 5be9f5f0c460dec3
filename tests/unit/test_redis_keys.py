from hypothesis import given
from hypothesis import strategies as st

from clickstream.redis_keys import RedisKeys, decoded, encoded

ids = st.text(min_size=1, max_size=8) | st.text(":%{}3A25a", min_size=1, max_size=8)


@given(ids)
def test_encoding_can_be_undone_and_leaves_no_separator(part: str) -> None:
    assert ":" not in encoded(part)
    assert decoded(encoded(part)) == part


@given(st.tuples(ids, ids), st.tuples(ids, ids))
def test_two_places_share_no_key(one: tuple[str, str], other: tuple[str, str]) -> None:
    for keys in (RedisKeys(), RedisKeys(cluster=True)):
        assert (keys.hot_items(*one) == keys.hot_items(*other)) == (one == other)
        assert (keys.metrics(*one) == keys.metrics(*other)) == (one == other)
        assert keys.hot_items(*one) != keys.hot_meta(*other)


def test_the_published_names() -> None:
    keys = RedisKeys()
    assert keys.hot_items("aurora", "home") == "hot:items:aurora:home"
    assert keys.hot_meta("a:b", "c%d") == "hot:meta:a%3Ab:c%25d"
    assert keys.metrics("aurora", "home") == "metrics:realtime:aurora:home"
    assert keys.recent("aurora", "u-1") == "user:recent:u-1"
    assert not keys.recent_by_tenant


def test_on_a_cluster_a_scenarios_keys_share_a_hash_tag() -> None:
    keys = RedisKeys(cluster=True)
    assert keys.hot_items("a", "home") == "hot:items:{a:home}"
    assert keys.hot_meta("a", "home") == "hot:meta:{a:home}"


def test_a_template_with_the_tenant_keeps_equal_users_apart() -> None:
    keys = RedisKeys(recent_template="user:recent:{tenant}:{user_id}")
    assert keys.recent_by_tenant
    assert keys.recent("a", "u") != keys.recent("b", "u")
