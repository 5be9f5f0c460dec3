"""What a user did."""

from enum import StrEnum


class Action(StrEnum):
    """Action types, in the order of their numbers in ClickHouse's Enum8 (1 to 9)."""

    IMPRESSION = "impression"
    CLICK = "click"
    VIEW = "view"
    LIKE = "like"
    SHARE = "share"
    ADD_CART = "add_cart"
    ORDER = "order"
    PAGEVIEW = "pageview"
    CUSTOM = "custom"

    @property
    def number(self) -> int:
        """The value in ClickHouse's Enum8."""
        return NUMBERS[self]


NUMBERS: dict[Action, int] = {action: number for number, action in enumerate(Action, start=1)}

# What happens to a recommended item: such an event without an item says nothing.
RECOMMENDATION_ACTIONS = frozenset(set(Action) - {Action.PAGEVIEW, Action.CUSTOM})
