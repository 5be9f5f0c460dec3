"""The dashboard's pages and what they are made of. They hold no data, so they need no token; what they ask for does."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from analytics.access import Served
from analytics.pages import INDEX, File

router = APIRouter(include_in_schema=False)

PAGES = ("", "funnel", "retention", "paths", "heatmap", "experiments", "hot", "pipeline", "catalogue", "sign-in")

# Nothing from elsewhere, no inline script or style, no frame around it. `data:` is for the charts' own images.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_SAFE = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_MISSING = "The dashboard is not built: run `make dashboard`, or name its folder in CLICKSTREAM_ANALYTICS_PAGES.\n"


async def page(served: Served, request: Request) -> Response:
    """Every page is the same document: its script shows the one of the address."""
    found = served.pages.file(INDEX)
    return _sent(found, request) if found else PlainTextResponse(_MISSING, 404, _SAFE)


for _name in PAGES:
    router.add_api_route(f"/{_name}", page, methods=["GET", "HEAD"])


@router.api_route("/assets/{name}", methods=["GET", "HEAD"])
async def asset(served: Served, request: Request, name: str) -> Response:
    """A script or style of the pages."""
    found = served.pages.file(name)
    return _sent(found, request) if found else PlainTextResponse("There is no such file.\n", 404, _SAFE)


def _sent(file: File, request: Request) -> Response:
    headers = {**_SAFE, "Cache-Control": "no-cache", "ETag": file.etag, "Vary": "Accept-Encoding"}
    asked = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if file.etag in asked or "*" in asked:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=file.media_type)
    return Response(file.plain, headers=headers, media_type=file.media_type)
