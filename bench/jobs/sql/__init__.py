"""Each job as far as Flink SQL can say it, all in Java. Submitted, never imported."""
