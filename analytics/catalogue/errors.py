"""Why the catalogue does not do what it was asked. Each becomes one HTTP status and one gRPC code."""

from clickstream.errors import ClickstreamError


class CatalogueError(ClickstreamError):
    """Base of the errors below."""


class InvalidError(CatalogueError):
    """What was sent breaks a rule: HTTP 422."""


class AbsentError(CatalogueError):
    """There is no such document: HTTP 404."""


class StaleError(CatalogueError):
    """It is at another revision than the change was made for: HTTP 412. Read it again, then decide again."""


class ConflictError(CatalogueError):
    """It exists already, or its state does not allow the change: HTTP 409."""


class RevisionNeededError(CatalogueError):
    """Documents of this kind are changed by compare-and-set alone, and no revision was named: HTTP 428."""
