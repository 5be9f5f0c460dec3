import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream.kafka import topic_epoch

GENERATIONS = st.integers(0, 2**32 - 2)


@given(st.text(min_size=1), GENERATIONS)
def test_an_epoch_fits_uint32_and_is_never_zero(topic: str, generation: int) -> None:
    assert 0 < topic_epoch(topic, generation) < 2**32


@given(st.text(min_size=1), GENERATIONS, GENERATIONS)
def test_generations_of_one_topic_have_different_epochs(topic: str, one: int, other: int) -> None:
    assert (topic_epoch(topic, one) == topic_epoch(topic, other)) == (one == other)


def test_epochs_never_change_between_releases() -> None:
    # Rows in ClickHouse carry them: another value would make every stored row look new.
    assert topic_epoch("qLfn1nMmRR2FCHtDGLYzBA", 0) == 3283797863
    assert topic_epoch("qLfn1nMmRR2FCHtDGLYzBA", 1) == 3283797864


def test_topics_differ() -> None:
    epochs = {topic_epoch(f"topic{number}", 0) for number in range(1000)}
    assert len(epochs) == 1000


@pytest.mark.parametrize(("topic", "generation"), [("x", -1), ("x", 2**32), ("", 0)])
def test_arguments_out_of_range_are_refused(topic: str, generation: int) -> None:
    with pytest.raises(ValueError, match="generation|empty"):
        topic_epoch(topic, generation)
