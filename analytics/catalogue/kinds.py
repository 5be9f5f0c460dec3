"""The five kinds of documents: where each is kept, and what may be done with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from analytics.catalogue import experiments, models
from analytics.catalogue.documents import (
    Content,
    Item,
    Kept,
    KeptItem,
    KeptScenario,
    KeptUserProfile,
    Scenario,
    UserProfile,
)
from analytics.catalogue.experiments import Experiment, KeptExperiment
from analytics.catalogue.models import KeptModel, Model
from analytics.catalogue.terms import terms

C = TypeVar("C", bound=Content)
K = TypeVar("K", bound=Kept)

Before = Mapping[str, Any] | None


def _plainly(_: Before, content: Content, __: datetime) -> dict[str, Any]:
    return content.model_dump()


def _anything(_: Mapping[str, Any]) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Kind(Generic[C, K]):
    """One kind.

    Attributes:
        name: of its collection, and in addresses.
        one: what a single document is called in messages.
        id_field: the field by which it is known within a tenant.
        content: what is sent.
        kept: what is answered.
        fold: the stored fields after a change, out of what was stored before; may refuse it.
        removable: refuses the removal of a document that must stay.
        revision_needed: whether changes must name the revision that they were made for.
        filters: fields by whose value a list can be narrowed.
        indexes: fields of further indexes, each behind tenant_id.
    """

    name: str
    one: str
    id_field: str
    content: type[C]
    kept: type[K]
    fold: Callable[[Before, C, datetime], dict[str, Any]] = _plainly
    removable: Callable[[Mapping[str, Any]], None] = _anything
    revision_needed: bool = False
    filters: tuple[str, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = field(default=())

    @property
    def searchable(self) -> bool:
        """Whether it can be searched by text."""
        return ("terms",) in self.indexes


def _item(_: Before, item: Item, __: datetime) -> dict[str, Any]:
    title = terms(item.title, item.item_id)
    return {
        **item.model_dump(),
        "title_terms": title,
        "terms": terms(item.title, item.item_id, item.category, *item.tags, item.description),
    }


def _experiment(before: Before, experiment: Experiment, _: datetime) -> dict[str, Any]:
    experiments.check_change(before, experiment)
    return experiment.model_dump()


SCENARIOS: Kind[Scenario, KeptScenario] = Kind(
    name="scenarios",
    one="scenario",
    id_field="scenario_id",
    content=Scenario,
    kept=KeptScenario,
    filters=("status",),
    indexes=(("status",),),
)
ITEMS: Kind[Item, KeptItem] = Kind(
    name="items",
    one="item",
    id_field="item_id",
    content=Item,
    kept=KeptItem,
    fold=_item,
    filters=("status", "category"),
    indexes=(("terms",), ("title_terms",), ("status",), ("category",)),
)
MODELS: Kind[Model, KeptModel] = Kind(
    name="models",
    one="model",
    id_field="model_id",
    content=Model,
    kept=KeptModel,
    fold=models.folded,
)
EXPERIMENTS: Kind[Experiment, KeptExperiment] = Kind(
    name="experiments",
    one="experiment",
    id_field="experiment_id",
    content=Experiment,
    kept=KeptExperiment,
    fold=_experiment,
    removable=experiments.check_removal,
    revision_needed=True,
    filters=("status", "scenario_id"),
    indexes=(("status",), ("scenario_id", "status")),
)
USER_PROFILES: Kind[UserProfile, KeptUserProfile] = Kind(
    name="user_profiles",
    one="user profile",
    id_field="user_id",
    content=UserProfile,
    kept=KeptUserProfile,
)

KINDS: tuple[Kind[Any, Any], ...] = (SCENARIOS, ITEMS, MODELS, EXPERIMENTS, USER_PROFILES)
