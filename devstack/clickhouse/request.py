"""What an HTTP request asks for, as the server's HTTPHandler reads it."""

import base64
import binascii
import hmac
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from devstack.clickhouse.errors import QueryError

# Parameters of the URL that are no settings. The last line is known to the server and without effect here.
_RESERVED = frozenset(
    (
        *("query", "user", "password", "database", "default_format", "query_id", "session_id", "session_timeout"),
        *("session_check", "close_session", "wait_end_of_query", "buffer_size", "compress", "decompress"),
        *("quota_key", "stacktrace", "role", "client_protocol_version"),
    )
)
_DEFAULT_SESSION_SECONDS = 60
_MAX_SESSION_SECONDS = 3600
_BUFFER_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user's name and password."""

    user: str
    password: str

    def matches(self, other: "Credentials") -> bool:
        """Compare in a time that does not depend on where they differ."""
        return hmac.compare_digest(self.user.encode(), other.user.encode()) and hmac.compare_digest(
            self.password.encode(), other.password.encode()
        )


@dataclass(slots=True)
class QueryRequest:
    """One request to run a statement.

    Attributes:
        method: HTTP method.
        query: The `query` parameter of the URL.
        settings: Settings of the engine for this query alone.
        params: Values of query parameters, by name.
        external: `<table>_structure`, `_types` and `_format` of tables whose data a form brings along.
        session_seconds: How long a session lives on after its last query.
        buffer_bytes: Bytes of an answer that are held back before its headers are sent.
    """

    method: str
    credentials: Credentials
    query: str = ""
    database: str = ""
    default_format: str = "TabSeparated"
    query_id: str = ""
    session_id: str = ""
    session_check: bool = False
    session_seconds: int = _DEFAULT_SESSION_SECONDS
    close_session: bool = False
    wait_end_of_query: bool = False
    buffer_bytes: int = _BUFFER_BYTES
    content_type: str = ""
    content_encoding: str = ""
    accept_encoding: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    external: dict[str, str] = field(default_factory=dict)


def parse_request(method: str, query_string: bytes, headers: Iterable[tuple[bytes, bytes]]) -> QueryRequest:
    """Read a request's URL and headers.

    Raises:
        QueryError: Two ways of authentication at once, or a parameter with a bad value.
    """
    url = dict(parse_qsl(query_string.decode("latin-1"), keep_blank_values=True, errors="surrogateescape"))
    head = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
    request = QueryRequest(
        method=method,
        credentials=_credentials(url, head),
        query=url.get("query", ""),
        database=head.get("x-clickhouse-database") or url.get("database", ""),
        default_format=head.get("x-clickhouse-format") or url.get("default_format") or "TabSeparated",
        query_id=(url.get("query_id") or str(uuid.uuid4())).replace("\n", " "),
        session_id=url.get("session_id", ""),
        session_check=url.get("session_check", "") == "1",
        session_seconds=_session_seconds(url.get("session_timeout")),
        close_session=url.get("close_session", "") == "1",
        wait_end_of_query=url.get("wait_end_of_query", "") == "1",
        buffer_bytes=_number(url, "buffer_size", _BUFFER_BYTES),
        content_type=head.get("content-type", ""),
        content_encoding=head.get("content-encoding", ""),
        accept_encoding=head.get("accept-encoding", ""),
    )
    for name in ("compress", "decompress"):
        if url.get(name, "0") not in ("0", ""):
            raise QueryError(
                48,
                "NOT_IMPLEMENTED",
                f"{name}=1 (compressed blocks of the native protocol) is not there; use Content-Encoding and "
                "enable_http_compression=1.",
            )
    multipart = request.content_type.lower().startswith("multipart/form-data")
    for name, value in url.items():
        if name.startswith("param_"):
            request.params[name.removeprefix("param_")] = value
        elif multipart and name.endswith(("_structure", "_types", "_format")) and name not in _RESERVED:
            request.external[name] = value
        elif name not in _RESERVED:
            request.settings[name] = value
    return request


def _credentials(url: Mapping[str, str], head: Mapping[str, str]) -> Credentials:
    by_header = "x-clickhouse-user" in head or "x-clickhouse-key" in head
    by_url = "user" in url or "password" in url
    authorization = head.get("authorization", "")
    if by_header + by_url + bool(authorization) > 1:
        raise QueryError(
            516,
            "AUTHENTICATION_FAILED",
            "Invalid authentication: it is not allowed to use several of X-ClickHouse HTTP headers, Authorization HTTP "
            "header and authentication via parameters simultaneously.",
        )
    if by_header:
        return Credentials(head.get("x-clickhouse-user", "default"), head.get("x-clickhouse-key", ""))
    if not authorization:
        return Credentials(url.get("user", "default"), url.get("password", ""))
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        message = f"Invalid authentication: '{scheme}' HTTP Authorization scheme is not supported."
        raise QueryError(516, "AUTHENTICATION_FAILED", message)
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        message = "Invalid authentication: the Authorization HTTP header is not base64 of user:password."
        raise QueryError(516, "AUTHENTICATION_FAILED", message) from error
    return Credentials(user, password)


def _session_seconds(text: str | None) -> int:
    if text is None:
        return _DEFAULT_SESSION_SECONDS
    if not text.isdecimal():
        raise QueryError(374, "INVALID_SESSION_TIMEOUT", f"Invalid session timeout: '{text}'.")
    if int(text) > _MAX_SESSION_SECONDS:
        message = f"Session timeout '{text}' is larger than max_session_timeout: {_MAX_SESSION_SECONDS}."
        raise QueryError(374, "INVALID_SESSION_TIMEOUT", message)
    return int(text)


def _number(url: Mapping[str, str], name: str, default: int) -> int:
    text = url.get(name, "")
    if not text:
        return default
    if not text.isdecimal():
        raise QueryError(72, "CANNOT_PARSE_NUMBER", f"Cannot parse number of parameter {name}: '{text}'.")
    return int(text)
