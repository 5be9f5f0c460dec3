"""What all parts of the YAML file have in common."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo

BASE = "base"  # key of the validation context: the folder of the YAML file


class Strict(BaseModel):
    """Refuses unknown keys; does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _placed(path: Path, info: ValidationInfo) -> Path:
    return Path((info.context or {}).get(BASE, ".")) / path


# Relative to the folder of the YAML file.
LocalPath = Annotated[Path, AfterValidator(_placed)]
