"""The collector's paths, one module each."""
