"""Which rows repeat an id within the horizon: the stored ones lie before a dead letter, or behind it."""

import numpy as np

from clickstream.recent_ids import Hashes, Mask, Times


def near_a_stored_one(ids: Hashes, times: Times, stored_ids: Hashes, stored_times: Times, horizon_ms: int) -> Mask:
    """Rows for which a stored row has the same id, at most `horizon_ms` earlier or later.

    Args:
        ids: of n rows.
        times: theirs, in ms.
        stored_ids: of m stored rows, in any order.
        stored_times: theirs, in ms.
        horizon_ms: inclusive.

    Returns:
        Shape (n,).
    """
    at: dict[int, list[int]] = {}
    for each, ms in zip(stored_ids.tolist(), stored_times.tolist(), strict=True):
        at.setdefault(each, []).append(ms)
    near = (
        any(abs(ms - stored) <= horizon_ms for stored in at.get(each, ()))
        for each, ms in zip(ids.tolist(), times.tolist(), strict=True)
    )
    return np.fromiter(near, dtype=np.bool_, count=len(ids))


def near_an_earlier_one(ids: Hashes, times: Times, horizon_ms: int) -> Mask:
    """Rows before which another has the same id, at most `horizon_ms` away. As in a job, a duplicate counts too.

    Args:
        ids: of n rows, in the order of their stream.
        times: theirs, in ms.
        horizon_ms: inclusive.

    Returns:
        Shape (n,).
    """
    order = np.argsort(ids, kind="stable")
    near = (np.diff(ids[order]) == 0) & (np.abs(np.diff(times[order])) <= horizon_ms)
    repeated = np.zeros(len(ids), dtype=np.bool_)
    repeated[order[1:]] = near
    return repeated
