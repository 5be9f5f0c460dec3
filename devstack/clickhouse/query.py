"""From a request and its body to a statement with its data."""

from dataclasses import dataclass

from devstack.clickhouse.compression import decompress
from devstack.clickhouse.errors import QueryError
from devstack.clickhouse.form import Form, parse_form
from devstack.clickhouse.request import QueryRequest
from devstack.clickhouse.statement import Kind, Statement, parse

_READING = frozenset(
    ("SELECT", "WITH", "FROM", "(", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN", "CHECK", "SET", "USE")
)


@dataclass(frozen=True, slots=True)
class Query:
    """A request's statement with all that belongs to it."""

    request: QueryRequest
    statement: Statement
    data: bytes
    form: Form

    @property
    def output_format(self) -> str:
        """Format of the answer; the FORMAT of an INSERT is that of its data."""
        named = None if self.statement.keyword == "INSERT" else self.statement.format
        return named or self.request.default_format


def prepare(request: QueryRequest, body: bytes) -> Query:
    """Find statement and data: the URL's query and the body are one text with a line break between.

    Raises:
        QueryError: The body cannot be decompressed, or is no statement that a server takes.
    """
    body = decompress(request.content_encoding, body)
    form = Form()
    query = request.query.encode(errors="surrogateescape")
    if request.content_type.lower().startswith("multipart/form-data"):
        form = parse_form(request.content_type, body)
        request.params |= {
            name.removeprefix("param_"): value.decode(errors="surrogateescape")
            for name, value in form.fields.items()
            if name.startswith("param_")
        }
        body = form.fields.get("query", b"")
    text = query + b"\n" + body if query and body else query or body
    statement = parse(text)
    if statement.kind not in (Kind.INSERT, Kind.INSERT_FROM_INPUT):
        return Query(request, statement, b"", form)
    return Query(request, statement, text[statement.data_start :], form)


def check_readonly(query: Query) -> None:
    """GET is read-only. In sessions `readonly` is enforced here too: the engine would never give it back.

    Raises:
        QueryError: The statement writes.
    """
    request = query.request
    readonly = request.method != "POST"
    if request.session_id:
        readonly |= request.settings.pop("readonly", "0") not in ("0", "")
    if readonly and query.statement.keyword not in _READING:
        raise QueryError(
            164,
            "READONLY",
            f"{request.credentials.user}: Cannot execute query in readonly mode. For queries over HTTP, method GET "
            "implies readonly. You should use method POST for modifying queries.",
        )
