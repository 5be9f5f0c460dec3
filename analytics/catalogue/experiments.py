"""Experiments: what they hold, and which changes keep their results meaningful."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError

from analytics.catalogue.documents import Content, Id, Kept, Part, Text, Title
from analytics.catalogue.errors import ConflictError
from analytics.catalogue.open_fields import OpenObject
from clickstream.error_codes import ErrorCode

_SHARES_MAY_MISS = 1e-6


def _as_stored(moment: datetime) -> datetime:
    """In UTC and to the millisecond, as MongoDB gives it back."""
    return moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)


Moment = Annotated[AwareDatetime, AfterValidator(_as_stored)]


class ExperimentStatus(StrEnum):
    """Where an experiment stands."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


NEXT = {
    ExperimentStatus.DRAFT: {ExperimentStatus.DRAFT, ExperimentStatus.RUNNING},
    ExperimentStatus.RUNNING: {ExperimentStatus.RUNNING, ExperimentStatus.PAUSED, ExperimentStatus.ENDED},
    ExperimentStatus.PAUSED: {ExperimentStatus.PAUSED, ExperimentStatus.RUNNING, ExperimentStatus.ENDED},
    ExperimentStatus.ENDED: {ExperimentStatus.ENDED},
}
# Results are read by group: once users were assigned, another split or another treatment is another experiment.
FROZEN = ("scenario_id", "groups", "control")


class Group(Part):
    """One group: its share of the users who take part, and what is different for them."""

    name: Id
    share: float = Field(gt=0, le=1)
    settings: OpenObject = Field(default_factory=dict)


class Experiment(Content):
    """An experiment on one scenario, or on all where `scenario_id` is empty.

    Attributes:
        traffic: share of all users who take part, 0 to 1.
        groups: their shares add up to 1.
        control: the group that the others are compared with; default: the first.
    """

    experiment_id: Id
    scenario_id: Annotated[str, Field(max_length=128)] = ""
    name: Title = ""
    description: Text = ""
    status: ExperimentStatus = ExperimentStatus.DRAFT
    traffic: float = Field(1.0, ge=0, le=1)
    groups: list[Group] = Field(min_length=2, max_length=50)
    control: str = ""
    starts_at: Moment | None = None
    ends_at: Moment | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        names = [group.name for group in self.groups]
        if len(set(names)) < len(names):
            raise PydanticCustomError(ErrorCode.GROUPS_TWICE, "groups: two have the same name")
        total = sum(group.share for group in self.groups)
        if abs(total - 1) > _SHARES_MAY_MISS:
            said = {"total": f"{total:g}"}
            raise PydanticCustomError(ErrorCode.GROUPS_SHARES, "groups: their shares add up to {total}, not to 1", said)
        if not self.control:
            object.__setattr__(self, "control", names[0])
        elif self.control not in names:
            said = {"control": self.control}
            raise PydanticCustomError(ErrorCode.CONTROL_ABSENT, "control: there is no group '{control}'", said)
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise PydanticCustomError(ErrorCode.ENDS_BEFORE_START, "ends_at: it is not after starts_at")
        return self


class KeptExperiment(Kept, Experiment):
    """An experiment as it is answered."""


def check_change(before: Mapping[str, Any] | None, after: Experiment) -> None:
    """Refuse a change after which the results would mean nothing.

    Args:
        before: as it is stored; None: it is new.
        after: what it shall become.

    Raises:
        ConflictError: its status does not allow it.
    """
    if before is None:
        if after.status not in NEXT[ExperimentStatus.DRAFT]:
            said = f"a new experiment is draft or running, not {after.status}"
            raise ConflictError(said, ErrorCode.EXPERIMENT_NEW, status=after.status)
        return
    status = ExperimentStatus(before["status"])
    if after.status not in NEXT[status]:
        said = f"an experiment that is {status} cannot become {after.status}"
        raise ConflictError(said, ErrorCode.EXPERIMENT_STATUS, before=status, after=after.status)
    dumped = after.model_dump()
    if status is ExperimentStatus.ENDED and any(dumped[name] != before.get(name) for name in dumped):
        said = "an experiment that has ended is not changed any more: make another one"
        raise ConflictError(said, ErrorCode.EXPERIMENT_ENDED)
    if status is not ExperimentStatus.DRAFT:
        changed = [name for name in FROZEN if dumped[name] != before.get(name)]
        if changed:
            fields = ", ".join(changed)
            said = f"{fields} cannot change once the experiment has run: end it and make another one"
            raise ConflictError(said, ErrorCode.EXPERIMENT_FROZEN, fields=fields)


def check_removal(before: Mapping[str, Any]) -> None:
    """Refuse to remove an experiment that users take part in.

    Raises:
        ConflictError: it is running or paused.
    """
    if before["status"] in (ExperimentStatus.RUNNING, ExperimentStatus.PAUSED):
        status = before["status"]
        raise ConflictError(f"the experiment is {status}: end it first", ErrorCode.EXPERIMENT_RUNS, status=status)
