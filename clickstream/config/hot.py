"""Hot scores: what an action weighs and how fast it is forgotten, for each scenario where it matters."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_settings import SettingsConfigDict

from clickstream.config.base import PREFIX, Settings
from clickstream.events.action import Action
from clickstream.redis_keys import encoded

WEIGHTS = {
    Action.IMPRESSION: 0.1,
    Action.CLICK: 1.0,
    Action.VIEW: 2.0,
    Action.LIKE: 3.0,
    Action.SHARE: 4.0,
    Action.ADD_CART: 5.0,
    Action.ORDER: 10.0,
}


class HotScenario(BaseModel):
    """What differs in one scenario; None: as everywhere else."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: dict[Action, float] | None = None
    half_life_seconds: float | None = Field(None, gt=0)
    top: int | None = Field(None, ge=1, le=100_000)
    flush_seconds: float | None = Field(None, gt=0)
    cap: bool | None = None


class HotSettings(Settings):
    """Variables `CLICKSTREAM_HOT_*`."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}HOT_")

    weights: dict[Action, float] = Field(
        default={}, description='weight by action over the defaults, as JSON: {"click": 1.5}; 0: does not count'
    )
    half_life_seconds: float = Field(3600.0, gt=0, description="after so long an event counts half")
    top: int = Field(500, ge=1, le=100_000, description="items that Redis holds for each scenario")
    flush_seconds: float = Field(0.5, gt=0, description="changed scores are written at this interval")
    rewrite_seconds: float = Field(60.0, gt=0, description="everything is written at this interval: lost writes heal")
    ttl_seconds: int = Field(7 * 24 * 3600, gt=0, description="keys expire so long after the last write")
    floor: float = Field(1e-12, gt=0, description="an item whose score now is below this is forgotten")
    cap: bool = Field(False, description="count each (user, item, action) once per half-life, at its beginning")
    scenarios: dict[str, HotScenario] = Field(
        default={},
        description='what differs, as JSON: {"home": {"half_life_seconds": 600}, "tenant:home": {"top": 100}}',
    )
    batch_rows: int = Field(10_000, ge=1, le=100_000, description="events in a micro-batch at the most")
    batch_seconds: float = Field(0.1, gt=0, description="a micro-batch goes on after so long")

    @model_validator(mode="after")
    def _valid(self) -> Self:
        for name in self.scenarios:
            if name.count(":") > 1 or not all(name.split(":")):
                raise ValueError(
                    f"CLICKSTREAM_HOT_SCENARIOS names {name!r}, which no place is called: give scenario or "
                    "tenant:scenario, with %3A for a colon in an id"
                )
        for name, weights in [("CLICKSTREAM_HOT_WEIGHTS", self.weights)] + [
            (f"CLICKSTREAM_HOT_SCENARIOS, {name}", each.weights or {}) for name, each in self.scenarios.items()
        ]:
            for action, weight in weights.items():
                if not 0 <= weight < float("inf"):
                    raise ValueError(f"{name}: the weight of {action.value} is {weight}; give 0 or more")
        return self

    def scenario(self, tenant_id: str, scenario_id: str) -> HotScenario:
        """What was set for "tenant:scenario", over what was set for "scenario", over what holds everywhere.

        Ids stand in these names as in keys, with `:` and `%` percent-encoded.
        """
        found = [
            self.scenarios.get(name) for name in (f"{encoded(tenant_id)}:{encoded(scenario_id)}", encoded(scenario_id))
        ]
        everywhere = HotScenario(
            weights={}, half_life_seconds=self.half_life_seconds, top=self.top, flush_seconds=self.flush_seconds,
            cap=self.cap,
        )  # fmt: skip
        values = {
            name: next(value for each in (*found, everywhere) if each and (value := getattr(each, name)) is not None)
            for name in HotScenario.model_fields
        }
        return HotScenario(**{**values, "weights": {**WEIGHTS, **self.weights, **values["weights"]}})
