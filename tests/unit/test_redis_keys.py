from hypothesis import example, given
from hypothesis import strategies as st
from redis.crc import key_slot

from clickstream.redis_keys import RedisKeys, decoded, encoded, slot_part

ids = st.text(min_size=1, max_size=8) | st.text(":%{}3A25a", min_size=1, max_size=8)


@given(ids)
def test_encoding_can_be_undone_and_leaves_no_separator(part: str) -> None:
    assert not set(":{}") & set(encoded(part))
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


@given(st.tuples(ids, ids), st.tuples(ids, ids))
@example(("t", "u"), ("t", "u"))
def test_a_users_two_keys_share_a_slot_and_no_other_key(one: tuple[str, str], other: tuple[str, str]) -> None:
    for template in ("user:recent:{user_id}", "user:recent:{tenant}:{user_id}", "user:recent:{{{tenant}:{user_id}}}"):
        keys = RedisKeys(recent_template=template)
        by = slice(None) if keys.recent_by_tenant else slice(1, None)
        assert key_slot(keys.recent(*one).encode()) == key_slot(keys.erased(*one).encode())
        assert slot_part(keys.recent(*one)) == slot_part(keys.erased(*one))
        assert (keys.erased(*one) == keys.erased(*other)) == (one[by] == other[by])
        assert keys.erased(*one) not in {keys.recent(*other), keys.hot_items(*other), keys.metrics(*other)}


def test_what_decides_a_slot_is_what_redis_takes() -> None:
    for key in ("a", "{a}", "x{a}y", "x{}a", "x{a", "x}a{b}", "{{a}}", "a}b"):
        assert key_slot(slot_part(key).encode()) == key_slot(key.encode())
    assert (slot_part("x{a}y"), slot_part("x{}a"), slot_part("x{a")) == ("a", "x{}a", "x{a")
