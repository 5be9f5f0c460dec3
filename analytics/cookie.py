"""A token that a browser keeps: in a cookie that no script can read and that no other site can make it send."""

from urllib.parse import urlsplit

from fastapi import HTTPException, Request, Response, status

NAME = "clickstream_token"
KEPT_SECONDS = 30 * 24 * 3600  # the tokens file says how long a token is good; this only bounds forgotten browsers

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def token_of(request: Request) -> str | None:
    """The token in a request's cookie.

    Raises:
        HTTPException: 403, the request would change something and comes from another origin. Ports of one host share
            their cookies and are one site, so SameSite does not keep them apart.
    """
    token = request.cookies.get(NAME)
    if token and request.method not in _READS:
        require_own_page(request)
    return token


def require_own_page(request: Request) -> None:
    """Make sure that a page of this service sent the request, or no browser did.

    Raises:
        HTTPException: 403, another origin's page did.
    """
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "the request comes from a page of another origin")


def keep(response: Response, request: Request, token: str) -> None:
    """Let the browser keep a token."""
    response.set_cookie(
        NAME,
        token,
        max_age=KEPT_SECONDS,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def forget(response: Response) -> None:
    """Let the browser forget it."""
    response.delete_cookie(NAME, path="/", httponly=True, samesite="strict")
