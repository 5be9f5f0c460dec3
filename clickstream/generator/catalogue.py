"""What the modelled shops are made of: tenants, scenarios, experiments and event names."""

from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True)
class Tenant:
    """A shop. Two-character prefixes make its user and item ids, so that all ids have one width."""

    tenant_id: str
    title: str
    user_prefix: str
    item_prefix: str


@dataclass(frozen=True)
class Group:
    """One arm of an experiment.

    Attributes:
        name: the `experiment_group` that events carry; empty for users who are not in the experiment.
        click_effect: factor on the probability that an impression is clicked.
        order_effect: factor on the probability that a filled cart is ordered.
    """

    name: str
    click_effect: float = 1.0
    order_effect: float = 1.0


_OUTSIDE = Group("")


@dataclass(frozen=True)
class Scenario:
    """A place where items are recommended, with the experiment that runs there, if any."""

    scenario_id: str
    title: str
    experiment_id: str = ""
    groups: tuple[Group, ...] = (_OUTSIDE,)


# The first two share every user id and item id: whoever forgets the tenant in a key mixes them up, and the answers show
# it. The ids of later ones hold the characters that keys and paths have to escape.
TENANTS = (
    Tenant("aurora", "Aurora Möbel", "u-", "p-"),
    Tenant("borealis", "Borealis", "u-", "p-"),
    Tenant("cascade", "Cascade", "c:", "c:"),
    Tenant("delta", "Delta", "d%", "d%"),
    Tenant("ember", "Ember", "e/", "e/"),
    Tenant("fjord", "Fjørd", "f.", "f."),
    Tenant("grove", "Grove", "g_", "g_"),
    Tenant("harbour", "Harbour", "h ", "h "),
)

SCENARIOS = (
    Scenario("home", "Home", "ranker", (_OUTSIDE, Group("control"), Group("deep", 1.25, 1.1))),
    Scenario("search", "Search", "semantic", (_OUTSIDE, Group("control"), Group("vector", 1.0, 0.85))),
    Scenario("detail", "Similar items", "similar", (Group("control"), Group("visual", 1.1), Group("graph", 0.9, 1.2))),
    Scenario("cart", "Goes well with"),
)
MAX_GROUPS = max(len(scenario.groups) for scenario in SCENARIOS)

RECOMMENDATION_ACTIONS = ("impression", "click", "view", "like", "share", "add_cart", "order")
ACTIONS = (*RECOMMENDATION_ACTIONS, "pageview", "custom")
IMPRESSION, CLICK, VIEW, LIKE, SHARE, ADD_CART, ORDER, PAGEVIEW, CUSTOM = range(len(ACTIONS))
FUNNEL = (IMPRESSION, CLICK, VIEW, ADD_CART, ORDER)

_CUSTOM = {
    "search": "open submit clear suggestion_pick voice_start no_result scroll_end did_you_mean",
    "filter": "open apply reset price_change brand_toggle size_toggle colour_toggle save",
    "sort": "open price rating newest",
    "gallery": "open zoom swipe close rotate",
    "video": "play pause seek complete mute fullscreen",
    "review": "open write submit helpful report sort photo_open",
    "cart": "open close quantity_change remove save_for_later restore share",
    "coupon": "show copy apply reject expire",
    "checkout": "start address shipping payment review back error abandon",
    "payment": "method_change retry decline confirm",
    "wishlist": "open add remove share move_to_cart",
    "account": "login logout register password_reset profile_edit avatar_change delete_request",
    "notification": "show open dismiss subscribe unsubscribe",
    "banner": "show click close",
    "navigation": "menu_open category_pick breadcrumb back_to_top footer_link",
    "store": "locator_open pick stock_check directions",
    "support": "chat_open chat_send chat_rate faq_open phone_reveal",
    "consent": "show accept reject customise",
    "performance": "first_paint largest_paint long_task",
    "error": "javascript network not_found",
}
CUSTOM_NAMES = tuple(
    chain.from_iterable([f"{area}_{verb}" for verb in verbs.split()] for area, verbs in _CUSTOM.items())
)

# An event's name is an index into this: below CUSTOM it is the action itself, from there on a custom event.
EVENT_NAMES = (*ACTIONS[:CUSTOM], *CUSTOM_NAMES)
