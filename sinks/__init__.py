"""Sinks: pure cores over `clickstream`, and thin adapters to Flink in `sinks.flink`."""
