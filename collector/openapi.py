"""What GET /openapi.json says of the ways in: the event's own model, answers, examples."""

import time
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from clickstream.events.edge import BehaviorEvent
from collector.configuration.model import Collection

_FILLED_IN = ("event_id", "tenant_id", "scenario_id", "timestamp")
_EVENT = {"$ref": "#/components/schemas/Event"}
_REFUSALS = {
    "400": "Nothing could be read: no JSON, no object, or a broken encoding.",
    "401": "No write key, or one that is not valid here.",
    "403": "The page's origin is none of the tenant's.",
    "408": "The body came too slowly.",
    "413": "Too many bytes, or too many events.",
    "415": "A content type, charset or encoding that is not read here.",
    "429": "Over the key's rate; Retry-After says when to come again.",
    "503": "Nothing is promised of any event: send the same request again after Retry-After.",
}


def documented(app: FastAPI, collection: Collection) -> None:
    """Let the application describe itself."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = get_openapi(title=app.title, version=app.version, routes=[])
            found["components"] = _components()
            found["paths"] = _paths(collection)
            app.openapi_schema = found
        described: dict[str, Any] = app.openapi_schema
        return described

    app.openapi = describe  # type: ignore[method-assign] # FastAPI's documented way to say it oneself


def _paths(collection: Collection) -> dict[str, Any]:
    now = int(time.time() * 1000)
    view = {"user_id": "u-17", "action_type": "view", "item_id": "i-42", "timestamp": now, "scenario_id": "home"}
    page = {"user_id": "u-17", "action_type": "pageview", "url": "https://shop.example/", "timestamp": now}
    course = {
        "type": "click",
        "session_id": "user-session-1001",
        "user_id": 1001,
        "url": "/catalog?foo=bar",
        "created_at": "2026-01-01T10:00:00Z",
        "user_agent": "Mozilla/5.0",
        "payload": {"event_title": "checkout", "element_id": "#submit-button", "x": 445, "y": 315},
    }
    sources = collection.sources
    paths: dict[str, Any] = {}
    if sources.behaviors.enabled:
        body: dict[str, Any] = {"oneOf": [_EVENT, {"type": "array", "items": _EVENT}]}
        examples = {"array": {"value": [view, page]}, "one": {"value": view}}
        paths["/api/v1/behaviors"] = {"post": _post("Store events", body, examples)}
    if sources.events.enabled:
        body = {"type": "array", "items": {"type": "object"}}
        paths["/events"] = {"post": _post("Store events of another form", body, {"array": {"value": [course]}})}
    if sources.pixel.enabled:
        paths["/t.gif"] = {"get": _pixel()}
    return paths


def _post(summary: str, schema: dict[str, Any], examples: dict[str, Any]) -> dict[str, Any]:
    problem: dict[str, Any] = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    refusals: dict[str, Any] = {status: {"description": text, "content": problem} for status, text in _REFUSALS.items()}
    stored = {
        "description": "Kafka has acknowledged the accepted events; the others are named.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}},
    }
    return {
        "summary": summary,
        "security": [{"header": []}, {"query": []}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema, "examples": examples}}},
        "responses": {"202": stored, **refusals},
    }


def _pixel() -> dict[str, Any]:
    answers = {"200": "Stored.", **_REFUSALS}
    answers["400"] = "The event was refused: X-Rejected says why."
    answers["414"] = "The query is too long."
    picture: dict[str, Any] = {"image/gif": {}}
    names = ("action_type", "user_id", "item_id", "scenario_id", "url")
    return {
        "summary": "Store one event; the answer is a picture",
        "security": [{"query": []}],
        "parameters": [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names],
        "responses": {status: {"description": text, "content": picture} for status, text in answers.items()},
    }


def _components() -> dict[str, Any]:
    event: dict[str, Any] = BehaviorEvent.model_json_schema(ref_template="#/components/schemas/{model}")
    parts: dict[str, Any] = event.pop("$defs", {})
    event["required"] = [name for name in event.get("required", []) if name not in _FILLED_IN]
    text, number = {"type": "string"}, {"type": "integer"}
    refused = {"type": "object", "properties": {"index": number, "field": text, "reason": text}}
    return {
        "schemas": {
            **parts,
            "Event": event,
            "Answer": {
                "type": "object",
                "required": ["accepted", "rejected"],
                "properties": {"accepted": number, "rejected": {"type": "array", "items": refused}},
            },
            "Problem": {
                "type": "object",
                "required": ["error", "message"],
                "properties": {"error": text, "message": text},
            },
        },
        "securitySchemes": {
            "header": {"type": "apiKey", "in": "header", "name": "X-Write-Key"},
            "query": {"type": "apiKey", "in": "query", "name": "key"},
        },
    }
