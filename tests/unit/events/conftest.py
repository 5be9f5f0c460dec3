from typing import Any

import pytest

from tests.unit.events.bodies import RECEIVED


@pytest.fixture
def valid_body() -> dict[str, Any]:
    return {
        "event_id": "0199b7a0-0000-7000-8000-000000000001",
        "tenant_id": "shop",
        "scenario_id": "home",
        "user_id": "u-1",
        "item_id": "i-1",
        "action_type": "click",
        "timestamp": RECEIVED,
    }
