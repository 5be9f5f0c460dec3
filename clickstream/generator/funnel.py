"""An ordered funnel over events that arrive out of order."""

from typing import Any

import numpy as np

from clickstream.generator.catalogue import FUNNEL, SCENARIOS
from clickstream.generator.records import AnyArray, Ints

_STEP_OF_NAME = np.full(128, -1, dtype=np.int8)
_STEP_OF_NAME[list(FUNNEL)] = range(len(FUNNEL))
_WAITING = np.dtype([("at", np.int64), ("visitor", np.int64), ("step", np.int8)])


class Funnel:
    """Counts users who took the steps in order of event time, by place.

    A visitor is a user in a place: user * scenarios + scenario. Step k is reached by the first event of that kind no
    earlier than the event that reached step k - 1, so a visitor's state is how far he got and when. Events wait until
    no earlier one can come any more; memory is 9 bytes a visitor and 17 an event that waits.
    """

    def __init__(self, users: int) -> None:
        self._level = np.zeros(users * len(SCENARIOS), dtype=np.int8)
        self._since = np.zeros(users * len(SCENARIOS), dtype=np.int64)
        self._waiting: np.ndarray[Any, Any] = np.zeros(0, dtype=_WAITING)

    def add(self, names: AnyArray, visitors: Ints, at: Ints, complete_before_ms: int) -> None:
        """Count events; all that are earlier than the bound have now been added."""
        step = _STEP_OF_NAME[names]
        # A level is final, so a step at or below it adds nothing: most impressions end here.
        news = (step >= 0) & (step >= self._level[visitors])
        added = np.zeros(int(news.sum()), dtype=_WAITING)
        added["at"], added["visitor"], added["step"] = at[news], visitors[news], step[news]
        self._waiting = np.concatenate([self._waiting, added])
        ready = self._waiting["at"] < complete_before_ms
        # Settling costs a pass over all that waits, so it is put off until half of it can be settled.
        if 2 * int(ready.sum()) >= len(ready):
            self._settle(self._waiting[ready])
            self._waiting = self._waiting[~ready]

    def reached(self) -> AnyArray:
        """Users who reached each step, of shape (users, scenarios, steps), as booleans. Settles what waits."""
        self._settle(self._waiting)
        self._waiting = self._waiting[:0]
        return (self._level[:, None] > np.arange(len(FUNNEL))).reshape(-1, len(SCENARIOS), len(FUNNEL))

    def _settle(self, events: "np.ndarray[Any, Any]") -> None:
        events = events[np.argsort(events["at"], kind="stable")]
        for step in range(len(FUNNEL)):
            of_step = events[events["step"] == step]
            visitor, at = of_step["visitor"], of_step["at"]
            moves = (self._level[visitor] == step) & (at >= self._since[visitor])
            # Backwards, so that of several assignments to one visitor the earliest is the last, which stays.
            visitor, at = visitor[moves][::-1], at[moves][::-1]
            self._since[visitor] = at
            self._level[visitor] = step + 1
