from devstack.plan import Plan
from devstack.services import web_ui


def test_a_port_that_is_not_the_usual_one_is_told_with_the_reason() -> None:
    assert web_ui(Plan(ports={"flink-rest": 8081})) == "http://127.0.0.1:8081"
    moved = web_ui(Plan(ports={"flink-rest": 20567}))
    assert moved == "http://127.0.0.1:20567 (not at 8081: another program had that port)"
    assert web_ui(Plan(external={"flink": "http://flink.example:8081"})) == "http://flink.example:8081"
