"""A deterministic model of web-shop traffic, with exact answers to what it sent."""

from clickstream.generator.answers import Answers
from clickstream.generator.kafka_writer import KafkaWriter
from clickstream.generator.model import TrafficModel
from clickstream.generator.records import Chunk
from clickstream.generator.report import report
from clickstream.generator.tally import Tally
from clickstream.generator.traffic import generate, live

__all__ = ["Answers", "Chunk", "KafkaWriter", "Tally", "TrafficModel", "generate", "live", "report"]
