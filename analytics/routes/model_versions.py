"""/api/v1/catalogue/models/{id}/versions, /activate: the versions of a model."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from analytics.access import Admin, Reader
from analytics.catalogue import versions
from analytics.catalogue.models import KeptModel, ModelVersion
from analytics.routes.catalogue import WRITES, Stored
from analytics.routes.preconditions import Expected, etag

router = APIRouter(prefix="/api/v1/catalogue/models/{name}", tags=["catalogue"])


@router.get("/versions")
async def list_model_versions(stored: Stored, reader: Reader, name: str) -> list[ModelVersion]:
    """All versions of a model, the newest first."""
    return await versions.all_of(stored.models, reader.tenant_id, name)


@router.get("/versions/{version}")
async def get_model_version(stored: Stored, reader: Reader, name: str, version: int) -> ModelVersion:
    """One version of a model."""
    return await versions.one_of(stored.models, reader.tenant_id, name, version)


@router.post("/activate", responses=WRITES)
async def activate_model_version(  # noqa: PLR0913, PLR0917 - what FastAPI injects
    stored: Stored,
    admin: Admin,
    response: Response,
    name: str,
    version: Annotated[int, Body(embed=True, ge=1)],
    expected: Expected,
) -> KeptModel:
    """Make a version the active one; an earlier one: a way back."""
    kept = await versions.activate(stored.models, admin.tenant_id, name, version, expected)
    response.headers["ETag"] = etag(kept.revision)
    return kept
