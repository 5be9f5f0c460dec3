"""The jobs that join and that serve Redis, each in several ways. `make bench-jobs` runs them; bench/README.md tells."""
