"""The catalogue of configuration as other services see it: `v1` is generated from proto/ by `make proto`."""
