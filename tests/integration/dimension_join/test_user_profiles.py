"""Profiles that change while queries run, joined in ClickHouse."""

import pytest

from clickstream.config import ClickHouseSettings
from clickstream.config.mysql import parse_mysql_url
from clickstream.migrate import ddl_directory, migrate_clickhouse
from tests.kit.join import JoinPipeline
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

BY_SEGMENT = (
    "SELECT dictGet('{database}.user_profiles_now', 'segment', (tenant_id, user_id)) AS segment, count() "
    "FROM user_behaviors GROUP BY segment ORDER BY segment"
)
JOINED = (
    "SELECT p.segment, count() FROM user_behaviors AS e INNER JOIN user_profiles AS p "
    "ON p.tenant_id = e.tenant_id AND p.user_id = e.user_id GROUP BY p.segment ORDER BY p.segment"
)


def test_a_changed_profile_is_in_the_next_query_through_the_table_and_within_seconds_through_the_dictionary(
    join: JoinPipeline,
) -> None:
    pipeline = join.pipeline
    settings = ClickHouseSettings.model_validate({"urls": pipeline.urls})
    for _ in range(2):  # what is there is replaced
        migrate_clickhouse(settings, ddl_directory(None), mysql=parse_mysql_url(join.url))
    node = pipeline.nodes.clients[0]
    node.command(
        "INSERT INTO user_behaviors_local (event_id, tenant_id, scenario_id, user_id, action_type, timestamp, _offset) "
        "SELECT toString(number), if(number < 6, 'aurora', 'borealis'), 's', concat('u', toString(number % 3)), "
        "'click', now64(3), number FROM numbers(9)"
    )
    join.sql(
        "INSERT INTO user_profile (tenant_id, user_id, segment) VALUES "
        "('aurora', 'u0', 'new'), ('aurora', 'u1', 'loyal'), ('borealis', 'u0', 'other shop')"
    )

    def segments(sql: str) -> list[tuple[object, ...]]:
        return [tuple(row) for row in node.query(sql.format(database=pipeline.name)).result_rows]

    assert segments(JOINED) == [("loyal", 2), ("new", 2), ("other shop", 1)]
    assert segments(BY_SEGMENT) == [("", 4), ("loyal", 2), ("new", 2), ("other shop", 1)]

    join.sql("UPDATE user_profile SET segment = 'loyal' WHERE tenant_id = 'aurora' AND user_id = 'u0'")
    join.sql("INSERT INTO user_profile (tenant_id, user_id, segment) VALUES ('borealis', 'u1', 'other shop')")
    assert segments(JOINED) == [("loyal", 4), ("other shop", 2)]
    wait_for(
        lambda: segments(BY_SEGMENT) == [("", 3), ("loyal", 4), ("other shop", 2)],
        15,
        lambda: f"the dictionary says the same: {segments(BY_SEGMENT)}",
    )
