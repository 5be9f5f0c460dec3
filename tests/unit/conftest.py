"""Unit tests open no socket (see tests/conftest.py), start no server and wait for nothing."""

import gc

from hypothesis import HealthCheck, settings

# Machines differ in speed, and several suites may share one: no deadline for an example, and no verdict on slow data.
settings.register_profile("unit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unit")


def pytest_collection_finish() -> None:
    """What is imported by now stays, and tests make few cycles: the collector took a tenth of the time for nothing."""
    gc.freeze()
    gc.set_threshold(200_000)
