"""The spool: acknowledged events on disk while Kafka is away, sent in their order when it is back."""
