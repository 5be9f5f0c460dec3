"""The hot list: what Redis ranks, then what nobody has looked at yet."""

from collections.abc import Iterable
from dataclasses import dataclass

from clickstream.lookup import HotItem
from shop.catalogue import PRODUCTS, Product


@dataclass(frozen=True, slots=True)
class Ranked:
    """A product and its score now; 0 where it has none."""

    product: Product
    score: float


def ranked(items: Iterable[HotItem]) -> list[Ranked]:
    """Every product once: by score, hottest first, then those without one as the catalogue has them.

    Items that the shop does not sell are left out.
    """
    found = [Ranked(PRODUCTS[item.item_id], item.score) for item in items if item.item_id in PRODUCTS]
    known = {each.product.item_id for each in found}
    return found + [Ranked(product, 0.0) for item_id, product in PRODUCTS.items() if item_id not in known]
