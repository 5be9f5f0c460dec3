"""Pre-aggregation of hot scores, as the second step asks for it."""

from clickstream.columns import Columns, Lane
from clickstream.config import HotSettings
from clickstream.replay_filter import Reached
from clickstream.scoring.parts import encode_parts, parts_of
from clickstream.scoring.rule import RuleBook


class PreAggregateScores:
    """What a micro-batch adds to scores, by bucket."""

    def __init__(self, settings: HotSettings) -> None:
        self._rules = RuleBook(settings)

    def parts(self, columns: Columns, _lanes: dict[Lane, Reached]) -> list[tuple[int, bytes]]:
        """See udfs.survivors.PreAggregate."""
        return [(bucket, encode_parts(parts)) for bucket, parts in parts_of(columns, self._rules).items()]
