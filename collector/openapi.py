"""What GET /openapi.json says of the ways in: the event's own model, answers, examples."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from clickstream.events.edge import BehaviorEvent
from collector.configuration.model import Collection

_FILLED_IN = ("event_id", "tenant_id", "scenario_id")


def documented(app: FastAPI, collection: Collection) -> None:
    """Let the application describe itself."""

    def describe() -> dict[str, Any]:
        found: dict[str, Any] = app.openapi_schema or get_openapi(title=app.title, version=app.version, routes=[])
        found["components"] = {"schemas": {"Event": _event()}}
        app.openapi_schema = found
        return found

    app.openapi = describe  # type: ignore[method-assign] # FastAPI's documented way to say it oneself


def _event() -> dict[str, Any]:
    schema: dict[str, Any] = BehaviorEvent.model_json_schema(ref_template="#/components/schemas/{model}")
    schema["required"] = [name for name in schema.get("required", []) if name not in _FILLED_IN]
    return schema
