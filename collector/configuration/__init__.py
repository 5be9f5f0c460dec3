"""The collector's YAML file: who may write, from where, what it means, and where it goes."""

from collector.configuration.load import load, parse
from collector.configuration.model import Collection

__all__ = ["Collection", "load", "parse"]
