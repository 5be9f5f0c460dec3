"""Exactly-once-in-effect inserts into local ClickHouse tables over HTTP, without state in Flink.

    batch -> replays (rows the table holds already) -> routing -> delivery (retry, fail-over) -> isolation of bad rows

`writer.Writer` puts the parts together. A row's ingest position (_epoch, _partition, _offset) is its identity: it is
what a look-up asks the table for when nobody knows whether an insert was applied.
"""
