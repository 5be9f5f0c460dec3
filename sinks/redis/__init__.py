"""Redis as these jobs write it: absolute values, in pipelines without MULTI, whole keys by scripts of one slot."""
