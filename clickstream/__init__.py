"""The pure core: what an event is, how it is scored, named and configured. It knows no Flink and no web framework."""
