"""The catalogues of the shops that `clickstream generate` makes events for."""

from collections.abc import Iterator

from analytics.catalogue.documents import Item, Scenario
from analytics.catalogue.experiments import Experiment, ExperimentStatus, Group
from analytics.catalogue.files import Line
from analytics.catalogue.kinds import EXPERIMENTS, ITEMS, SCENARIOS
from clickstream.generator import catalogue as generated

_LOOKS = ("Oak", "Blue", "Round", "Tall", "Woven", "Folding", "White", "Walnut", "Grey", "Small", "Green")
_THINGS = (
    "sofa",
    "table",
    "lamp",
    "chair",
    "shelf",
    "bed",
    "rug",
    "stool",
    "desk",
    "mirror",
    "bench",
    "cabinet",
    "vase",
)


def sample(tenants: int, items: int) -> Iterator[Line]:
    """Scenarios, running experiments and items of the first shops.

    Args:
        tenants: how many shops.
        items: of each: `clickstream generate --items`.
    """
    for shop in generated.TENANTS[:tenants]:
        for place in generated.SCENARIOS:
            name = f"{shop.title} – {place.title}"
            yield Line(shop.tenant_id, SCENARIOS, Scenario(scenario_id=place.scenario_id, name=name))
        for place in generated.SCENARIOS:
            groups = [group.name for group in place.groups if group.name]
            if groups:
                yield Line(shop.tenant_id, EXPERIMENTS, _experiment(place, groups))
        for number in range(items):
            look, thing = _LOOKS[number % len(_LOOKS)], _THINGS[number % len(_THINGS)]
            item = Item(
                item_id=f"{shop.item_prefix}{number:07d}", title=f"{look} {thing}", category=thing, tags=[look.lower()]
            )
            yield Line(shop.tenant_id, ITEMS, item)


def _experiment(place: generated.Scenario, groups: list[str]) -> Experiment:
    return Experiment(
        experiment_id=place.experiment_id,
        scenario_id=place.scenario_id,
        name=f"{place.title}: {', '.join(groups)}",
        status=ExperimentStatus.RUNNING,
        traffic=len(groups) / len(place.groups),
        groups=[Group(name=group, share=1 / len(groups)) for group in groups],
    )
