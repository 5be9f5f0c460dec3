"""Why a server does not answer, in a few words: what client libraries put around them is left out."""

import urllib.error


def reason_of(error: Exception) -> str:
    """The cause that an exception of a client tells of.

    Args:
        error: of urllib, redis, pymongo, aiomysql or a socket.
    """
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        return reason_of(error.reason)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    said = str(error.args[-1]) if error.args else type(error).__name__  # MySQL's have their number first
    return said.partition(" (configured timeouts")[0].strip().rstrip(".")
