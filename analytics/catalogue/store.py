"""Documents of one kind: read, searched, and changed by compare-and-set."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError, DuplicateKeyError

from analytics.catalogue import terms
from analytics.catalogue.collection import Document, document_id, find, of_tenant, patience
from analytics.catalogue.documents import Content, Kept
from analytics.catalogue.errors import AbsentError, ConflictError, InvalidError, RevisionNeededError, StaleError
from analytics.catalogue.kinds import Kind
from clickstream.clock import Clock
from clickstream.error_codes import ErrorCode
from clickstream.errors import UnavailableError

C = TypeVar("C", bound=Content)
K = TypeVar("K", bound=Kept)

MOST_LISTED = 500
NEW = 0  # the revision of a document that is not there
_INTERNAL = {"terms": 0, "title_terms": 0, "versions": 0}
_TRIES = 10
_DUPLICATE = 11000  # MongoDB's code for a key that is there
_ADDED_IN_A_SECOND = 500


@dataclass(frozen=True)
class Page(Generic[K]):
    """A part of a list, in the order of the ids.

    Attributes:
        documents: of this part.
        next: to be given as `after` for the part behind it; None: there is none.
    """

    documents: list[K]
    next: str | None


class Store(Generic[C, K]):
    """All documents of a kind. Every method takes the tenant whose documents it is about, and reaches no other's.

    Each raises UnavailableError while MongoDB does not answer.

    Args:
        kind: what they are.
        collection: where they are.
        seconds: patience with MongoDB.
        clock: what time it is.
    """

    def __init__(self, kind: Kind[C, K], collection: AsyncCollection[Document], seconds: float, clock: Clock) -> None:
        self.kind = kind
        self._collection = collection
        self._seconds = seconds
        self._clock = clock

    async def get(self, tenant: str, name: str) -> K:
        """One document.

        Raises:
            AbsentError: there is none of that name.
        """
        return self._kept(await self._there(tenant, name, _INTERNAL))

    async def document(self, tenant: str, name: str) -> Document:
        """One document as it is stored.

        Raises:
            AbsentError: there is none of that name.
        """
        return await self._there(tenant, name, {})

    async def page(self, tenant: str, filters: Mapping[str, str], after: str, limit: int) -> Page[K]:
        """Documents whose fields have the values of `filters`.

        Raises:
            InvalidError: lists of this kind have no such filter.
        """
        for field in filters:
            if field not in self.kind.filters:
                raise InvalidError(f"{self.kind.name} cannot be narrowed by {field}")
        asked = {**of_tenant(tenant, after), **filters}
        async with patience(self._seconds):
            found = await find(self._collection, asked, limit + 1, _INTERNAL)
        more = len(found) > limit
        return Page(
            [self._kept(each) for each in found[:limit]], found[limit - 1][self.kind.id_field] if more else None
        )

    async def search(self, tenant: str, text: str, limit: int) -> list[K]:
        """Documents with all words of a text, those with all of them in the title first; the last word may be begun.

        Raises:
            InvalidError: documents of this kind cannot be searched.
        """
        if not self.kind.searchable:
            raise InvalidError(f"{self.kind.name} cannot be searched by text")
        in_title, anywhere = terms.query(text, "title_terms"), terms.query(text, "terms")
        if in_title is None or anywhere is None:
            return []
        mine = of_tenant(tenant)
        async with patience(self._seconds):
            found = await find(self._collection, {**mine, **in_title}, limit, _INTERNAL)
            if len(found) < limit:
                seen = {"_id": {**mine["_id"], "$nin": [each["_id"] for each in found]}}
                found += await find(self._collection, {**mine, **seen, **anywhere}, limit - len(found), _INTERNAL)
        return [self._kept(each) for each in found]

    async def put(self, tenant: str, content: C, expected: int | None) -> K:
        """Make a document, or change it.

        Args:
            tenant: whose.
            content: what it shall be.
            expected: the revision that it must be at; NEW: it must not be there; None: any.

        Raises:
            StaleError: it is at another revision, or gone.
            ConflictError: it is there already, or its state does not allow the change.
            RevisionNeededError: `expected` is None, and this kind wants one.
        """
        name = str(getattr(content, self.kind.id_field))
        return await self.change(tenant, name, expected, lambda before: self.kind.fold(before, content, self._now()))

    async def add(self, tenant: str, contents: Sequence[C]) -> set[str]:
        """Make those of many documents that are not there; the others stay as they are.

        Returns:
            The ids of those that were made.
        """
        now = self._now()
        sent = {str(getattr(content, self.kind.id_field)): content for content in contents}
        async with patience(self._seconds):
            asked = {"_id": {"$in": [document_id(tenant, name) for name in sent]}}
            there = {each["_id"] for each in await self._collection.find(asked, {"_id": 1}).to_list()}
        names = [name for name in sent if document_id(tenant, name) not in there]
        if not names:
            return set()
        made = [self._stored(tenant, name, None, self.kind.fold(None, sent[name], now), now) for name in names]
        async with patience(self._seconds * (1 + len(names) // _ADDED_IN_A_SECOND)):
            try:
                await self._collection.insert_many(made, ordered=False)
            except BulkWriteError as error:  # somebody else made some meanwhile
                failed = error.details["writeErrors"]
                if any(each["code"] != _DUPLICATE for each in failed):
                    raise
                return set(names) - {names[each["index"]] for each in failed}
        return set(names)

    async def change(
        self, tenant: str, name: str, expected: int | None, fold: Callable[[Document | None], dict[str, Any]]
    ) -> K:
        """Change a document by a function of what is stored; as `put` otherwise.

        The function may be called several times, when others change the document meanwhile.
        """
        for _ in range(_TRIES):
            before = await self._find(tenant, name, {})
            self._check(before, name, expected)
            now = self._now()
            after = self._stored(tenant, name, before, fold(before), now)
            if await self._written(before, after):
                return self._kept(after)
        raise self._busy(name)

    async def delete(self, tenant: str, name: str, expected: int | None) -> None:
        """Remove a document.

        Raises:
            AbsentError: there is none of that name.
            StaleError: it is at another revision.
            ConflictError: its state does not allow it.
            RevisionNeededError: `expected` is None, and this kind wants one.
        """
        for _ in range(_TRIES):
            before = await self._there(tenant, name, {})
            self._check(before, name, expected)
            self.kind.removable(before)
            async with patience(self._seconds):
                done = await self._collection.delete_one({"_id": before["_id"], "revision": before["revision"]})
            if done.deleted_count:
                return
        raise self._busy(name)

    def _busy(self, name: str) -> UnavailableError:
        said = f"{self.kind.one} {name!r} is being changed by many at once: try again"
        return UnavailableError(said, ErrorCode.DOCUMENT_BUSY, name=name)

    @staticmethod
    def _stored(tenant: str, name: str, before: Document | None, fields: dict[str, Any], now: datetime) -> Document:
        return {
            **fields,
            "_id": document_id(tenant, name),
            "tenant_id": tenant,
            "revision": before["revision"] + 1 if before else 1,
            "created_at": before["created_at"] if before else now,
            "updated_at": now,
        }

    async def _written(self, before: Document | None, after: Document) -> bool:
        """False: somebody else was faster."""
        async with patience(self._seconds):
            if before is None:
                try:
                    await self._collection.insert_one(after)
                except DuplicateKeyError:
                    return False
                return True
            same = {"_id": before["_id"], "revision": before["revision"]}
            return bool((await self._collection.replace_one(same, after)).matched_count)

    def _check(self, before: Document | None, name: str, expected: int | None) -> None:
        one = f"{self.kind.one} {name!r}"
        if expected == NEW:
            if before is not None:
                at = before["revision"]
                raise ConflictError(
                    f"{one} exists already, at revision {at}", ErrorCode.DOCUMENT_EXISTS, name=name, revision=at
                )
        elif expected is not None:
            if before is None:
                raise StaleError(
                    f"{one} is not there; it was expected at revision {expected}",
                    ErrorCode.DOCUMENT_GONE,
                    name=name,
                    expected=expected,
                )
            if before["revision"] != expected:
                raise StaleError(
                    f"{one} is at revision {before['revision']}, not {expected}: read it again, then decide again",
                    ErrorCode.DOCUMENT_STALE,
                    name=name,
                    revision=before["revision"],
                    expected=expected,
                )
        elif self.kind.revision_needed and before is not None:
            raise RevisionNeededError(
                f"{one} is changed by compare-and-set: name the revision that you have read",
                ErrorCode.REVISION_NEEDED,
                name=name,
            )

    async def _there(self, tenant: str, name: str, leave_out: Document) -> Document:
        found = await self._find(tenant, name, leave_out)
        if found is None:
            raise AbsentError(f"there is no {self.kind.one} {name!r}", ErrorCode.DOCUMENT_ABSENT, name=name)
        return found

    async def _find(self, tenant: str, name: str, leave_out: Document) -> Document | None:
        one = {"_id": document_id(tenant, name), "tenant_id": tenant}
        async with patience(self._seconds):
            return await self._collection.find_one(one, leave_out or None)

    def _kept(self, document: Document) -> K:
        return self.kind.kept.model_validate(
            {name: document[name] for name in self.kind.kept.model_fields if name in document}
        )

    def _now(self) -> datetime:
        """To the millisecond, as MongoDB keeps it."""
        now = datetime.fromtimestamp(self._clock.now(), UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)
