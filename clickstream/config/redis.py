"""Redis: how long to wait for it, and what its keys are called. Its address is CLICKSTREAM_REDIS_URL."""

from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from clickstream import key_templates, redis_keys
from clickstream.config.base import PREFIX, Settings
from clickstream.redis_keys import RedisKeys
from clickstream.retry import RetryPolicy

_PLACES = {"tenant", "scenario"}


class RedisSettings(Settings):
    """Variables `CLICKSTREAM_REDIS_*`."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}REDIS_")

    cluster: bool = Field(False, description="whether the address is a cluster's: keys of a scenario share a hash tag")
    timeout: float = Field(5.0, gt=0, description="seconds to connect, and for an answer")
    retry_initial: float = Field(0.2, gt=0, description="seconds before a write is tried again, doubling")
    retry_maximum: float = Field(5.0, gt=0, description="seconds between two tries at the most")
    key_hot_items: str = Field(redis_keys.HOT_ITEMS, description="template of a ZSET's key")
    key_hot_meta: str = Field(redis_keys.HOT_META, description="template of a HASH's key")
    key_metrics: str = Field(redis_keys.METRICS, description="template of a HASH's key")
    key_recent: str = Field(
        redis_keys.RECENT, description="template of a LIST's key; with more than one tenant it needs {tenant} too"
    )

    @model_validator(mode="after")
    def _templates(self) -> Self:
        for name, required, optional in (
            ("key_hot_items", _PLACES, set()),
            ("key_hot_meta", _PLACES, set()),
            ("key_metrics", _PLACES, set()),
            ("key_recent", {"user_id"}, {"tenant"}),
        ):
            template = getattr(self, name)
            try:
                found = key_templates.fields_of(template)
                key_templates.segments_of(template)
            except ValueError as error:
                raise ValueError(
                    f"{_variable(name)} is no template: {error}; the default is {_default(name)}"
                ) from error
            if not required <= found <= required | optional:
                raise ValueError(f"{_variable(name)} names {sorted(found)}, it must name {sorted(required)}")
            if self.cluster and found >= _PLACES and redis_keys.PLACE not in template:
                raise ValueError(
                    f"{_variable(name)} has no {redis_keys.PLACE}, which on a cluster is what keeps the keys of a "
                    f"scenario in one slot; the default is {_default(name)}"
                )
        keys = self.keys
        if self.cluster and len({redis_keys.slot_part(make("t", "u")) for make in (keys.recent, keys.erased)}) > 1:
            raise ValueError(
                f"{_variable('key_recent')} has braces of its own that enclose nothing: on a cluster they decide "
                f"where a key lies; the default is {_default('key_recent')}"
            )
        kinds = [(name, getattr(self, name)) for name in ("key_hot_items", "key_hot_meta", "key_metrics", "key_recent")]
        if shared := key_templates.colliding([*kinds, ("key_recent", redis_keys.erased_template(self.key_recent))]):
            one, other = map(_variable, shared)
            raise ValueError(
                f"{one} and {other} can make the same key for some ids: begin each with a word of its own, as in "
                f"{_default(shared[0])} and {_default(shared[1])}"
            )
        if self.retry_maximum < self.retry_initial:
            raise ValueError("CLICKSTREAM_REDIS_RETRY_MAXIMUM is less than CLICKSTREAM_REDIS_RETRY_INITIAL")
        return self

    @property
    def keys(self) -> RedisKeys:
        """The keys that these settings make."""
        return RedisKeys(self.key_hot_items, self.key_hot_meta, self.key_metrics, self.key_recent, self.cluster)

    @property
    def policy(self) -> RetryPolicy:
        """When a write is tried again; it is never given up."""
        return RetryPolicy(initial=self.retry_initial, maximum=self.retry_maximum)


def _variable(name: str) -> str:
    return f"{PREFIX}REDIS_{name.upper()}"


def _default(name: str) -> str:
    return str(RedisSettings.model_fields[name].default)
