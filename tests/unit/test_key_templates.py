import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream.config import RedisSettings, resolve
from clickstream.errors import ConfigurationError
from clickstream.key_templates import colliding, fields_of, segments_of
from clickstream.redis_keys import encoded

ids = st.text("ab:%", min_size=1, max_size=3)
templates = st.lists(st.sampled_from(["{tenant}", "{scenario}", ":", "a", "b", "ab:"]), max_size=6).map("".join)


def _key(template: str, place: tuple[str, str]) -> str:
    return template.format(tenant=encoded(place[0]), scenario=encoded(place[1]))


@given(templates, st.tuples(ids, ids), st.tuples(ids, ids))
def test_a_template_that_is_taken_gives_two_places_keys_of_their_own(
    template: str, one: tuple[str, str], other: tuple[str, str]
) -> None:
    try:
        segments_of(template)
    except ValueError:
        return
    if fields_of(template) == {"tenant", "scenario"}:
        assert (_key(template, one) == _key(template, other)) == (one == other)


@given(templates, templates, st.tuples(ids, ids), st.tuples(ids, ids))
def test_templates_that_are_taken_together_never_make_the_same_key(
    first: str, second: str, one: tuple[str, str], other: tuple[str, str]
) -> None:
    try:
        found = colliding([("first", first), ("second", second)])
    except ValueError:
        return
    assert found is not None or _key(first, one) != _key(second, other)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"METRICS": "m:{tenant}{scenario}"}, "KEY_METRICS is no template: {scenario} needs a colon between it and"),
        ({"METRICS": "m:{tenant}-{scenario}"}, "KEY_METRICS is no template: {scenario} needs a colon"),
        ({"RECENT": "u:{tenant}/{user_id}"}, "KEY_RECENT is no template: {user_id} needs a colon"),
        ({"METRICS": "m:{tenant:.2}:{scenario}"}, "KEY_METRICS is no template: {tenant} stands for the id as it is"),
        ({"METRICS": "m:{tenant!r}:{scenario}"}, "KEY_METRICS is no template: {tenant} stands for the id as it is"),
        ({"METRICS": "m:{scenario}"}, "KEY_METRICS names ['scenario'], it must name ['scenario', 'tenant']"),
        ({"HOT_META": "hot:items:{tenant}:{scenario}"}, "KEY_HOT_ITEMS and CLICKSTREAM_REDIS_KEY_HOT_META can make"),
        ({"METRICS": "hot:{tenant}:{scenario}:items"}, "KEY_HOT_ITEMS and CLICKSTREAM_REDIS_KEY_METRICS can make"),
        ({"METRICS": "hot:{tenant}:{scenario}"}, None),
        ({"HOT_ITEMS": "h:{tenant}:{scenario}", "METRICS": "h:m{tenant}:{scenario}"}, "KEY_HOT_ITEMS and CLICK"),
        ({"HOT_ITEMS": "h:{tenant}m:{scenario}", "METRICS": "h:{tenant}:{scenario}"}, "KEY_HOT_ITEMS and CLICK"),
        ({"HOT_ITEMS": "h:{tenant}:m{scenario}", "METRICS": "h:{tenant}:{scenario}"}, "KEY_HOT_ITEMS and CLICK"),
        ({"METRICS": "hot:{tenant}:items:{scenario}"}, "KEY_HOT_ITEMS and CLICKSTREAM_REDIS_KEY_METRICS can make"),
        ({"RECENT": "metrics:realtime:{tenant}:{user_id}"}, "KEY_METRICS and CLICKSTREAM_REDIS_KEY_RECENT can make"),
        ({"RECENT": "{tenant}:{user_id}", "METRICS": "{tenant}:{scenario}"}, "METRICS and CLICKSTREAM_REDIS_KEY_RECEN"),
        ({"RECENT": "u{user_id}", "METRICS": "x:{tenant}:{scenario}"}, None),
        ({"METRICS": "erased:{{user:{tenant}:{scenario}}}"}, "KEY_METRICS and CLICKSTREAM_REDIS_KEY_RECENT can make"),
        ({"METRICS": "hot:items{tenant}:{scenario}"}, None),
        ({"METRICS": "m:{scenario}:{tenant}"}, None),
    ],
)
def test_templates_under_which_keys_would_be_shared_are_refused_and_named(
    changed: dict[str, str], says: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, template in changed.items():
        monkeypatch.setenv(f"CLICKSTREAM_REDIS_KEY_{name}", template)
    if says is None:
        resolve(RedisSettings)
        return
    with pytest.raises(ConfigurationError) as caught:
        resolve(RedisSettings)
    assert says in str(caught.value)
    assert "CLICKSTREAM_REDIS_KEY_" in str(caught.value)


def test_on_a_cluster_a_template_that_gets_no_hash_tag_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_REDIS_KEY_HOT_META", "hot:meta:{scenario}:{tenant}")
    resolve(RedisSettings)
    monkeypatch.setenv("CLICKSTREAM_REDIS_CLUSTER", "true")
    with pytest.raises(ConfigurationError, match="KEY_HOT_META has no {tenant}:{scenario}, which on a cluster"):
        resolve(RedisSettings)


@pytest.mark.parametrize("template", ["u}}:{user_id}", "u{{}}:{user_id}", "u{{:{user_id}"])
def test_on_a_cluster_braces_that_take_a_users_keys_apart_are_refused(
    template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLICKSTREAM_REDIS_KEY_RECENT", template)
    resolve(RedisSettings)
    monkeypatch.setenv("CLICKSTREAM_REDIS_CLUSTER", "true")
    with pytest.raises(ConfigurationError, match="KEY_RECENT has braces of its own that enclose nothing"):
        resolve(RedisSettings)
    monkeypatch.setenv("CLICKSTREAM_REDIS_KEY_RECENT", "u:{{{user_id}}}")
    resolve(RedisSettings)
