"""ClickHouse for the devstack: an HTTP server around the engine of the chdb wheel."""
