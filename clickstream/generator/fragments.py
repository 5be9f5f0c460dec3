"""Pre-rendered pieces of JSON: each table holds every value that one part of an event can take."""

from dataclasses import dataclass
from urllib.parse import quote

import numpy as np
import orjson
import pyarrow as pa

from clickstream.generator.catalogue import CUSTOM, EVENT_NAMES, MAX_GROUPS, SCENARIOS, TENANTS
from clickstream.generator.model import TrafficModel
from clickstream.generator.records import AnyArray

CONTEXTS = 512
WATCHES = 1024
EXTRAS = 256
# Two halves of the extras: what carts and orders hold, what custom events hold. Index 0 is none.
SALE, DETAIL = 1, 1 + EXTRAS
SCREEN_WIDTH, SCREEN_HEIGHT = 360, 3000
POSITIONS = 11

_LOCATIONS = (
    "DE-BE/Berlin",
    "DE-BY/München",
    "FR-IDF/Paris",
    "GB-LND/London",
    "US-CA/San Francisco",
    "US-NY/New York",
    "BR-SP/São Paulo",
    "IN-KA/Bengaluru",
    "JP-13/Tōkyō",
    "CN-SH/上海",
    "PL-MZ/Warszawa",
    "ES-MD/Madrid",
)
_DEVICES = (
    ("mobile", "Android 15", "Chrome 140", "Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile", 412, 915),
    ("mobile", "iOS 18.6", "Safari 18", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6) Version/18.6 Safari/604", 390, 844),
    ("desktop", "Windows 11", "Chrome 140", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0", 1920, 1080),
    ("desktop", "macOS 15", "Safari 18", "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_5) Version/18.5", 1440, 900),
    ("desktop", "Linux", "Firefox 142", "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Firefox/142.0", 1680, 1050),
    ("tablet", "iPadOS 18", "Safari 18", "Mozilla/5.0 (iPad; CPU OS 18_6) Version/18.6 Safari/604", 820, 1180),
)
# Blocks reserved for documentation: nobody's address.
_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")


def members(**fields: object) -> bytes:
    """Members of a JSON object, with a comma before the first."""
    return b"," + orjson.dumps(fields)[1:-1]


def table(pieces: list[bytes]) -> pa.BinaryArray:
    """A table to take rows from."""
    return pa.array(pieces, type=pa.binary())


def _context(profile: int) -> tuple[bytes, bytes]:
    device_type, os, browser, user_agent, width, height = _DEVICES[profile % len(_DEVICES)]
    context = {"device_type": device_type, "os": os, "browser": browser}
    context["location"] = _LOCATIONS[profile // len(_DEVICES) % len(_LOCATIONS)]
    if profile % 4:
        # Cut to its network, as a policy of truncation leaves it.
        context["ip"] = f"{_NETWORKS[profile % 3]}.0" if profile % 8 else f"{_NETWORKS[profile % 3]}.{profile // 2}"
    if profile % 9 == 0:
        context["user_agent"] = user_agent
    known = members(context=context) if profile % 8 != 5 else b""
    return known, members(viewport_width=width, viewport_height=height)


def _sale(i: int) -> bytes:
    return members(extra_data={"quantity": 1 + i % 3, "price": round(4.99 + i * 1.37, 2), "currency": "EUR"})


def _detail(i: int) -> bytes:
    details: tuple[dict[str, object], ...] = (
        {"query": f"lamp {i}", "results": i % 40},
        {"coupon": f"SPRING{i}", "accepted": i % 2 == 0},
        {"value": i / 8, "tags": ["new", "größe L"]},
        {"quoted": 'a "quoted"\tvalue\\', "none": None},
    )
    return members(extra_data=details[i % len(details)])


@dataclass(frozen=True)
class Fragments:
    """All tables; each one's index is said in its comment."""

    place: pa.BinaryArray  # (tenant * scenarios + scenario) * MAX_GROUPS + group
    name: pa.BinaryArray  # event name
    item: pa.BinaryArray  # 1 + item, 0 is none
    page: pa.BinaryArray  # 0 none, 1 + tenant * scenarios + scenario: list; then as many product pages, url left open
    url_end: pa.BinaryArray  # 1 + item closes the url of a product page, 0 is none
    slot: pa.BinaryArray  # position, 0 is none; POSITIONS + position with the element clicked
    x: pa.BinaryArray  # 1 + x, 0 is none
    y: pa.BinaryArray  # 1 + y, 0 is none
    viewport: pa.BinaryArray  # 1 + context, 0 is none
    context: pa.BinaryArray  # context
    watch: pa.BinaryArray  # 1 + i, 0 is none
    ending: pa.BinaryArray  # 0 none, SALE + i, DETAIL + i; closes the object
    user_ids: AnyArray  # user: fixed-width bytes

    @staticmethod
    def of(model: TrafficModel) -> "Fragments":
        """Render the tables of a model."""
        shops = TENANTS[: model.tenants]
        places, lists, products = [], [b""], []
        for shop in shops:
            site = f"https://{shop.tenant_id}.example"
            for scenario in SCENARIOS:
                ids = {"tenant_id": shop.tenant_id, "scenario_id": scenario.scenario_id}
                for g in range(MAX_GROUPS):
                    arm = scenario.groups[min(g, len(scenario.groups) - 1)]
                    experiment = {"experiment_id": scenario.experiment_id, "experiment_group": arm.name}
                    places.append(members(**ids, **(experiment if arm.name else {})))
                page = f"{site}/{scenario.scenario_id}"
                lists.append(members(url=page, referrer=f"{site}/", title=f"{shop.title} – {scenario.title}"))
                products.append(members(referrer=page, title=shop.title, url=f"{site}/item?id=")[:-1])
        named = [members(action_type=name) for name in EVENT_NAMES[:CUSTOM]]
        named += [members(action_type="custom", event_name=name) for name in EVENT_NAMES[CUSTOM:]]
        items = _ids([shop.item_prefix for shop in shops], model.items).tolist()
        quoted = _ids([quote(shop.item_prefix) for shop in shops], model.items).tolist()
        slots = [b"", *(members(position=p) for p in range(1, POSITIONS))]
        slots += [b"", *(members(position=p, element_id=f"card-{p}") for p in range(1, POSITIONS))]
        contexts, viewports = zip(*[_context(profile) for profile in range(CONTEXTS)], strict=True)
        watches = [
            members(watch_duration=1 + i * 7 % 600, completion_rate=(i * 37 % 101) / 100) for i in range(WATCHES)
        ]
        extras = [b"", *map(_sale, range(EXTRAS)), *map(_detail, range(EXTRAS))]
        return Fragments(
            place=table(places),
            name=table(named),
            item=table([b"", *(b',"item_id":"%b"' % item for item in items)]),
            page=table(lists + products),
            url_end=table([b"", *(b'%b"' % item for item in quoted)]),
            slot=table(slots),
            x=table([b"", *(members(x=x) for x in range(SCREEN_WIDTH))]),
            y=table([b"", *(members(y=y) for y in range(SCREEN_HEIGHT))]),
            viewport=table([b"", *viewports]),
            context=table(list(contexts)),
            watch=table([b"", *watches]),
            ending=table([extra + b"}" for extra in extras]),
            user_ids=_ids([shop.user_prefix for shop in shops], model.users),
        )


def _ids(prefixes: list[str], count: int) -> AnyArray:
    """Ids of all tenants in turn: prefix and seven digits, as bytes of shape (tenants * count,)."""
    return np.array([f"{prefix}{number:07d}".encode() for prefix in prefixes for number in range(count)])
