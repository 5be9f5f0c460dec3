import logging

import pytest

from clickstream.clock import ManualClock
from clickstream.errors import ConfigurationError
from sinks.alarm import Alarm


def test_without_receivers_an_alarm_is_an_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    alarm = Alarm(" \n", 300, ManualClock())
    assert alarm.raise_alarm("batch not stored", "10000 rows")
    assert alarm.flush()
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage() == "ALARM batch not stored: 10000 rows"


def test_what_was_held_back_is_logged_when_the_process_ends(caplog: pytest.LogCaptureFixture) -> None:
    alarm = Alarm("", 300, ManualClock(1_700_000_000))
    alarm.raise_alarm("first", "body")
    alarm.raise_alarm("second", "body")
    alarm.flush()
    assert "... and 1 more since 2023-11-14 22:13:20 UTC" in caplog.text


def test_an_address_that_is_none_is_refused_without_showing_its_secrets() -> None:
    with pytest.raises(ConfigurationError, match=r"ALARM_URLS: address 2, which begins with 'jsn'") as caught:
        Alarm("json://127.0.0.1/ jsn://secret@host", 300, ManualClock())
    assert "secret" not in str(caught.value)
