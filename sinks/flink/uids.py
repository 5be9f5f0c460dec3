"""Uids of the steps that the Table bridge makes."""

from typing import Any


def tell_apart(last: Any) -> None:
    """Give steps of one type uids of their own: what the Table bridge makes of a type is the same for all of them.

    Args:
        last: the transformation at the end of a chain, of which each has one input.
    """
    seen: set[str] = set()
    step, number = last, 0
    while step.getInputs().size():
        step, number = step.getInputs().get(0), number + 1
        uid = step.getUid()
        if uid in seen:
            step.setUid(f"{uid}_{number}")
        seen.add(uid)
