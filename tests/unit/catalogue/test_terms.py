"""Which texts a search finds: by the same filter that MongoDB gets, evaluated here."""

import re

import pytest

from analytics.catalogue.terms import MOST_TERMS, query, terms


def found(text: str, asked: str) -> bool:
    filter_ = query(asked, "terms")
    if filter_ is None:
        return False
    kept = terms(text)

    def holds(condition: object) -> bool:
        if isinstance(condition, dict):
            return any(re.match(condition["$regex"], term) for term in kept)
        return condition in kept

    return all(holds(condition["terms"]) for condition in filter_["$and"])


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Blue sofa with legs of oak", "blue"),
        ("Blue sofa with legs of oak", "SOFA oak"),
        ("Blue sofa with legs of oak", "so"),  # still being typed
        ("Blue sofa with legs of oak", "blue le"),
        ("Möbel für draußen", "mobel"),
        ("Möbel für draußen", "draussen"),
        ("蓝色沙发 三人座", "沙发"),
        ("蓝色沙发 三人座", "蓝色沙"),
        ("蓝色沙发 三人座", "座"),
        ("蓝色沙发 三人座", "沙发 三人"),
        ("iPhone15手机壳", "iphone15 手机"),
        ("がっこうのいす", "いす"),
        ("ガラス テーブル", "テーブル"),
        ("ＳＯＦＡ 200ｃｍ", "sofa 200cm"),
        ("item-0042", "item-00"),
    ],
)
def test_a_text_is_found(text: str, asked: str) -> None:
    assert found(text, asked)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Blue sofa", "red"),
        ("Blue sofa", "sofa bed"),
        ("Blue sofa", "so blue"),  # only the last word may be begun
        ("Blue sofa", "sof "),  # a space ends it
        ("Blue sofa", "ofa"),
        ("蓝色沙发", "沙蓝"),
        ("蓝色沙发", "床"),
        ("がっこう", "かっこう"),
        ("Blue sofa", "..."),
        ("Blue sofa", "$where .*"),
    ],
)
def test_another_text_is_not(text: str, asked: str) -> None:
    assert not found(text, asked)


def test_a_long_text_has_a_bounded_number_of_terms() -> None:
    assert len(terms(" ".join(f"word{number}" for number in range(2 * MOST_TERMS)))) == MOST_TERMS
    assert terms("sofa sofa SOFA") == ["sofa"]
