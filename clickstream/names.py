"""Names that more than one part of the system must agree on: topics, tables, jobs, metrics, reasons.

Topics can be renamed by settings (`KafkaSettings`); these are the defaults.
"""

from enum import StrEnum

TOPIC_BEHAVIORS = "user-behaviors"
TOPIC_ENRICHED = "user-behaviors-enriched"
TOPIC_REJECTED = "user-behaviors-rejected"
TOPIC_DEAD_LETTERS = "user-behaviors-dead-letters"
TOPIC_METRICS = "recommendation-metrics"

TABLE_BEHAVIORS_LOCAL = "user_behaviors_local"
TABLE_BEHAVIORS = "user_behaviors"
TABLE_REPAIRS = "clickstream_repairs"
TABLE_MIGRATIONS = "clickstream_migrations"

JOB_CLICKHOUSE_SINK = "ClickHouseSink"
JOB_DIMENSION_JOIN = "DimensionJoin"
JOB_ITEM_HOT_SCORE = "ItemHotScoreCalculator"
JOB_REALTIME_METRICS = "RealtimeMetricsAggregator"
JOB_USER_RECENT = "UserRecent"

# Columns that hold a row's ingest position: unique per event.
COLUMN_EPOCH = "_epoch"
COLUMN_PARTITION = "_partition"
COLUMN_OFFSET = "_offset"
# Of rows and of states of marts: what a rebuild raises.
COLUMN_GENERATION = "_generation"


class RejectReason(StrEnum):
    """Why an event was refused before it reached any table. A bounded set: it labels metrics."""

    TOMBSTONE = "tombstone"  # the Kafka record has no value
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    TOO_DEEP = "too_deep"  # brackets nested beyond what the decoder follows
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    TOO_LONG = "too_long"
    EMPTY = "empty"
    OUT_OF_RANGE = "out_of_range"
    UNKNOWN_ACTION = "unknown_action"
    ITEM_REQUIRED = "item_required"
    TIMESTAMP_TOO_OLD = "timestamp_too_old"
    TIMESTAMP_TOO_NEW = "timestamp_too_new"
    EXTRA_DATA_TOO_LARGE = "extra_data_too_large"
    TOO_LARGE = "too_large"  # as a whole, beyond any valid event: only its beginning is kept
    # Below: refused by the collector only, which knows who sends.
    TENANT_MISMATCH = "tenant_mismatch"  # it names another tenant than its write key's
    SCHEMA_MISMATCH = "schema_mismatch"  # a custom event that breaks its declared schema
    UNDECLARED_EVENT = "undeclared_event"  # a custom event that none was declared for, where all must be
    NO_CONSENT = "no_consent"  # the visitor allows no recording, and the tenant keeps nothing then


class DeadLetterReason(StrEnum):
    """Why a valid event could not be stored."""

    REFUSED = "refused"  # the server refuses this row: type, constraint
    VIEW_FAILED = "view_failed"  # the row is in the table, but a materialised view broke on it
    UNAVAILABLE = "unavailable"  # the attempts were exhausted while no server took the batch


class SinkMetric(StrEnum):
    """User metrics of the ClickHouse sink, shown by the Flink web UI under each subtask."""

    ROWS_WRITTEN = "rows_written"
    ROWS_REJECTED = "rows_rejected"
    ROWS_DEAD = "rows_dead"
    DUPLICATES_REMOVED = "duplicates_removed"
    REPLAYS_SKIPPED = "replays_skipped"
    BATCHES_BY_SIZE = "batches_by_size"
    BATCHES_BY_TIME = "batches_by_time"
    BATCHES_BY_BYTES = "batches_by_bytes"
    ROWS_PER_BATCH = "rows_per_batch"
    WRITE_MILLISECONDS = "write_milliseconds"
    WRITES = "writes"  # batches that were inserted
    WRITE_MILLISECONDS_TOTAL = "write_milliseconds_total"  # of all of them together: Prometheus takes no distribution
    RETRIES = "retries"
    FAIL_OVERS = "fail_overs"
    UNHEALTHY_NODES = "unhealthy_nodes"
    HEALTHY_REPLICAS = "healthy_replicas"  # of each shard


class HeadMetric(StrEnum):
    """User metrics of the first steps of the jobs that write to Redis."""

    RECORDS_READ = "records_read"
    ROWS_REJECTED = "rows_rejected"
    REPLAYS_SKIPPED = "replays_skipped"
    DUPLICATES_REMOVED = "duplicates_removed"
    ROWS_KEPT = "rows_kept"


class KeepMetric(StrEnum):
    """User metrics of the steps that keep state and write it to Redis."""

    PARTS_MERGED = "parts_merged"
    REDIS_WRITES = "redis_writes"
    REDIS_RETRIES = "redis_retries"
    REDIS_MILLISECONDS = "redis_milliseconds"
    FLUSHES = "flushes"  # writes of a bucket that put new events into Redis
    FLUSH_MILLISECONDS = "flush_milliseconds"  # from the receipt of the oldest of those events until then, added up
    WAITING_MILLISECONDS = "waiting_milliseconds"  # since the receipt of the oldest event that Redis does not show yet
    RECORDS_SENT = "records_sent"
    ENTRIES_STORED = "entries_stored"
    EVENTS_TOO_LATE = "events_too_late"  # left out: their minute is forgotten


class JoinMetric(StrEnum):
    """User metrics of the dimension join; those from HITS on are kept for each dimension."""

    READ = "records_read"
    REJECTED = "rows_rejected"
    DUPLICATES = "duplicates_removed"
    JOINED = "rows_joined"
    GAVE_UP = "batches_given_up"  # micro-batches that went on unjoined because the join itself failed or stood still
    MISSING = "rows_missing"  # events that lack the dimension
    HITS = "keys_remembered"  # answered from memory; keys are counted once a micro-batch
    QUERIED = "keys_queried"
    QUERIES = "queries"
    QUERY_MILLISECONDS = "query_milliseconds"  # of all queries together
    ABSENT = "keys_absent"  # the table has no such row
    STALE = "keys_stale"  # an old answer served, because no newer one came
    UNKNOWN = "keys_unknown"  # no answer, and none remembered
    FAILURES = "queries_failed"
