"""From Kafka to Redis: how old is what a recommender sees? `make bench-latency` measures; bench/README.md tells."""
