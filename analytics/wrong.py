"""What is wrong with a request itself."""

from clickstream.errors import ClickstreamError


class WrongError(ClickstreamError, ValueError):
    """A request breaks a rule: HTTP 422."""
