"""Questions to the real server: exact keys, one query, types, refusals."""

from collections.abc import Iterable
from functools import partial

import pytest

from clickstream.clock import SystemClock
from clickstream.config.dimensions import Tls
from clickstream.config.mysql import parse_mysql_url
from clickstream.dimensions.cache import DimensionCache
from clickstream.dimensions.declaration import Dimension, Parent
from clickstream.dimensions.lookup import Lookup, Patience
from clickstream.dimensions.mysql import MySqlConnections, MySqlPool
from clickstream.dimensions.rows import Found, Key, RowError, RowReader
from tests.kit.join import JoinPipeline

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

STORE = Dimension(
    name="store",
    table="store %`s",
    key={"tenant_id": "tenant_id", "id": "channel"},
    columns={"city": "extra_data.city", "price": "product_price"},
)
AWKWARD = ["a'b", 'a"b', "a\\", "a%s", "ü上", "", "a;DROP TABLE x", "a ", "A"]


@pytest.fixture
def stores(join: JoinPipeline) -> JoinPipeline:
    join.sql(
        "CREATE TABLE `store %``s` (tenant_id VARCHAR(64), id VARCHAR(64), city VARCHAR(64), price DECIMAL(9, 4)) "
        "CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
    )
    return join


def _wrong(error: RowError) -> None:
    raise AssertionError(error)


class Asked:
    """A lookup of STORE, and what went wrong."""

    def __init__(self, url: str, tls: Tls = Tls.OFF) -> None:
        self.errors: list[Exception] = []
        self.unusable: list[RowError] = []
        self.pool = MySqlPool(MySqlConnections(parse_mysql_url(url), tls=tls))
        fetch = partial(self.pool.fetch, STORE, RowReader(STORE, ()), self.unusable.append)
        clock = SystemClock()
        self.lookup = Lookup(
            "store",
            fetch,
            DimensionCache(100, 60, 60),
            Patience(30, 0),
            clock,
            lambda _, error: self.errors.append(error),
        )

    async def find(self, keys: Iterable[Key]) -> dict[Key, Found | None]:
        return await self.lookup.find(list(keys), SystemClock().monotonic() + 30)


async def test_keys_are_compared_letter_by_letter_and_only_as_values(stores: JoinPipeline) -> None:
    await stores._sql("INSERT INTO `store %``s` VALUES " + ", ".join(["('t', 'a', 'lower', 1)", "('u', 'A', 'u', 2)"]))
    asked = Asked(stores.url)
    found = await asked.find([("t", "a"), *(("t", text) for text in AWKWARD), ("u", "a"), ("u", "A")])
    assert asked.errors == []
    rows = {key: row.extra["city"] for key, row in found.items() if row is not None}
    # The table's collation takes a, A and "a " for the same; the join does not.
    assert rows == {("t", "a"): "lower", ("u", "A"): "u"}
    assert len(found) == len(AWKWARD) + 3
    assert asked.lookup.counts.queries == 1
    await asked.pool.close()


async def test_a_row_that_does_not_fit_is_reported_and_the_others_are_found(stores: JoinPipeline) -> None:
    await stores._sql("INSERT INTO `store %``s` VALUES ('t', 'a', 'x', 1), ('t', 'b', 'y', 2)")
    await stores._sql("ALTER TABLE `store %``s` MODIFY price VARCHAR(9)")
    await stores._sql("UPDATE `store %``s` SET price = 'cheap' WHERE id = 'b'")
    asked = Asked(stores.url)
    found = await asked.find([("t", "a"), ("t", "b")])
    assert (found["t", "b"], asked.errors) == (None, [])
    row = found["t", "a"]
    assert row is not None
    assert row.members == b',"product_price":1.0'
    assert "column price holds no number" in str(asked.unusable[0])
    await asked.pool.close()


async def test_a_column_that_is_refused_leaves_the_keys_unknown_until_it_is_back(stores: JoinPipeline) -> None:
    await stores._sql("INSERT INTO `store %``s` VALUES ('t', 'a', 'x', 1)")
    await stores._sql("ALTER TABLE `store %``s` RENAME COLUMN city TO town")
    asked = Asked(stores.url)
    assert await asked.find([("t", "a")]) == {}
    assert "city" in str(asked.errors[0])
    await stores._sql("ALTER TABLE `store %``s` RENAME COLUMN town TO city")
    assert (await asked.find([("t", "a")]))["t", "a"] is not None
    await asked.pool.close()


async def test_many_keys_are_one_query(join: JoinPipeline) -> None:
    pool = MySqlPool(MySqlConnections(parse_mysql_url(join.url)))
    product = Dimension(
        name="product",
        table="dim_product",
        key={"tenant_id": "tenant_id", "item_id": "item_id"},
        columns={"product_name": "product_name"},
    )
    keys = [(tenant, f"p-{number:07d}") for tenant in ("aurora", "borealis") for number in range(5_000)]
    found = await pool.fetch(product, RowReader(product, ()), _wrong, keys)
    assert found.keys() == {key for key in keys if int(key[1][2:]) % 50 != 49}
    assert found["aurora", "p-0000001"].members == ',"product_name":"Aurora Möbel item 1"'.encode()
    assert found["borealis", "p-0000001"].members == b',"product_name":"Borealis item 1"'
    await pool.close()


async def test_connections_that_must_be_encrypted_are_not_made_without(stores: JoinPipeline) -> None:
    asked = Asked(stores.url, Tls.REQUIRED)  # the devstack's server offers no TLS
    assert await asked.find([("t", "a")]) == {}
    assert "offers no TLS, but CLICKSTREAM_DIMENSIONS_TLS is required" in str(asked.errors[0])
    await asked.pool.close()


async def test_a_hierarchy_reads_key_parent_and_level(join: JoinPipeline) -> None:
    category = Dimension(
        name="category",
        table="dim_category",
        key={"tenant_id": "tenant_id", "category_id": "channel"},
        columns={"name": "category_{level}"},
        parent=Parent("parent_id", "level"),
    )
    pool = MySqlPool(MySqlConnections(parse_mysql_url(join.url)))
    found = await pool.fetch(category, RowReader(category, ()), _wrong, [("aurora", "c1.2.3"), ("aurora", "c1")])
    assert found["aurora", "c1.2.3"].parent == ("aurora", "c1.2")
    assert found["aurora", "c1"].parent is None
    await pool.close()
