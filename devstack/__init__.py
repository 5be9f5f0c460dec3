"""Devstack: every real server of the platform as an ordinary user process."""
