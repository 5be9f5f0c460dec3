"""A naive join, a row at a time, to hold the DWD topic against."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from bench.jobs.expected import Expected, values
from clickstream.dimensions.sample import load_sample
from clickstream.migrate.files import ddl_directory
from clickstream.migrate.mysql import migrate_mysql
from devstack.servers.mariadb import connect

_ADDED = ("product_", "category_", "geo_", "scenario_name", "dim_missing")
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Tables:
    """The rows of all dimensions, by key."""

    products: Mapping[Row, Row]  # name, brand, price, category
    categories: Mapping[Row, Row]  # name, level, parent
    places: Mapping[Row, Row]  # country, region, city
    scenarios: Mapping[Row, Row]  # name

    def added(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """What an event gets, and which dimensions it lacks."""
        tenant, fields, missing = event["tenant_id"], {}, set()
        if item := event.get("item_id"):
            if (product := self.products.get((tenant, item))) is None:
                missing |= {"product", "category"}
            else:
                fields = {"product_name": product[0], "product_brand": product[1], "product_price": float(product[2])}
                above = product[3]
                while above is not None:
                    if (category := self.categories.get((tenant, above))) is None:
                        missing.add("category")
                        break
                    name, level, above = category
                    fields[f"category_{level}"] = name
        if location := (event.get("context") or {}).get("location"):
            if (place := self.places.get((location,))) is None:
                missing.add("geo")
            else:
                fields |= dict(zip(("geo_country", "geo_region", "geo_city"), place, strict=True))
        if (scenario := self.scenarios.get((tenant, event["scenario_id"]))) is None:
            missing.add("scenario")
        else:
            fields["scenario_name"] = scenario[0]
        return {**fields, "dim_missing": missing}


def load(url: str) -> Tables:
    """Make the tables of a MySQL database, fill them with the sample, and read them."""
    migrate_mysql(url, ddl_directory(None))
    load_sample(url, ddl_directory(None))
    return asyncio.run(_tables(url))


async def _tables(url: str) -> Tables:
    found = []
    async with connect(url) as connection, connection.cursor() as cursor:
        for table, keys, columns in (
            ("dim_product", 2, "tenant_id, item_id, product_name, product_brand, product_price, category_id"),
            ("dim_category", 2, "tenant_id, category_id, name, level, parent_id"),
            ("dim_geo", 1, "location, geo_country, geo_region, geo_city"),
            ("dim_scenario", 2, "tenant_id, scenario_id, scenario_name"),
        ):
            await cursor.execute(f"SELECT {columns} FROM {table}")
            found.append({row[:keys]: row[keys:] for row in await cursor.fetchall()})
    return Tables(*found)


def is_joined(bootstrap: str, topic: str, tables: Tables, wanted: Expected) -> bool:
    """Whether the topic holds each event once, with what the tables say."""
    ids: set[str] = set()
    count = 0
    for value in values(bootstrap, topic):
        event = msgspec.json.decode(value)
        count += 1
        ids.add(event["event_id"])
        added = {name: each for name, each in event.items() if name.startswith(_ADDED)}
        if {**added, "dim_missing": set(added.get("dim_missing", ()))} != tables.added(event):
            return False
    return count == len(ids) == wanted.events
