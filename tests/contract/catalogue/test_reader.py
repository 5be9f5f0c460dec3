"""What a service reads of the catalogue: kept for seconds, and for as long as nobody answers."""

import uuid

import pytest

from clickstream.catalogue.reader import CatalogueReader
from clickstream.catalogue.v1 import catalogue_pb2 as pb
from clickstream.clock import ManualClock
from clickstream.errors import ConfigurationError, UnavailableError
from tests.contract.catalogue.client import Catalogue
from tests.kit.mongo import Mongo

pytestmark = pytest.mark.stack


async def test_answers_are_kept_and_outlive_an_outage(
    aurora: Catalogue, mongo: Mongo, grpc_port: int, tokens: dict[str, str]
) -> None:
    name = f"r-{uuid.uuid4().hex[:8]}"
    made = aurora.make("models", model_id=name, algorithm="als")
    clock = ManualClock()
    reader = CatalogueReader(f"127.0.0.1:{grpc_port}", tokens["reader"], seconds=10, most=2, clock=clock)

    async def algorithm() -> str:
        model = await reader.get(pb.Model, name)
        assert model is not None
        return str(model.algorithm)

    try:
        assert await reader.get(pb.Item, name) is None
        assert await algorithm() == "als"
        aurora.put(f"models/{name}", 1, **(made | {"algorithm": "two-tower"}))
        assert aurora.http.post(f"models/{name}/activate", json={"version": 2}).status_code == 200
        clock.sleep(9)
        assert await algorithm() == "als"
        clock.sleep(1)
        assert await algorithm() == "two-tower"
        mongo.stop()
        try:
            clock.sleep(3600)
            assert await algorithm() == "two-tower"
            assert await reader.get(pb.Item, name) is None  # that there is none was an answer too
            with pytest.raises(UnavailableError, match="CLICKSTREAM_MONGO_URL"):
                await reader.get(pb.Item, "never asked for")
            assert await reader.get(pb.Item, name) is None
        finally:
            mongo.start()
    finally:
        await reader.close()


async def test_a_token_that_is_refused_is_told(grpc_port: int, address: str) -> None:
    assert address
    reader = CatalogueReader(f"127.0.0.1:{grpc_port}", "cs_guess")
    try:
        with pytest.raises(ConfigurationError, match="unknown or has expired"):
            await reader.get(pb.Scenario, "home")
    finally:
        await reader.close()


async def test_nobody_there_is_told() -> None:
    reader = CatalogueReader("127.0.0.1:1", "cs_guess", seconds=2)
    try:
        with pytest.raises(UnavailableError, match="127.0.0.1:1"):
            await reader.get(pb.Scenario, "home")
    finally:
        await reader.close()
