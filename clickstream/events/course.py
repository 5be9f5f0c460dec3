"""Bodies of `POST /events`: {type, session_id, user_id, url, created_at, user_agent, payload {event_title, ...}}."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_PAYLOAD: Mapping[str, str] = {
    "event_title": "title",
    "element_id": "element_id",
    "item_id": "item_id",
    "x": "x",
    "y": "y",
}
_IDS = ("user_id", "session_id", "item_id")


def mapped(body: Mapping[str, Any]) -> dict[str, Any]:
    """The event in this platform's names. What is not understood stays as it is, for the checks to judge.

    Integers become strings where ids are strings; `created_at` is ISO 8601, UTC unless it says.
    """
    event = dict(body)
    if "type" in event:
        event["action_type"] = event.pop("type")
    if "created_at" in event:
        event["timestamp"] = _milliseconds(event.pop("created_at"))
    if "user_agent" in event:
        event["context"] = {"user_agent": event.pop("user_agent")}
    payload: Any = event.pop("payload", None)
    if isinstance(payload, dict):
        for name, value in payload.items():
            target = _PAYLOAD.get(name, name)
            event.setdefault(target, value)
    elif payload is not None:
        event["payload"] = payload
    for name in _IDS:
        if isinstance(event.get(name), int) and not isinstance(event[name], bool):
            event[name] = str(event[name])
    return event


def _milliseconds(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        parsed = datetime.fromisoformat(value)
        moment = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        return round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        return value
