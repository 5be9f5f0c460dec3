"""The shop's application: pages, the hot list as JSON, and files."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles

from clickstream.errors import ClickstreamError
from clickstream.lookup import AsyncLookup
from shop import pages
from shop.catalogue import CREATIVES, CURRENCY, PRODUCTS
from shop.pages import GROUPS, Privacy, Site, Visit
from shop.ranking import Ranked, ranked

# More than the shop sells: the scenario may hold items of others.
ASKED = 100
ALSO = 4
_GROUP = "shop_group"
_MONTH_SECONDS = 30 * 24 * 3600


def create_app(site: Site, lookup: AsyncLookup) -> FastAPI:
    """The application. It closes `lookup` at its end."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await lookup.close()

    app = FastAPI(title="shop", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))

    async def hot() -> list[Ranked]:
        return ranked(await lookup.hot_items(site.tenant, site.scenario, ASKED))

    async def hot_or_all() -> list[Ranked]:
        # A page without its order is better than none: the list asks again every second, and says what is wrong.
        try:
            return await hot()
        except ClickstreamError:
            return ranked(())

    def visit(request: Request, privacy: Privacy) -> Visit:
        group = request.cookies.get(_GROUP, "")
        return Visit(site, privacy, group if group in GROUPS else random.choice(GROUPS))

    def page(text: str, shown: Visit) -> Response:
        # Not no-store: a browser would forget the page where it could bring it back as it was left.
        headers = {"Cache-Control": "private, no-cache", "Content-Security-Policy": _policy(site)}
        answer = HTMLResponse(text, headers=headers)
        if shown.privacy is Privacy.USUAL:  # otherwise nothing is kept on the device
            answer.set_cookie(_GROUP, shown.group, max_age=_MONTH_SECONDS, httponly=True, samesite="lax")
        return answer

    @app.get("/")
    async def home(request: Request, privacy: Privacy = Privacy.USUAL) -> Response:
        shown = visit(request, privacy)
        creative = random.choice(list(CREATIVES.values()))
        return page(pages.home(shown, await hot_or_all(), creative), shown)

    @app.get("/p/{item_id}")
    async def product(request: Request, item_id: str, privacy: Privacy = Privacy.USUAL) -> Response:
        found = PRODUCTS.get(item_id)
        if found is None:
            raise HTTPException(404, f"the shop sells no {item_id[:128]}")
        others = [each for each in await hot_or_all() if each.product is not found][:ALSO]
        shown = visit(request, privacy)
        return page(pages.product(shown, found, others), shown)

    @app.get("/cart")
    async def cart(request: Request, privacy: Privacy = Privacy.USUAL) -> Response:
        shown = visit(request, privacy)
        return page(pages.cart(shown), shown)

    @app.get("/api/hot")
    async def hot_list() -> Response:
        headers = {"Cache-Control": "no-store"}
        try:
            found = await hot()
        except ClickstreamError as error:
            return JSONResponse({"reason": str(error)}, 503, headers=headers)
        items = [{"item_id": each.product.item_id, "score": round(each.score, 3)} for each in found]
        return JSONResponse({"items": items}, headers=headers)

    @app.get("/api/products")
    async def products() -> Response:
        found = {each.item_id: {"name": each.name, "price": each.price} for each in PRODUCTS.values()}
        return JSONResponse({"currency": CURRENCY, "products": found})

    @app.get("/picture/{item_id}.svg")
    async def picture(item_id: str) -> Response:
        text = pages.picture(item_id)
        if text is None:
            raise HTTPException(404, f"there is no picture of {item_id[:128]}")
        return Response(text, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=3600"})

    @app.get("/healthz")
    async def healthz() -> Response:
        return JSONResponse({"status": "ok"})

    return app


def _policy(site: Site) -> str:
    return (
        "default-src 'self'; img-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'; "
        f"frame-ancestors 'none'; script-src 'self' {site.collector}; connect-src 'self' {site.collector}"
    )
