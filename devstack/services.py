"""What the platform's programs connect to: services, each with one address, made up of one or more servers."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from clickstream.errors import ConfigurationError
from devstack.layout import Layout
from devstack.plan import USER, Plan
from devstack.ports import HOST
from devstack.servers import analytics, clickhouse, collector, flink, kafka, mariadb, mongodb, prometheus, redis, shop
from devstack.servers.analytics import Analytics
from devstack.servers.clickhouse import ClickHouse
from devstack.servers.collector import Collector
from devstack.servers.flink import JobManager, TaskManager
from devstack.servers.kafka import Kafka
from devstack.servers.mariadb import MariaDB
from devstack.servers.mongodb import MongoDB
from devstack.servers.prometheus import Prometheus
from devstack.servers.redis import Redis
from devstack.servers.server import Server
from devstack.servers.shop import Shop


@dataclass(frozen=True)
class Service:
    """One service.

    Attributes:
        name: in every command.
        variable: the environment variable that carries its address.
        ports: usual TCP port by the name of what listens there; ClickHouse's further nodes have theirs besides.
        servers: the processes that make it up here.
        address: what `variable` is set to, credentials included.
        probe: asks an address, ours or external; raises UnavailableError.
        on_request: whether `up` leaves it out unless it is named: the platform runs without it.
    """

    name: str
    variable: str
    ports: dict[str, int]
    servers: Callable[[Layout, Plan], list[Server]]
    address: Callable[[Plan], str]
    probe: Callable[[str], None]
    on_request: bool = False


def _clickhouse_nodes(layout: Layout, plan: Plan) -> list[Server]:
    return [ClickHouse(layout, plan, number) for number in range(1, plan.clickhouse_nodes + 1)]


def _clickhouse_urls(plan: Plan) -> str:
    ports = (plan.ports[f"clickhouse-{number}"] for number in range(1, plan.clickhouse_nodes + 1))
    return ";".join(f"http://{USER}:{plan.password}@{HOST}:{port}" for port in ports)


SERVICES = {
    service.name: service
    for service in (
        Service(
            name="kafka",
            variable="CLICKSTREAM_KAFKA_BOOTSTRAP",
            ports={"kafka": 9092, "kafka-controller": 9093},
            servers=lambda layout, plan: [Kafka(layout, plan)],
            address=lambda plan: f"{HOST}:{plan.ports['kafka']}",
            probe=kafka.probe,
        ),
        Service(
            name="clickhouse",
            variable="CLICKSTREAM_CLICKHOUSE_URLS",
            ports={"clickhouse-1": 8123},
            servers=_clickhouse_nodes,
            address=_clickhouse_urls,
            probe=clickhouse.probe,
        ),
        Service(
            name="redis",
            variable="CLICKSTREAM_REDIS_URL",
            ports={"redis": 6379},
            servers=lambda layout, plan: [Redis(layout, plan)],
            address=lambda plan: f"redis://:{plan.password}@{HOST}:{plan.ports['redis']}/0",
            probe=redis.probe,
        ),
        Service(
            name="mysql",
            variable="CLICKSTREAM_MYSQL_URL",
            ports={"mysql": 3306},
            servers=lambda layout, plan: [MariaDB(layout, plan)],
            address=lambda plan: f"mysql://{USER}:{plan.password}@{HOST}:{plan.ports['mysql']}/clickstream",
            probe=mariadb.probe,
        ),
        Service(
            name="mongo",
            variable="CLICKSTREAM_MONGO_URL",
            ports={"mongo": 27017},
            servers=lambda layout, plan: [MongoDB(layout, plan)],
            address=lambda plan: f"mongodb://{HOST}:{plan.ports['mongo']}/clickstream",
            probe=mongodb.probe,
        ),
        Service(
            name="flink",
            variable="CLICKSTREAM_FLINK_REST_URL",
            ports={
                "flink-rest": 8081,
                "flink-rpc": 6123,
                "flink-jobmanager-metrics": 9249,
                "flink-taskmanager-metrics": 9250,
            },
            servers=lambda layout, plan: [JobManager(layout, plan), TaskManager(layout, plan)],
            address=lambda plan: f"http://{HOST}:{plan.ports['flink-rest']}",
            probe=flink.probe,
        ),
        Service(
            name="collector",
            variable="CLICKSTREAM_COLLECTOR_URL",
            ports={"collector": 8003},
            servers=lambda layout, plan: [Collector(layout, plan)],
            address=lambda plan: f"http://{HOST}:{plan.ports['collector']}",
            probe=collector.probe,
            on_request=True,
        ),
        Service(
            name="shop",
            variable="CLICKSTREAM_SHOP_URL",
            ports={"shop": 8005},
            servers=lambda layout, plan: [Shop(layout, plan)],
            address=lambda plan: f"http://{HOST}:{plan.ports['shop']}",
            probe=shop.probe,
            on_request=True,
        ),
        Service(
            name="analytics",
            variable="CLICKSTREAM_ANALYTICS_URL",
            ports={"analytics": 8004, "analytics-grpc": 8006},
            servers=lambda layout, plan: [Analytics(layout, plan)],
            address=lambda plan: f"http://{HOST}:{plan.ports['analytics']}",
            probe=analytics.probe,
            on_request=True,
        ),
        Service(
            name="prometheus",
            variable="CLICKSTREAM_PROMETHEUS_URL",
            ports={"prometheus": 9090},
            servers=lambda layout, plan: [Prometheus(layout, plan)],
            address=lambda plan: f"http://{HOST}:{plan.ports['prometheus']}",
            probe=prometheus.probe,
            on_request=True,
        ),
    )
}


def web_ui(plan: Plan) -> str:
    """Where Flink's web UI is, and why not where everybody looks for it."""
    flink = SERVICES["flink"]
    if flink.name in plan.external:
        return plan.external[flink.name]
    usual = flink.ports["flink-rest"]
    moved = plan.ports["flink-rest"] != usual
    return f"{flink.address(plan)} (not at {usual}: another program had that port)" if moved else flink.address(plan)


def usual_ports(service: Service, plan: Plan) -> dict[str, int]:
    """The ports that a service would like to have."""
    if service.name != "clickhouse":
        return service.ports
    return {f"clickhouse-{number}": 8122 + number for number in range(1, plan.clickhouse_nodes + 1)}


def servers(layout: Layout, plan: Plan) -> dict[str, Server]:
    """Every server of a devstack by name, except those of external services."""
    return {
        server.name: server
        for service in SERVICES.values()
        if service.name not in plan.external
        for server in service.servers(layout, plan)
    }


def resolve(name: str, layout: Layout, plan: Plan, also: Collection[str] = ()) -> list[str]:
    """The servers that a name means: its own, or all of a service.

    Args:
        name: to be understood.
        layout: the devstack's folders.
        plan: what it should be.
        also: other names that the caller understands, for the error.

    Raises:
        ConfigurationError: there is no such name, or somebody else runs it.
    """
    if name in plan.external:
        raise ConfigurationError(f"{name} is external ({SERVICES[name].variable} names it): it is not ours to touch")
    if name in SERVICES:
        return [server.name for server in SERVICES[name].servers(layout, plan)]
    own = servers(layout, plan)
    if name in own:
        return [name]
    raise ConfigurationError(f"no server is called {name!r}: there are {', '.join(sorted({*own, *SERVICES, *also}))}")
