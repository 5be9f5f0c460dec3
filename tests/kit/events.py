"""Single events, for tests that must know each of them."""

import json
from typing import Any

from tests.kit.kafka import Record
from tests.kit.traffic import model


def event(number: int, **fields: Any) -> Record:
    """A valid event; `fields` are put over its own. Equal numbers give equal events.

    It is compact and ends with a field that nobody removes, as `break_event` needs it.
    """
    timestamp = model(1).start_ms + number
    body = {
        "tenant_id": "tenant",
        "scenario_id": "scenario",
        "user_id": f"user-{number % 97}",
        "item_id": f"item-{number % 31}",
        "action_type": "click",
        "timestamp": timestamp,
        **fields,
        "event_id": f"single-{number}",
    }
    return Record(json.dumps(body, separators=(",", ":")).encode(), str(body["user_id"]).encode(), timestamp=timestamp)
