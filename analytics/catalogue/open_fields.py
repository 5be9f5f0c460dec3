"""Fields whose content is the customer's own: JSON objects that MongoDB can hold and every client can read."""

import json
import math
from typing import Annotated, Any

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from clickstream.error_codes import ErrorCode

MOST_BYTES = 16 * 1024
MOST_DEPTH = 10
_INT64 = 2**63


def checked(value: dict[str, Any]) -> dict[str, Any]:
    """The same object, if it can be stored and read back unchanged.

    Raises:
        ValueError: it is larger than MOST_BYTES of JSON, nested deeper than MOST_DEPTH, or holds a key or a value that
            MongoDB or a client would refuse.
    """
    _check(value, 1)
    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MOST_BYTES:
        said = {"size": size, "most": MOST_BYTES}
        raise PydanticCustomError(
            ErrorCode.OBJECT_TOO_LARGE, "it has {size} bytes of JSON; at most {most} are kept", said
        )
    return value


OpenObject = Annotated[dict[str, Any], AfterValidator(checked)]


def _check(value: Any, depth: int) -> None:
    if depth > MOST_DEPTH:
        said = {"most": MOST_DEPTH}
        raise PydanticCustomError(ErrorCode.OBJECT_TOO_DEEP, "it is nested deeper than {most}", said)
    match value:
        case dict():
            for key, each in value.items():
                _check_text(key)
                if not key or key.startswith("$") or "." in key:
                    broken = "the key '{key}' is empty, begins with '$' or has a '.'"
                    raise PydanticCustomError(ErrorCode.OBJECT_KEY, broken, {"key": key})
                _check(each, depth + 1)
        case list():
            for each in value:
                _check(each, depth + 1)
        case str():
            _check_text(value)
        case bool() | None:
            pass
        case int() if not -_INT64 <= value < _INT64:
            raise _no_value(f"the number {value} does not fit 64 bits")
        case float() if not math.isfinite(value):
            raise _no_value("NaN and infinities are no JSON")
        case _:
            pass


def _check_text(text: str) -> None:
    if "\0" in text:
        raise _no_value("text with the character NUL is not kept")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _no_value("text with half of a surrogate pair is not kept") from None


def _no_value(said: str) -> PydanticCustomError:
    return PydanticCustomError(ErrorCode.OBJECT_VALUE, "{said}", {"said": said})
