"""Events in Avro, in a topic beside the one that the platform's jobs read."""

import secrets
from pathlib import Path

import msgspec
import pytest

from collector.avro_events import SCHEMA_ID, decode
from tests.contract.collector.conftest import Collected, click
from tests.kit.collector import CollectorProcess, collection

pytestmark = pytest.mark.stack


def test_both_topics_hold_the_same_event_and_the_header_names_the_schema(collected: Collected, tmp_path: Path) -> None:
    lake = f"lake-{secrets.token_hex(4)}"
    collected.topics.make({lake: 1})
    # It takes small records alone.
    own = {"message.max.bytes": 2000}
    sinks = {"kafka": {"type": "kafka"}, "lake": {"type": "kafka", "avro": {}, "topic": lake, "producer": own}}
    settings = {
        "KAFKA_BOOTSTRAP": collected.topics.bootstrap,
        "KAFKA_TOPIC_BEHAVIORS": collected.behaviors,
        "KAFKA_TOPIC_REJECTED": collected.rejected,
    }
    with CollectorProcess(tmp_path, collection(sinks=sinks), settings) as process:
        event = click(user="lake", extra_data={"deep": [1, {"x": None}]}, price=2.5)
        assert process.post(event).json() == {"accepted": 1, "rejected": []}
        assert process.client.get(f"/schemas/{SCHEMA_ID}").json()["name"] == "Behavior"
        large = process.post(click(user="large", extra_data={"text": "x" * 3000}))
        assert (large.status_code, large.json()["error"]) == (413, "refused"), "no later try would mend it"
        assert process.client.get("/readyz").status_code == 200
    (avro,) = collected.topics.read(lake)
    (plain,) = [record for record in collected.records() if record.key == b"lake"]
    assert avro.headers == (("schema_id", SCHEMA_ID.encode()),)
    assert avro.key == plain.key
    assert plain.headers == ()
    assert decode(avro.value or b"") == msgspec.json.decode(plain.value or b"")
