"""What could not be stored and what was refused, out of Kafka's two topics, by tenant."""
