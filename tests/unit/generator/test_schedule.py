import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clickstream.generator.records import RECORD
from clickstream.generator.schedule import Schedule


@given(batches=st.lists(st.lists(st.integers(0, 99)), max_size=6))
def test_slices_hand_out_each_event_once_in_order_of_sending(batches: list[list[int]]) -> None:
    schedule = Schedule(10)
    salt = 0
    added = []
    for batch in batches:
        events = np.zeros(len(batch), dtype=RECORD)
        events["sent"] = batch
        events["salt"] = np.arange(salt, salt + len(batch))
        added += [(at, salt + i) for i, at in enumerate(batch)]
        salt += len(batch)
        schedule.add(events)
    taken = []
    for number in range(10):
        events = schedule.take(number)
        assert ((events["sent"] // 10) == number).all()
        taken += list(zip(events["sent"].tolist(), events["salt"].tolist(), strict=True))
    # Equal times keep the order in which they came: the salts count them.
    assert taken == sorted(added)
    assert not len(schedule.take(3))
