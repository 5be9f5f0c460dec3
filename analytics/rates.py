"""Shares in percent, and how sure they are."""

from math import sqrt

Z_95 = 1.959963984540054


def percent(part: float, whole: float) -> float:
    """`part` of `whole` in percent; 0 where there is no whole."""
    return part * 100 / whole if whole else 0.0


def change(now: float, before: float) -> float | None:
    """By how many percent `now` is above `before`; None where there was nothing before."""
    return (now - before) * 100 / before if before else None


def wilson(part: int, whole: int, z: float = Z_95) -> tuple[float, float]:
    """Bounds of a share in percent at 95 %, good for small counts too (Wilson, JASA 1927).

    A share counts each of `whole` once; where `part` is greater (an item clicked twice in one impression), it is taken
    for all of them. (0, 100) where there is no whole.
    """
    if not whole:
        return 0.0, 100.0
    share = min(part, whole) / whole
    centre = share + z * z / (2 * whole)
    spread = z * sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    scale = 1 + z * z / whole
    return max(0.0, (centre - spread) / scale * 100), min(100.0, (centre + spread) / scale * 100)
