"""/api/v1/catalogue/{scenarios,items,models,experiments,user_profiles}: the catalogue over HTTP.

Every kind has the same five routes; reading needs the role read, changing the role admin.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel, create_model

from analytics.access import ID_LENGTH, Admin, Reader, Served
from analytics.catalogue.catalogue import Catalogue
from analytics.catalogue.documents import Content, Kept
from analytics.catalogue.kinds import KINDS, Kind
from analytics.catalogue.store import MOST_LISTED, NEW
from analytics.routes.preconditions import Expected, etag
from analytics.wrong import WrongError
from clickstream.error_codes import ErrorCode
from clickstream.errors import UnavailableError

router = APIRouter(prefix="/api/v1/catalogue", tags=["catalogue"])

WRITES: dict[int | str, dict[str, Any]] = {
    409: {"description": "it exists already, or its state does not allow the change"},
    412: {"description": "it is at another revision than If-Match names"},
    428: {"description": "documents of this kind are changed with If-Match alone"},
}


def catalogue(served: Served) -> Catalogue:
    """The catalogue, where there is one."""
    if served.catalogue is None:
        raise UnavailableError("CLICKSTREAM_MONGO_URL is not set: there is no catalogue", ErrorCode.MONGODB_NOT_SET)
    return served.catalogue


Stored = Annotated[Catalogue, Depends(catalogue)]

_Filter = Annotated[str | None, Query(max_length=500, description="422 where this kind has no such field")]


def _routes_of(kind: Kind[Any, Any]) -> None:
    """Add the routes of a kind."""
    title = kind.kept.__name__.removeprefix("Kept")
    listed: type[BaseModel] = create_model(f"{title}List", documents=(list[kind.kept], ...), next=(str | None, None))  # type: ignore[name-defined]  # made for each kind
    address = f"/{kind.name}/{{name:path}}"

    async def list_documents(  # noqa: PLR0913, PLR0917 - a parameter of the address each
        stored: Stored,
        reader: Reader,
        status: _Filter = None,
        scenario_id: _Filter = None,
        category: _Filter = None,
        q: Annotated[str, Query(max_length=200, description="words; the last may be begun")] = "",
        after: Annotated[str, Query(max_length=ID_LENGTH, description="`next` of the page before")] = "",
        limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 100,
    ) -> Any:
        store = stored.store(kind)
        if q:
            return {"documents": await store.search(reader.tenant_id, q, limit), "next": None}
        asked = {"status": status, "scenario_id": scenario_id, "category": category}
        filters = {name: value for name, value in asked.items() if value is not None}
        page = await store.page(reader.tenant_id, filters, after, limit)
        return {"documents": page.documents, "next": page.next}

    async def read(
        stored: Stored,
        reader: Reader,
        response: Response,
        name: str,
        if_none_match: Annotated[str | None, Header()] = None,
    ) -> Any:
        found = await stored.store(kind).get(reader.tenant_id, name)
        tag = etag(found.revision)
        if if_none_match and tag in if_none_match:
            return Response(status_code=304, headers={"ETag": tag})
        response.headers["ETag"] = tag
        return found

    async def create(stored: Stored, admin: Admin, response: Response, body: Content) -> Any:
        return _answered(response, await stored.store(kind).put(admin.tenant_id, body, NEW))

    async def replace(  # noqa: PLR0913, PLR0917 - what FastAPI injects
        stored: Stored, admin: Admin, response: Response, name: str, body: Content, expected: Expected
    ) -> Any:
        named = getattr(body, kind.id_field)
        if named != name:
            said = f"{kind.id_field} is {named!r} in the body and {name!r} in the address"
            raise WrongError(said, ErrorCode.ID_MISMATCH, field=kind.id_field, named=named, name=name)
        return _answered(response, await stored.store(kind).put(admin.tenant_id, body, expected))

    async def remove(stored: Stored, admin: Admin, name: str, expected: Expected) -> None:
        await stored.store(kind).delete(admin.tenant_id, name, expected)

    # FastAPI reads annotations; they are the kind's own.
    create.__annotations__["body"] = replace.__annotations__["body"] = kind.content

    def add(path: str, endpoint: Any, method: str, said: str, **options: Any) -> None:
        name = f"{endpoint.__name__}_{kind.name}"
        options.setdefault("response_model", kind.kept)
        router.add_api_route(path, endpoint, methods=[method], name=name, summary=said, operation_id=name, **options)

    filters = f" narrowed by {', '.join(kind.filters)}" if kind.filters else ""
    search = "; `q` searches" if kind.searchable else ""
    add(f"/{kind.name}", list_documents, "GET", f"A tenant's {kind.name} by id{filters}{search}", response_model=listed)
    add(f"/{kind.name}", create, "POST", f"Make a new {kind.one}", status_code=201, responses=WRITES)
    add(address, read, "GET", f"One {kind.one}; its ETag is its revision")
    add(address, replace, "PUT", f"Make or replace a {kind.one}", responses=WRITES)
    add(address, remove, "DELETE", f"Remove a {kind.one}", status_code=204, response_model=None, responses=WRITES)


def _answered(response: Response, kept: Kept) -> Kept:
    response.headers["ETag"] = etag(kept.revision)
    return kept


for _kind in KINDS:
    _routes_of(_kind)
