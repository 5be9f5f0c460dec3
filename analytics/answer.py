"""What all answers have in common."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from analytics.period import Period


class Answer(BaseModel):
    """Base of every response model."""

    model_config = ConfigDict(frozen=True)


class Span(Answer):
    """The period of an answer: `end_time` is excluded, `time_zone` is whose days and hours are meant."""

    start_time: datetime
    end_time: datetime
    time_zone: str

    @staticmethod
    def of(period: Period) -> "Span":
        """A period as it is answered, in its own time zone."""
        return Span(
            start_time=period.start.astimezone(period.zone),
            end_time=period.end.astimezone(period.zone),
            time_zone=period.zone.key,
        )
