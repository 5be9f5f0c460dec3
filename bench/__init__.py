"""Benchmarks: each against other ways to do the same work, in one run, with the results verified."""
