"""How a refused batch is cut until the bad rows stand alone.

The server names the first row that it refuses. That row is then sent by itself, and the rest together: k bad rows cost
about 2k inserts, and the good rows stay in large parts, where halving alone would scatter them over hundreds of small
ones. The server's word is not taken on trust: its message may quote a value of the row that reads like a row number, so
a row is dead only when it was refused alone. After HINTS such steps, or without a number, the batch is halved, so that
a batch of nothing but bad rows costs no more than about three inserts a row.

That is too long to wait for where a whole topic is refused. So once HINTS rows are dead, SAMPLE of those that are left
are tried alone, and whoever limits the share of bad rows hears what became of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sinks.clickhouse.batch import Batch

HINTS = 32
SAMPLE = 64


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


@dataclass(frozen=True, slots=True)
class Sample:
    """What a look at some rows of a part says of the others.

    Attributes:
        dead: rows of the part that were refused before.
        left: rows that were neither stored nor dead then.
        tried: of these, alone.
        refused: of the tried.
        code: of the server's last refusal.
    """

    dead: int
    left: int
    tried: int
    refused: int
    code: int


def worth_sampling(pieces: Sequence[Piece], dead: int) -> bool:
    """Whether enough rows are dead to be alarmed, and enough are left that a sample is cheaper than to go on."""
    return dead >= HINTS and sum(len(piece.batch) for piece in pieces) >= 4 * SAMPLE


def draw(pieces: Sequence[Piece]) -> tuple[list[Piece], list[Piece]]:
    """Take a sample out of pieces: what is left of them, and SAMPLE pieces of one row, evenly out of all."""
    sizes = [len(piece.batch) for piece in pieces]
    chosen = np.linspace(0, sum(sizes) - 1, SAMPLE).astype(np.int64)
    rest: list[Piece] = []
    sample: list[Piece] = []
    first = 0
    for piece, size in zip(pieces, sizes, strict=True):
        rows = chosen[(chosen >= first) & (chosen < first + size)] - first
        sample += [Piece(piece.batch.take(rows[at : at + 1]), 0) for at in range(len(rows))]
        if len(rows) < size:
            rest.append(Piece(piece.batch.take(np.delete(np.arange(size), rows)), piece.hints))
        first += size
    return rest, sample
