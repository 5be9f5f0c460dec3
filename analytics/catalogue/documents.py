"""What scenarios, items and user profiles hold, and what all documents of the catalogue have in common."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from analytics.catalogue.open_fields import OpenObject
from clickstream.error_codes import ErrorCode


def _printable(text: str) -> str:
    if any(character < " " or character == "\x7f" for character in text):
        raise PydanticCustomError(ErrorCode.CONTROL_CHARACTER, "it has a control character")
    return text


MOST_ID = 128

Id = Annotated[str, Field(min_length=1, max_length=MOST_ID), AfterValidator(_printable)]
Title = Annotated[str, Field(max_length=500), AfterValidator(_printable)]
Text = Annotated[str, Field(max_length=10_000)]
Address = Annotated[str, Field(max_length=2_000), AfterValidator(_printable)]
Labels = Annotated[list[Annotated[Title, Field(min_length=1)]], Field(max_length=100)]

OURS = frozenset({"revision", "created_at", "updated_at"})


class Part(BaseModel):
    """A part of a document. Unknown fields are refused: they would be typing errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Content(Part):
    """What a customer says about one document. The tenant is not part of it: the token says that."""

    @model_validator(mode="before")
    @classmethod
    def _without_ours(cls, sent: Any) -> Any:
        """So that what was read can be sent back as it is."""
        if not isinstance(sent, dict):
            return sent
        ours = cls.set_here()
        return {name: value for name, value in sent.items() if name not in ours}

    @classmethod
    def set_here(cls) -> frozenset[str]:
        """Fields that the catalogue sets: they are answered, and ignored when they are sent."""
        return OURS


class Kept(BaseModel):
    """What the catalogue adds to a document.

    Attributes:
        revision: 1 when it is made, one more with each change; the ETag.
        created_at: when it was made, to the millisecond.
        updated_at: when it was changed last.
    """

    revision: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def set_here(cls) -> frozenset[str]:
        """Nothing is ignored of what the catalogue answers."""
        return frozenset()


class ScenarioStatus(StrEnum):
    """Whether recommendations are shown in a place."""

    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"


class Scenario(Content):
    """A place where recommendations appear. `settings` are for whoever fills it."""

    scenario_id: Id
    name: Title = ""
    description: Text = ""
    status: ScenarioStatus = ScenarioStatus.ACTIVE
    settings: OpenObject = Field(default_factory=dict)


class KeptScenario(Kept, Scenario):
    """A scenario as it is answered."""


class ItemStatus(StrEnum):
    """Whether an item may be recommended."""

    ACTIVE = "active"
    HIDDEN = "hidden"


class Item(Content):
    """Something that can be recommended. Title, tags, category, id and description can be searched."""

    item_id: Id
    title: Title = ""
    description: Text = ""
    category: Title = ""
    tags: Labels = Field(default_factory=list)
    price: float | None = Field(None, ge=0)
    currency: Annotated[str, Field(pattern="^([A-Z]{3})?$")] = ""
    url: Address = ""
    image_url: Address = ""
    status: ItemStatus = ItemStatus.ACTIVE
    attributes: OpenObject = Field(default_factory=dict)


class KeptItem(Kept, Item):
    """An item as it is answered."""


class UserProfile(Content):
    """What is known of a user besides behaviour: segments that they belong to, and attributes."""

    user_id: Id
    segments: Labels = Field(default_factory=list)
    attributes: OpenObject = Field(default_factory=dict)


class KeptUserProfile(Kept, UserProfile):
    """A user's profile as it is answered."""
