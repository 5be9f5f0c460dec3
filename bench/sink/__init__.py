"""Kafka -> ClickHouse in five ways. `make bench-sink` runs them; bench/README.md says what came out."""
