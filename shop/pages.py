"""Pages as text: templates of pages/ with everything that is put into them escaped."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from pathlib import Path
from string import Template

from shop.catalogue import CATEGORIES, CREATIVES, CURRENCY, PRODUCTS, SCENARIO, Creative, Product
from shop.ranking import Ranked

_FOLDER = Path(__file__).parent / "pages"
EXPERIMENT = "buy-button"
GROUPS = ("plain", "bold")


class Privacy(StrEnum):
    """How the tracker is set up: as usual, keeping nothing on the device, or collecting nothing before it may."""

    USUAL = ""
    COOKIELESS = "cookieless"
    CONSENT = "consent"


@dataclass(frozen=True, slots=True)
class Site:
    """What all pages have in common.

    Attributes:
        collector: address of the collector, without a path; browsers load the tracker from there.
        key: the tenant's write key. It stands in the pages.
        tenant: whose hot list is shown.
        scenario: of the hot list, and of events that name none.
    """

    collector: str
    key: str
    tenant: str
    scenario: str = SCENARIO


@dataclass(frozen=True, slots=True)
class Visit:
    """What one page is made for.

    Attributes:
        group: of EXPERIMENT.
    """

    site: Site
    privacy: Privacy
    group: str


def home(visit: Visit, hot: Iterable[Ranked], creative: Creative) -> str:
    """The banner, and the hot list."""
    tabs = [f'<button data-category="{each}">{each.capitalize()}</button>' for each in CATEGORIES]
    body = _filled(
        "home",
        raw={"banner": _banner(creative, visit), "tabs": "".join(tabs), "rows": _rows(hot, visit)},
        request=_request_id(),
        scenario=visit.site.scenario,
        experiment=EXPERIMENT,
        group=visit.group,
    )
    return _page("Shop", body, visit)


def product(visit: Visit, shown: Product, others: Iterable[Ranked]) -> str:
    """One product, and what else is hot."""
    body = _filled(
        "product",
        raw={"rows": _rows(others, visit), "buttons": _button(shown)},
        item=shown.item_id,
        name=shown.name,
        price=f"{shown.price} {CURRENCY}",
        request=_request_id(),
        experiment=EXPERIMENT,
        group=visit.group,
    )
    return _page(shown.name, body, visit)


def cart(visit: Visit) -> str:
    """The cart, which the browser keeps."""
    return _page("Cart", _filled("cart", raw={}), visit)


def picture(item_id: str) -> str | None:
    """An SVG image of a product or creative; None: there is no such item."""
    if creative := CREATIVES.get(item_id):
        shown, width, text = PRODUCTS[creative.leads_to], 960, creative.text
    elif found := PRODUCTS.get(item_id):
        shown, width, text = found, 120, ""
    else:
        return None
    return _filled("picture.svg", raw={}, width=str(width), hue=str(shown.hue), turn=str(shown.hue + 40), text=text)


def _page(title: str, body: str, visit: Visit) -> str:
    attributes = {Privacy.USUAL: "", Privacy.COOKIELESS: "data-cookieless", Privacy.CONSENT: 'data-consent="required"'}
    return _filled(
        "page",
        raw={
            "body": body,
            "tracker": attributes[visit.privacy],
            "asked": "" if visit.privacy is Privacy.CONSENT else "hidden",
        },
        title=title,
        collector=visit.site.collector,
        key=visit.site.key,
        scenario=visit.site.scenario,
        group=visit.group,
        suffix=_suffix(visit),
    )


def _banner(creative: Creative, visit: Visit) -> str:
    return _filled(
        "banner", raw={}, item=creative.item_id, text=creative.text, to=f"/p/{creative.leads_to}{_suffix(visit)}"
    )


def _rows(hot: Iterable[Ranked], visit: Visit) -> str:
    return "".join(
        _filled(
            "row",
            raw={"button": _button(each.product)},
            item=each.product.item_id,
            name=each.product.name,
            category=each.product.category,
            price=f"{each.product.price} {CURRENCY}",
            score=f"{each.score:.1f}" if each.score else "",
            to=f"/p/{each.product.item_id}{_suffix(visit)}",
        )
        for each in hot
    )


def _button(shown: Product) -> str:
    return _filled("button", raw={}, price=str(shown.price), currency=CURRENCY)


def _suffix(visit: Visit) -> str:
    return f"?privacy={visit.privacy}" if visit.privacy else ""


def _request_id() -> str:
    return f"r-{secrets.token_hex(8)}"


def _filled(template: str, /, *, raw: dict[str, str], **texts: str) -> str:
    """A template with `texts` escaped and `raw` put in as it is."""
    file = _FOLDER / (template if "." in template else f"{template}.html")
    escaped = {key: escape(text) for key, text in texts.items()}
    return Template(file.read_text(encoding="utf-8")).substitute(escaped, **raw)
