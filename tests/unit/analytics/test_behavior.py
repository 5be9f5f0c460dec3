"""The question about behaviour counts each kind of action by its name."""

import re

from analytics.question import FOLDER
from clickstream.events.action import Action


def test_every_kind_of_action_is_counted_at_the_place_of_its_name() -> None:
    text = (FOLDER / "behavior.sql").read_text(encoding="utf-8")
    counted = re.findall(r"countIf\(action_type = '(\w+)'\)", text)
    (named,) = re.findall(r"\['', (.*?)\] AS action", text)
    assert sorted(counted) == sorted(action.value for action in Action)
    assert re.findall(r"'(\w+)'", named) == counted
