"""Forms (multipart/form-data): a query, its parameters, and data of temporary tables that come along with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser

from devstack.clickhouse.engine import EngineConnection, quote_name
from devstack.clickhouse.errors import QueryError
from devstack.clickhouse.request import QueryRequest
from devstack.clickhouse.statement import Kind, Statement


@dataclass(slots=True)
class Form:
    """Fields of a form, in bytes: those without a file name, and the files."""

    fields: dict[str, bytes] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


def parse_form(content_type: str, body: bytes) -> Form:
    """Read a form.

    Raises:
        QueryError: The body is no form.
    """
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1")
    message = BytesParser().parsebytes(head + body)
    if not message.is_multipart():
        raise QueryError(36, "BAD_ARGUMENTS", "The body of the request is not multipart/form-data as its type says.")
    form = Form()
    for part in message.walk():
        if part.is_multipart():
            continue
        name = part.get_param("name", header="content-disposition")
        data = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(data, bytes):
            (form.fields if part.get_filename() is None else form.files)[name] = data
    return form


@contextmanager
def external_tables(connection: EngineConnection, request: QueryRequest, form: Form) -> Iterator[None]:
    """For a while, a temporary table of each file of the form, as the URL says its structure and format.

    Raises:
        QueryError: Structure or data are wrong.
    """
    try:
        for name, data in form.files.items():
            _create(connection, request, name, data)
        yield
    finally:
        for name in form.files:
            connection.command(f"DROP TEMPORARY TABLE IF EXISTS {quote_name(name)}".encode())


def _create(connection: EngineConnection, request: QueryRequest, name: str, data: bytes) -> None:
    structure = request.external.get(f"{name}_structure")
    if structure is None:
        types = request.external.get(f"{name}_types", "").split(",")
        structure = ", ".join(f"_{index} {kind}" for index, kind in enumerate(types, 1))
    connection.command(f"CREATE TEMPORARY TABLE {quote_name(name)} ({structure}) ENGINE = Memory".encode())
    head = f"INSERT INTO {quote_name(name)}".encode()
    data_format = request.external.get(f"{name}_format", "TabSeparated")
    source = (len(head), len(head))
    connection.insert(Statement(Kind.INSERT, "INSERT", head, format=data_format, source=source), data, {})
