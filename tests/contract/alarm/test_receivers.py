import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from clickstream.clock import ManualClock
from sinks.alarm import Alarm

DEADLINE = 30.0


class Receiver(ThreadingHTTPServer):
    """A webhook that keeps what it is sent, answers `status`, and holds answers back while `hold` is clear."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.received: list[dict[str, str]] = []
        self.hold = threading.Event()
        self.hold.set()

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.server_address[1]}/alarms"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.hold.wait(DEADLINE)
        self.server.received.append(json.loads(body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.hold.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.net
def test_an_alarm_reaches_its_receiver(receiver: Receiver) -> None:
    alarm = Alarm(receiver.url, 300, ManualClock())
    assert alarm.raise_alarm("batch not stored", "10000 rows of partition 3")
    assert alarm.flush(DEADLINE)
    (message,) = receiver.received
    assert message["title"] == "batch not stored"
    assert message["message"] == "10000 rows of partition 3"


@pytest.mark.net
def test_one_alarm_an_interval_and_the_next_counts_those_held_back(receiver: Receiver) -> None:
    clock = ManualClock(1_700_000_000)
    alarm = Alarm(receiver.url, 300, clock)
    assert alarm.raise_alarm("first", "body")
    clock.advance(10)
    assert [alarm.raise_alarm("again", "body") for _ in range(41)] == [False] * 41
    assert alarm.held_back == 41
    clock.advance(289.9)
    assert not alarm.raise_alarm("again", "body")
    clock.advance(0.1)
    assert alarm.raise_alarm("last", "body")
    assert alarm.held_back == 0
    clock.advance(300)
    assert alarm.raise_alarm("after", "body")
    assert alarm.flush(DEADLINE)
    assert [message["title"] for message in receiver.received] == ["first", "last", "after"]
    assert receiver.received[1]["message"] == "body\n... and 42 more since 2023-11-14 22:13:30 UTC"
    assert receiver.received[2]["message"] == "body"


@pytest.mark.net
def test_a_receiver_that_hangs_does_not_hold_up_the_caller(receiver: Receiver) -> None:
    receiver.hold.clear()
    alarm = Alarm(f"{receiver.url}?rto=30", 0, ManualClock())
    assert [alarm.raise_alarm(f"alarm {number}", "body") for number in range(3)] == [True] * 3
    assert receiver.received == []  # the caller is back, and nothing was delivered yet
    assert not alarm.flush(0.01)
    receiver.hold.set()
    assert alarm.flush(DEADLINE)
    assert [message["title"] for message in receiver.received] == ["alarm 0", "alarm 1", "alarm 2"]


@pytest.mark.net
def test_a_receiver_that_fails_is_logged_and_the_next_one_is_told(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        refused = f"json://user:secret@127.0.0.1:{closed.getsockname()[1]}/"
        alarm = Alarm(f"{refused}\n{receiver.url}", 300, ManualClock())
        alarm.raise_alarm("title", "body")
        assert alarm.flush(DEADLINE)
    assert len(receiver.received) == 1
    errors = [record.getMessage() for record in caplog.records if record.name == "sinks.alarm"]
    assert any("did not reach json" in message for message in errors)
    assert "secret" not in " ".join(errors)


@pytest.mark.net
def test_a_receiver_that_answers_500_is_logged(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    receiver.status = 500
    alarm = Alarm(receiver.url, 300, ManualClock())
    assert alarm.raise_alarm("title", "body")
    assert alarm.flush(DEADLINE)
    assert any("did not reach" in record.getMessage() for record in caplog.records if record.name == "sinks.alarm")


@pytest.mark.net
def test_a_receiver_that_never_answers_bounds_what_waits(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    receiver.hold.clear()
    alarm = Alarm(f"{receiver.url}?rto=30", 0, ManualClock())
    for number in range(20):
        alarm.raise_alarm(f"alarm {number}", "body")
    assert "is not sent: 16 wait" in caplog.text
    receiver.hold.set()
    assert alarm.flush(DEADLINE)
    assert len(receiver.received) in {16, 17}  # 16 in the queue, and perhaps one that was taken out at once
