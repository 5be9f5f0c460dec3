import numpy as np
import pytest

from clickstream.columns import Columns
from tests.unit.event_columns import columns, traffic
from udfs import elements
from udfs.elements import NEVER_MS, body_of, by_partition, key_of, oldest, pack, received_of
from udfs.recent_items import by_bucket


@pytest.mark.parametrize("key", [0, 1, 63, 2**31 - 1])
def test_a_key_and_a_body_are_told_apart_again(key: int) -> None:
    packed = pack(key, 1_700_000_000_123, b"body")
    assert (key_of(packed), received_of(packed), body_of(packed)) == (key, 1_700_000_000_123, b"body")


def test_a_stream_element_says_when_its_oldest_event_was_received() -> None:
    events = columns(traffic(20))
    assert oldest(events) == min(events.received.tolist())
    nothing = oldest(events.where(np.zeros(20, dtype=np.bool_)))
    assert received_of(pack(0, nothing, b"")) == nothing == NEVER_MS


def test_a_micro_batch_too_large_for_a_stream_element_goes_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    events = traffic(300)
    ((partition, whole),) = by_partition(3, columns(events))
    assert partition == 3
    monkeypatch.setattr(elements, "PART_BYTES", 4000)
    parts = by_partition(3, columns(events))
    assert len(parts) > 4
    assert {key for key, _ in parts} == {3}
    assert max(len(body) for _, body in parts) <= 4000 < len(whole)
    found = [Columns.decode(body) for _, body in parts]
    assert [offset for each in found for offset in each.offsets.tolist()] == list(range(300))
    assert [each.users[user] for each in found for user in each.user.tolist()] == [event.user_id for event in events]


def test_there_are_never_more_parts_than_rows() -> None:
    for count in (1, 2, 5, 200):
        assert len(by_bucket(0, columns(traffic(count)))) <= count
