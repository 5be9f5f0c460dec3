"""Which web pages may send: the origins of each tenant."""

from collector.configuration.model import Collection
from collector.configuration.tenants import Tenant
from collector.problem import ProblemError

ANY = "*"
_METHODS = "POST, GET, OPTIONS"
_HEADERS = "content-type, content-encoding, x-write-key, x-consent"
_AGE = "86400"


def allowed(tenant: Tenant, origin: str) -> dict[str, str]:
    """Headers of an answer to a page of this origin; none where the request names no origin: it is no page's.

    Raises:
        ProblemError: 403, the tenant has no such origin.
    """
    if not origin:
        return {}
    if ANY not in tenant.origins and origin not in tenant.origins:
        raise ProblemError(
            403, "origin", f"pages of {origin[:200]} may not use this write key: add it to the tenant's origins"
        )
    return headers(origin)


def headers(origin: str) -> dict[str, str]:
    """Headers that let a page of this origin read an answer."""
    # Without its name there a page of another origin, as nearly all are, cannot see when it may come again.
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": "Retry-After", "Vary": "Origin"}


class Preflights:
    """Answers browsers that ask before they send. They show no key yet: any tenant's origin is enough here."""

    def __init__(self, collection: Collection) -> None:
        self._origins = {origin for tenant in collection.tenants.values() for origin in tenant.origins}

    def answer(self, origin: str) -> dict[str, str]:
        """Headers of the answer; without an origin that is known, those that allow nothing."""
        if not origin or (ANY not in self._origins and origin not in self._origins):
            return {"Vary": "Origin"}
        return {
            **headers(origin),
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _HEADERS,
            "Access-Control-Max-Age": _AGE,
            # Pages on public addresses that send to a collector on a private one.
            "Access-Control-Allow-Private-Network": "true",
        }
