"""Between messages and the catalogue's documents, whose fields have the same names."""

from typing import TypeVar

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from pydantic import BaseModel, ValidationError

from analytics.catalogue.documents import Content
from analytics.catalogue.errors import InvalidError

C = TypeVar("C", bound=Content)
M = TypeVar("M", bound=Message)


def to_message(document: BaseModel, message: M) -> M:
    """Fill a message from a document."""
    return ParseDict(document.model_dump(mode="json", exclude_none=True), message)


def to_content(message: Message, content: type[C]) -> C:
    """The document that a message holds; fields that are not set have the document's defaults.

    Raises:
        InvalidError: it breaks a rule; every field that does is named.
    """
    try:
        return content.model_validate(MessageToDict(message, preserving_proto_field_name=True))
    except ValidationError as error:
        raise InvalidError(
            "; ".join(f"{'.'.join(map(str, each['loc'])) or 'document'}: {each['msg']}" for each in error.errors())
        ) from None
    except ValueError as error:  # a Struct with NaN
        raise InvalidError(f"document: {error}") from None
