"""How a refused batch is cut until the bad rows stand alone.

The server names the first row that it refuses. That row is then sent by itself, and the rest together: k bad rows cost
about 2k inserts, and the good rows stay in large parts, where halving alone would scatter them over hundreds of small
ones. The server's word is not taken on trust: its message may quote a value of the row that reads like a row number, so
a row is dead only when it was refused alone. After HINTS such steps, or without a number, the batch is halved, so that
a batch of nothing but bad rows costs no more than about three inserts a row.
"""

from dataclasses import dataclass

import numpy as np

from sinks.clickhouse.batch import Batch

HINTS = 32


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows to be stored together, and how many of the server's row numbers may still be followed."""

    batch: Batch
    hints: int = HINTS


def split(piece: Piece, row: int | None) -> list[Piece]:
    """Cut a piece of at least two rows, of which at least one is bad.

    Args:
        piece: what was refused.
        row: the row that the server named, from 0; None where it named none.

    Returns:
        Two smaller pieces that hold all the rows.
    """
    batch, count = piece.batch, len(piece.batch)
    if row is not None and piece.hints > 0 and 0 <= row < count:
        others = np.delete(np.arange(count), row)
        return [Piece(batch.take(others), piece.hints - 1), Piece(batch.take(np.array([row])), 0)]
    middle = count // 2
    return [Piece(batch.take(np.arange(middle, count))), Piece(batch.take(np.arange(middle)))]
