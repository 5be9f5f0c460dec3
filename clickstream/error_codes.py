"""Stable names of what a person may be told: a program says it in another language. The errors' own text is English.

A code's parameters are what its English text names. dashboard/src/words has each as `said_CODE`.
"""

from enum import StrEnum


class ErrorCode(StrEnum):
    """Codes of answers that are no success, and of stores that a page is told are away. New ones may be added."""

    FAILED = "failed"
    # A store: `reason` is what its client or the server itself said.
    CLICKHOUSE_AWAY = "clickhouse_away"
    CLICKHOUSE_BUSY = "clickhouse_busy"
    CLICKHOUSE_REFUSES = "clickhouse_refuses"
    REDIS_AWAY = "redis_away"
    REDIS_REFUSES = "redis_refuses"
    REDIS_NOT_SET = "redis_not_set"
    MONGODB_AWAY = "mongodb_away"
    MONGODB_REFUSES = "mongodb_refuses"
    MONGODB_NOT_SET = "mongodb_not_set"
    FLINK_AWAY = "flink_away"
    FLINK_NOT_SET = "flink_not_set"
    KAFKA_AWAY = "kafka_away"
    KAFKA_NOT_SET = "kafka_not_set"
    TOPIC_MISSING = "topic_missing"
    # A question.
    TOO_MANY_ROWS_READ = "too_many_rows_read"
    TOO_LONG_A_QUERY = "too_long_a_query"
    TOO_MUCH_MEMORY = "too_much_memory"
    TOO_MANY_ROWS = "too_many_rows"
    PERIOD_EMPTY = "period_empty"
    PERIOD_TOO_LONG = "period_too_long"
    PERIOD_TOO_LONG_BY_HOUR = "period_too_long_by_hour"
    PERIOD_TOO_LONG_BY_DAY = "period_too_long_by_day"
    TIME_MALFORMED = "time_malformed"
    TIME_OUT_OF_RANGE = "time_out_of_range"
    TIME_ZONE_UNKNOWN = "time_zone_unknown"
    STEPS_NUMBER = "steps_number"
    STEPS_LENGTH = "steps_length"
    # The catalogue.
    DOCUMENT_ABSENT = "document_absent"
    DOCUMENT_EXISTS = "document_exists"
    DOCUMENT_STALE = "document_stale"
    DOCUMENT_GONE = "document_gone"
    DOCUMENT_BUSY = "document_busy"
    REVISION_NEEDED = "revision_needed"
    ID_MISMATCH = "id_mismatch"
    VERSION_ABSENT = "version_absent"
    VERSIONS_FULL = "versions_full"
    EXPERIMENT_NEW = "experiment_new"
    EXPERIMENT_STATUS = "experiment_status"
    EXPERIMENT_ENDED = "experiment_ended"
    EXPERIMENT_FROZEN = "experiment_frozen"
    EXPERIMENT_RUNS = "experiment_runs"
    # A field of a document, beside pydantic's own types of errors.
    GROUPS_TWICE = "groups_twice"
    GROUPS_SHARES = "groups_shares"
    CONTROL_ABSENT = "control_absent"
    ENDS_BEFORE_START = "ends_before_start"
    CONTROL_CHARACTER = "control_character"
    OBJECT_TOO_LARGE = "object_too_large"
    OBJECT_TOO_DEEP = "object_too_deep"
    OBJECT_KEY = "object_key"
    OBJECT_VALUE = "object_value"
