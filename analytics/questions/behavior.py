"""What users do: each kind of action, and how far they come from seeing to ordering."""

import asyncio

from analytics.answer import Answer, Span
from analytics.questions.funnel import UNLIMITED, Step, reached
from analytics.rates import percent
from analytics.scope import Scope
from analytics.warehouse import Warehouse
from clickstream.events.action import NUMBERS, Action

STEPS = (Action.IMPRESSION, Action.CLICK, Action.VIEW, Action.ADD_CART, Action.ORDER)


class ActionShare(Answer):
    """One kind of action: `users` are different ones, `rate` is their share of all active users in percent."""

    action_type: Action
    events: int
    users: int
    rate: float


class BehaviorRates(Answer):
    """In percent: each share is of the events of the step before that it can follow."""

    click_rate: float
    view_rate: float
    like_rate: float
    share_rate: float
    add_cart_rate: float
    order_rate: float


class Behavior(Answer):
    """What users do.

    Attributes:
        active_users: different users who did anything.
        actions: in the order of their numbers; what nobody did is there with 0.
        funnel: users who did each step no earlier than the one before it.
        rates: clicks of impressions, views of clicks, likes, shares and carts of views, orders of carts.
    """

    active_users: int
    actions: list[ActionShare]
    funnel: list[Step]
    rates: BehaviorRates
    period: Span


async def behavior(warehouse: Warehouse, scope: Scope) -> Behavior:
    """Answer for a scope."""
    rows, funnel = await asyncio.gather(
        warehouse.ask(scope, "behavior"), reached(warehouse, scope, tuple(STEPS), UNLIMITED)
    )
    found = {row["action"]: row for row in rows}
    active = found.get("", {}).get("users", 0)
    events = {action: found.get(action.value, {}).get("events", 0) for action in Action}
    users = {action: found.get(action.value, {}).get("users", 0) for action in Action}
    views = events[Action.VIEW]
    return Behavior(
        active_users=active,
        actions=[
            ActionShare(
                action_type=action, events=events[action], users=users[action], rate=percent(users[action], active)
            )
            for action in sorted(Action, key=NUMBERS.__getitem__)
        ],
        funnel=funnel,
        rates=BehaviorRates(
            click_rate=percent(events[Action.CLICK], events[Action.IMPRESSION]),
            view_rate=percent(views, events[Action.CLICK]),
            like_rate=percent(events[Action.LIKE], views),
            share_rate=percent(events[Action.SHARE], views),
            add_cart_rate=percent(events[Action.ADD_CART], views),
            order_rate=percent(events[Action.ORDER], events[Action.ADD_CART]),
        ),
        period=Span.of(scope.period),
    )
