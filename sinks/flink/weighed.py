"""Batches that end by bytes: Flink ends a bundle by its number of rows, whatever they weigh.

So a large record weighs as many rows as it has units of bytes: rows without a value follow it, which only count. No
batch then holds more than its number of rows times a unit, and one record. What is larger than any valid event crosses
with its beginning alone. Both is decided in SQL, in the JVM, before a record costs memory anywhere else.
"""

from pyflink.table import StreamTableEnvironment, Table

KEPT_BYTES = 16 * 1024  # of a record that is larger than allowed
LEAST_UNIT = 1024
UNIT = 4096  # of a job that has no setting for it: 40 MB for a batch of 10,000 rows
PADDING = -1


def weighed(tables: StreamTableEnvironment, records: Table, unit: int, largest: int) -> Table:
    """Add a column `size` INT to a Table of value BYTES, partition INT, offset BIGINT, timestamp TIMESTAMP_LTZ(3).

    Args:
        tables: the Table's environment.
        records: the Table.
        unit: bytes that weigh as much as a row; LEAST_UNIT at the least.
        largest: bytes of a value that is handed on whole.

    Returns:
        A row for each record, with the size 0; or where the value is larger than `largest`, with its first KEPT_BYTES
        and its size. Rows of size PADDING, without a value, follow a record of more than a unit: leave them out.
    """
    kept = min(KEPT_BYTES, largest)
    unit = max(unit, LEAST_UNIT)
    size = "CHAR_LENGTH(DECODE(`value`, 'ISO-8859-1'))"  # there is no function for the length of bytes
    whole = f"(`value` IS NULL OR CAST(`value` AS VARBINARY({largest})) = `value`)"
    light = f"(`value` IS NULL OR CAST(`value` AS VARBINARY({unit})) = `value`)"
    crossing = f"CASE WHEN {whole} THEN {size} ELSE {kept} END"
    rows = (
        f"CASE WHEN {light} THEN ARRAY[CAST('r' AS STRING)] "
        f"ELSE SPLIT(CONCAT('r', REPEAT(',', ({crossing}) / {unit})), ',') END"
    )
    return tables.sql_query(f"""
        SELECT
            CASE WHEN `row` <> 'r' THEN CAST(NULL AS BYTES) WHEN {whole} THEN `value`
                ELSE CAST(`value` AS VARBINARY({kept})) END AS `value`,
            `partition`,
            `offset`,
            `timestamp`,
            CASE WHEN `row` <> 'r' THEN {PADDING} WHEN {whole} THEN 0 ELSE {size} END AS `size`
        FROM {records} CROSS JOIN UNNEST({rows}) AS weight (`row`)""")
