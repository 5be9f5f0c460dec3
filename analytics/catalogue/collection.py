"""One collection of MongoDB, with patience and with errors of ours."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError, OperationFailure, PyMongoError

from clickstream.error_codes import ErrorCode
from clickstream.errors import ContractError, UnavailableError

Document = dict[str, Any]

# The driver ends each request in time by itself. Cancelled while it connects, as by asyncio's timeout, it leaves the
# socket open.
_SPARE_SECONDS = 1.0


@asynccontextmanager
async def patience(seconds: float) -> AsyncIterator[None]:
    """Wait for MongoDB no longer than that.

    Raises:
        UnavailableError: it does not answer in time.
        ContractError: it refuses the request.
        DuplicateKeyError: as it is.
    """
    try:
        async with asyncio.timeout(seconds + _SPARE_SECONDS):
            yield
    except DuplicateKeyError:
        raise
    except OperationFailure as error:
        if error.timeout or error.has_error_label("RetryableWriteError"):
            raise _unavailable(error) from error
        reason = f"{str(error)[:300]}"
        raise ContractError(
            f"MongoDB refuses ({error.code}): {reason}", ErrorCode.MONGODB_REFUSES, reason=reason
        ) from error
    except (PyMongoError, TimeoutError) as error:
        raise _unavailable(error) from error


def document_id(tenant: str, name: str) -> str:
    """The `_id` of a tenant's document.

    It is what makes a document unique, on every server and before any index was made; and since all of a tenant's
    documents lie together in the order of their names, lists need no other index.
    """
    return f"{prefix(tenant)}{name}"


def prefix(tenant: str) -> str:
    """What each `_id` of a tenant begins with: no other tenant's does, for `/` in a tenant's name is written `%2F`."""
    return f"{quote(tenant, safe='')}/"


def of_tenant(tenant: str, after: str = "") -> Document:
    """A filter: documents of a tenant whose names come after another one."""
    begin = prefix(tenant)
    # "0" is the character behind "/".
    return {"tenant_id": tenant, "_id": {"$gt": begin + after, "$lt": f"{begin[:-1]}0"}}


async def find(
    collection: AsyncCollection[Document], filter_: Document, limit: int, leave_out: Document
) -> list[Document]:
    """Documents in the order of their ids."""
    return await collection.find(filter_, leave_out or None).sort("_id", 1).limit(limit).to_list()


def _unavailable(error: BaseException) -> UnavailableError:
    return UnavailableError(
        f"MongoDB does not answer ({type(error).__name__}): try again; is it running, and is CLICKSTREAM_MONGO_URL its "
        "address?",
        ErrorCode.MONGODB_AWAY,
        reason=type(error).__name__,
    )
