import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clickstream.generator.catalogue import ACTIONS, FUNNEL, SCENARIOS
from clickstream.generator.funnel import Funnel

from . import naive

USERS = 4
events = st.lists(
    st.tuples(st.integers(0, USERS - 1), st.sampled_from(range(len(ACTIONS))), st.integers(0, 30), st.integers(0, 8))
)


@given(events=events, cuts=st.sets(st.integers(0, 40)))
def test_any_arrival_within_the_bound_gives_the_ordered_funnel(
    events: list[tuple[int, int, int, int]], cuts: set[int]
) -> None:
    """Events arrive up to 8 ms late, in chunks cut at any times."""
    funnel = Funnel(USERS)
    arrived = sorted(events, key=lambda event: event[2] + event[3])
    begin = 0
    for end in [*sorted(cuts), 100]:
        chunk = [event for event in arrived if begin <= event[2] + event[3] < end]
        user, name, at = (np.array([event[i] for event in chunk], dtype=np.int64) for i in range(3))
        funnel.add(name, user * len(SCENARIOS), at, complete_before_ms=end - 8)
        begin = end
    expected = naive.funnel(
        [{"user_id": str(user), "action_type": ACTIONS[name], "timestamp": at} for user, name, at, _ in events]
    )
    reached = funnel.reached()
    assert reached.shape == (USERS, len(SCENARIOS), len(FUNNEL))
    assert reached[:, 0].sum(axis=0).tolist() == expected
    assert not reached[:, 1:].any()
