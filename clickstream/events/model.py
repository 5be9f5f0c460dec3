"""The event as the hot path decodes it: msgspec Structs, which check types, lengths and enums while they parse.

An optional field may be absent or null; either way it is None here and left out when encoded, so that ClickHouse puts
in the column's default. Unknown fields are an error to these Structs; `decode` moves them to `extra_data`.
"""

from typing import Annotated

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from clickstream.events.action import Action

INT32_MAX = 2**31 - 1
# No valid event is larger as compact JSON, were every character of it escaped (twelve bytes for one beyond \\uffff).
LARGEST_EVENT_BYTES = 256 * 1024

EventId = Annotated[str, Meta(min_length=1, max_length=64)]
Id = Annotated[str, Meta(min_length=1, max_length=128)]
ItemId = Annotated[str, Meta(max_length=128)]
Label = Annotated[str, Meta(max_length=256)]
Text = Annotated[str, Meta(max_length=2048)]
Pixels = Annotated[int, Meta(ge=0, le=INT32_MAX)]
Count = Annotated[int, Meta(ge=0, le=INT32_MAX)]
Ratio = Annotated[float, Meta(ge=0, le=1)]
Money = Annotated[float, Meta(ge=0, le=1e15)]
Milliseconds = Annotated[int, Meta(ge=0, le=4_102_444_800_000)]  # to the year 2100: what DateTime64 can hold and sort


class Context(Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """Where the event came from. `location` is `CC-REGION/City`."""

    device_type: Label | None = None
    device_brand: Label | None = None
    os: Label | None = None
    os_version: Label | None = None
    browser: Label | None = None
    browser_version: Label | None = None
    language: Label | None = None
    location: Label | None = None
    ip: Label | None = None
    user_agent: Text | None = None
    is_bot: bool | None = None


class Event(Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """One behaviour event as producers write it to the ODS topic. Times are milliseconds since the epoch."""

    event_id: EventId
    tenant_id: Id
    scenario_id: Id
    user_id: Id
    action_type: Action
    timestamp: Milliseconds
    item_id: ItemId | None = None
    event_name: Id | None = None
    received_at: Milliseconds | None = None

    session_id: Id | None = None
    url: Text | None = None
    referrer: Text | None = None
    title: Text | None = None
    element_id: Text | None = None
    x: Pixels | None = None
    y: Pixels | None = None
    viewport_width: Pixels | None = None
    viewport_height: Pixels | None = None

    request_id: Id | None = None
    position: Count | None = None
    experiment_id: Id | None = None
    experiment_group: Id | None = None
    watch_duration: Count | None = None
    completion_rate: Ratio | None = None

    platform: Label | None = None
    app_version: Label | None = None
    channel: Label | None = None
    search_query: Text | None = None
    order_id: Id | None = None
    quantity: Count | None = None
    price: Money | None = None
    currency: Label | None = None

    context: Context | None = None
    extra_data: Raw | UnsetType = UNSET  # a JSON object as sent, up to 8 KiB


POSITION_NAMES = {"epoch": "_epoch", "partition": "_partition", "offset": "_offset"}


class EnrichedEvent(
    Event, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False, rename=POSITION_NAMES
):
    """One event of the DWD topic: joined with its dimensions, at its position in the ODS topic."""

    epoch: Annotated[int, Meta(ge=0, lt=2**32)]
    partition: Annotated[int, Meta(ge=0, lt=2**16)]
    offset: Annotated[int, Meta(ge=0)]

    product_name: str | None = None
    product_brand: str | None = None
    product_price: float | None = None
    category_1: str | None = None
    category_2: str | None = None
    category_3: str | None = None
    geo_country: str | None = None
    geo_region: str | None = None
    geo_city: str | None = None
    scenario_name: str | None = None
    dim_missing: list[str] | None = None
