"""What pages of other origins may read."""

from pathlib import Path

import pytest
import yaml

from collector import cors
from collector.configuration import parse
from collector.problem import ProblemError
from tests.kit.collector import OTHER_TENANT, TENANT, collection

ORIGIN = "https://another.example"


def test_a_page_reads_the_answer_and_when_it_may_come_again() -> None:
    tenants = parse(yaml.safe_dump(collection()), Path("/etc/collector.yaml")).tenants
    for tenant in (TENANT, OTHER_TENANT):
        assert cors.allowed(tenants[tenant], ORIGIN) == {
            "Access-Control-Allow-Origin": ORIGIN,
            "Access-Control-Expose-Headers": "Retry-After",
            "Vary": "Origin",
        }
        assert cors.allowed(tenants[tenant], "") == {}, "no page asks"
    with pytest.raises(ProblemError, match=r"https://stranger\.example") as raised:
        cors.allowed(tenants[OTHER_TENANT], "https://stranger.example")
    assert raised.value.status == 403


def test_a_page_that_asks_first_is_let_in_where_any_tenant_has_its_origin() -> None:
    tenants = {name: of for name, of in collection()["tenants"].items() if name == OTHER_TENANT}
    preflights = cors.Preflights(parse(yaml.safe_dump({"tenants": tenants}), Path("/etc/collector.yaml")))
    assert preflights.answer(ORIGIN)["Access-Control-Allow-Origin"] == ORIGIN
    for stranger in ("https://stranger.example", "null", ""):
        assert preflights.answer(stranger) == {"Vary": "Origin"}
