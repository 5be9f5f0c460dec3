"""What the shop sells, and the banner's creatives: the first of the modelled shops, in scenarios of its own.

ddl/mysql/sample holds the same for the join.
"""

from dataclasses import dataclass

TENANT = "aurora"
SCENARIO = "shop"
CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class Product:
    """Something to buy.

    Attributes:
        item_id: in events and in Redis.
        category: one of CATEGORIES.
        price: in CURRENCY, whole units.
        hue: of its picture, in degrees.
    """

    item_id: str
    name: str
    category: str
    price: int
    hue: int


@dataclass(frozen=True, slots=True)
class Creative:
    """One of the banner's pictures with its text; it leads to a product.

    Attributes:
        item_id: in events, in scenario `banner`.
        leads_to: item_id of the product.
    """

    item_id: str
    text: str
    leads_to: str


CATEGORIES = ("light", "seats", "tables")

PRODUCTS = {
    product.item_id: product
    for product in (
        Product("arc-lamp", "Arc lamp", "light", 129, 45),
        Product("oak-stool", "Oak stool", "seats", 79, 25),
        Product("side-table", "Side table", "tables", 149, 15),
        Product("paper-lantern", "Paper lantern", "light", 35, 55),
        Product("reading-chair", "Reading chair", "seats", 349, 160),
        Product("desk", "Writing desk", "tables", 420, 200),
        Product("desk-light", "Desk light", "light", 59, 345),
        Product("bench", "Hall bench", "seats", 189, 95),
        Product("round-table", "Round table", "tables", 510, 265),
        Product("string-lights", "String lights", "light", 19, 300),
        Product("rocking-chair", "Rocking chair", "seats", 275, 5),
        Product("night-table", "Night table", "tables", 99, 225),
    )
}

CREATIVES = {
    creative.item_id: creative
    for creative in (
        Creative("banner-warm", "Warm light for long evenings", "arc-lamp"),
        Creative("banner-quiet", "A chair for a quiet hour", "reading-chair"),
        Creative("banner-work", "A desk that makes room", "desk"),
    )
}
