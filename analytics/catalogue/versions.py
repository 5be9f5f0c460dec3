"""Reading and activating the versions of a model."""

from typing import Any

from analytics.catalogue.errors import AbsentError
from analytics.catalogue.models import KeptModel, Model, ModelVersion, activated
from analytics.catalogue.store import Store
from clickstream.error_codes import ErrorCode

Models = Store[Model, KeptModel]


async def all_of(models: Models, tenant: str, name: str) -> list[ModelVersion]:
    """All versions of a model, the newest first.

    Raises:
        AbsentError: there is no such model.
    """
    stored = await models.document(tenant, name)
    return [ModelVersion.model_validate(each) for each in reversed(stored["versions"])]


async def one_of(models: Models, tenant: str, name: str, version: int) -> ModelVersion:
    """One version of a model.

    Raises:
        AbsentError: there is no such model or version.
    """
    for each in await all_of(models, tenant, name):
        if each.version == version:
            return each
    raise AbsentError(f"model {name!r} has no version {version}", ErrorCode.VERSION_ABSENT, name=name, version=version)


async def activate(models: Models, tenant: str, name: str, version: int, expected: int | None) -> KeptModel:
    """Make a version the active one.

    Raises:
        AbsentError: there is no such model or version.
        StaleError: the model is at another revision than `expected`.
    """

    def fold(before: dict[str, Any] | None) -> dict[str, Any]:
        if before is None:
            raise AbsentError(f"there is no model {name!r}", ErrorCode.DOCUMENT_ABSENT, name=name)
        return activated(before, version)

    return await models.change(tenant, name, expected, fold)
