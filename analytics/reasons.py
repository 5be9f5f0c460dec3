"""Why there is no answer: English for people who read the API, and a code with parameters for a page's own language."""

from typing import Any

from analytics.answer import Answer
from clickstream.error_codes import ErrorCode
from clickstream.errors import ClickstreamError


class Reason(Answer):
    """One of `clickstream.error_codes`, or empty where there is none for it; and what the text names."""

    code: str
    parameters: dict[str, str | int | float]


FAILED = Reason(code=ErrorCode.FAILED, parameters={})


def reason_of(error: ClickstreamError) -> Reason:
    """The code of an error."""
    return Reason(code=error.error_code, parameters=dict(error.parameters))


def told(error: ClickstreamError) -> dict[str, Any]:
    """The body of an answer that is no success: `detail` as FastAPI has it, and the reason's fields."""
    return {"detail": str(error), **reason_of(error).model_dump()}
