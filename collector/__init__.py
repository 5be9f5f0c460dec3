"""The behaviour service: events over HTTP in, checked, enriched, and acknowledged by Kafka before they are answered."""
