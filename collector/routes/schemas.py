"""GET /schemas/ID: the Avro schema that a record's header names."""

from starlette.requests import Request
from starlette.responses import Response

from collector.avro_events import SCHEMA, SCHEMA_ID
from collector.problem import ProblemError
from collector.routes.exchange import Handler, json_response


def avro_schema() -> Handler:
    """The handler. There is one schema, that of this version; its id changes with it."""

    async def handle(request: Request) -> Response:
        if request.path_params["id"] != SCHEMA_ID:
            raise ProblemError(404, "schema", f"there is no such schema here: this version writes {SCHEMA_ID}")
        return json_response(200, SCHEMA)

    return handle
