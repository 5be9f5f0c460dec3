"""Joining events with dimensions: what is declared, what is asked of MySQL, what is remembered, what is written.

Nothing here knows Flink, and only `mysql` opens a connection.
"""

from clickstream.dimensions.declaration import Dimension, Dimensions, load_dimensions

__all__ = ["Dimension", "Dimensions", "load_dimensions"]
