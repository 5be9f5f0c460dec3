"""Unit tests open no socket (see tests/conftest.py), start no server and wait for nothing."""

import gc

from hypothesis import HealthCheck, settings

# Machines differ in speed, and several suites may share one: no deadline for an example, and no verdict on slow data.
settings.register_profile("unit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unit")

# What is imported stays, and the tests make few cycles: the collector took an eighth of the time for nothing.
gc.set_threshold(200_000)


def pytest_collection_finish() -> None:
    """Leave what is imported out of later collections."""
    gc.freeze()
