"""The service that answers analytical questions: an HTTP interface on 8004, and the dashboard that it feeds.

Numbers come from ClickHouse, live values from Redis, configuration from MongoDB. See docs/ANALYTICS.md.
"""
