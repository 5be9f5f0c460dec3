"""Unit tests open no socket (see tests/conftest.py), start no process and wait for nothing."""

from hypothesis import HealthCheck, settings

# Machines differ in speed, and several suites may share one: no deadline for an example, and no verdict on slow data.
settings.register_profile("unit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unit")
