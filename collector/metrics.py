"""What Prometheus is told. Labels are bounded: tenants by the configuration, reasons and routes by the code."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The collector's own metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("collector_requests", "Requests answered.", ["route", "status"], registry=self.registry)
        self.seconds = Histogram(
            "collector_request_seconds",
            "From the head of a request to its answer.",
            ["route"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.problems = Counter(
            "collector_problems", "Requests refused as a whole.", ["route", "reason"], registry=self.registry
        )
        self.accepted = Counter(
            "collector_events_accepted", "Events stored for good.", ["tenant"], registry=self.registry
        )
        self.rejected = Counter(
            "collector_events_rejected", "Events refused.", ["tenant", "reason"], registry=self.registry
        )
        self.bots = Counter(
            "collector_events_of_bots", "Accepted events of known robots.", ["tenant"], registry=self.registry
        )
        self.anonymized = Counter(
            "collector_events_anonymized", "Accepted without identifiers.", ["tenant"], registry=self.registry
        )
        self.body_bytes = self._gauge("collector_body_bytes", "Bytes of bodies held now.")
        self.unacknowledged = self._gauge("collector_unacknowledged_records", "Records that Kafka's client holds.")
        self.queue_limit = self._gauge("collector_queue_limit_records", "Unacknowledged records at the most.")
        self.sinks_away = self._gauge("collector_sinks_away", "Sinks that take nothing now.")
        self.spool_bytes = self._gauge("collector_spool_bytes", "Bytes in the spool.")
        self.spool_limit = self._gauge("collector_spool_limit_bytes", "Bytes in it at the most; 0: there is none.")
        self.spooled = Counter("collector_records_spooled", "Records written to the spool.", registry=self.registry)
        self.drained = Counter("collector_records_drained", "Records sent from the spool.", registry=self.registry)
        self.refused = Counter(
            "collector_records_set_aside", "Spooled records that Kafka refuses for good.", registry=self.registry
        )

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, registry=self.registry, multiprocess_mode="livesum")
