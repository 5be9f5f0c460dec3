"""The pure core of the platform: what an event is, how it is scored, named and configured. No Flink, no web framework."""
