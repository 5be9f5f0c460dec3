"""Models: each change is a new version; one version is the active one, and any earlier one can be made it again.

A model and all its versions are one document, so that a change is one atomic step on every MongoDB, replicated or not.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from analytics.catalogue.documents import OURS, Address, Content, Id, Kept, Text, Title
from analytics.catalogue.errors import AbsentError, ConflictError
from analytics.catalogue.open_fields import OpenObject
from clickstream.error_codes import ErrorCode

# A document may have 16 MB; a version, about 60 KB at the most.
MOST_VERSIONS = 200


class Model(Content):
    """A recommendation model: what it is, where its weights lie, how it is set; `metrics` are its evaluation's."""

    model_id: Annotated[Id, Field(pattern="^[^/]*$")]
    name: Title = ""
    description: Text = ""
    algorithm: Title = ""
    artifact: Address = ""
    parameters: OpenObject = Field(default_factory=dict)
    metrics: Annotated[dict[Annotated[Title, Field(pattern=r"^[^$.][^.]*$")], float], Field(max_length=100)] = Field(
        default_factory=dict
    )

    @classmethod
    def set_here(cls) -> frozenset[str]:
        """The versions besides."""
        return OURS | {"version", "latest_version"}


class KeptModel(Kept, Model):
    """The active version of a model as it is answered.

    Attributes:
        version: the active version, from 1.
        latest_version: the newest one.
    """

    version: int
    latest_version: int


class ModelVersion(BaseModel):
    """One version of a model; it never changes."""

    version: int
    created_at: datetime
    content: Model


def folded(before: Mapping[str, Any] | None, content: Model, now: datetime) -> dict[str, Any]:
    """The document's own fields after a change: a further version, active only where it is the first.

    Raises:
        ConflictError: there are MOST_VERSIONS already.
    """
    dumped = content.model_dump()
    versions = list(before["versions"]) if before else []
    if len(versions) >= MOST_VERSIONS:
        said = f"the model has {MOST_VERSIONS} versions: begin another model"
        raise ConflictError(said, ErrorCode.VERSIONS_FULL, most=MOST_VERSIONS)
    versions.append({"version": len(versions) + 1, "created_at": now, "content": dumped})
    active = before["version"] if before else 1
    return {
        **versions[active - 1]["content"],
        "version": active,
        "latest_version": len(versions),
        "versions": versions,
    }


def activated(before: Mapping[str, Any], version: int) -> dict[str, Any]:
    """The document's own fields with another version active.

    Raises:
        AbsentError: there is no such version.
    """
    versions = before["versions"]
    if not 1 <= version <= len(versions):
        name = before["model_id"]
        said = f"model {name!r} has no version {version}: the latest is {len(versions)}"
        raise AbsentError(said, ErrorCode.VERSION_ABSENT, name=name, version=version)
    return {
        **versions[version - 1]["content"],
        "version": version,
        "latest_version": len(versions),
        "versions": versions,
    }
