"""The demo's visits: events of the contract, each with a number of its own."""

import json

from clickstream.events.sent import Intake, Sender
from devstack.demo.posting import event

NOW = 1_800_000_000_000


def test_the_collector_would_take_every_one_of_them() -> None:
    events = [event("visit-", number, NOW) for number in range(400)]
    taken = Intake().take(json.dumps(events).encode(), Sender("aurora"), NOW)
    assert taken.refused == []
    assert {each.action_type.value for each in taken.events} >= {"pageview", "impression", "click", "order"}
    assert [each.event_id for each in taken.events] == [f"visit-{number}" for number in range(400)]
    assert len({each.user_id for each in taken.events}) == 50, "a visitor has a visit of eight events"
