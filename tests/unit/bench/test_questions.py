"""Each question of the benchmark has all that it is held against."""

from bench.queries.asked import questions
from bench.queries.exact import EXACT
from bench.queries.published import QUERIES


def test_each_question_has_a_published_form_and_an_exact_one() -> None:
    names = {asked.name for asked in questions("/")}
    assert names == EXACT.keys() == QUERIES.keys()
