"""What a consumer of the traffic must find: counted while generating, exact."""

from pathlib import Path

import msgspec

from clickstream.errors import ConfigurationError
from clickstream.generator.catalogue import RECOMMENDATION_ACTIONS

TOP = 50
HALF_LIFE_MS = 3_600_000
HOT_WEIGHTS = dict(zip(RECOMMENDATION_ACTIONS, (0.1, 1.0, 2.0, 3.0, 4.0, 5.0, 10.0), strict=True))


class ItemClicks(msgspec.Struct, frozen=True):
    """Clicks on an item."""

    item_id: str
    clicks: int


class ItemScore(msgspec.Struct, frozen=True):
    """Hot score of an item: log2 of the sum over its events of weight(action) * 2 ** (timestamp / half-life).

    Exact up to float64, about 1e-9.
    """

    item_id: str
    score: float


class TopicSpan(msgspec.Struct, frozen=True):
    """Offsets first..end-1 of a partition of the Kafka topic, between which the records stand.

    What others sent to the topic at the same time stands between them.
    """

    partition: int
    first: int
    end: int


class PlaceAnswers(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario of one tenant.

    Attributes:
        actions: events by action_type; an action that did not happen is not there.
        unique_users: distinct user_id of any event.
        unique_items: distinct item_id that is not empty.
        top_clicked: up to TOP items by clicks, most first; equal ones by item_id.
        hot_items: up to TOP items by score, highest first.
        funnel: distinct users who did impression, click, view, add_cart and order, each of these no earlier in event
            time than the one before (the first that qualifies counts); length 5.
        hours: actions by UTC hour of the timestamp, "YYYY-MM-DDTHH".
        days: the same by UTC day, "YYYY-MM-DD".
    """

    tenant_id: str
    scenario_id: str
    actions: dict[str, int]
    unique_users: int
    unique_items: int
    top_clicked: list[ItemClicks]
    hot_items: list[ItemScore]
    funnel: list[int]
    hours: dict[str, dict[str, int]]
    days: dict[str, dict[str, int]]


class ExperimentAnswers(msgspec.Struct, frozen=True, kw_only=True):
    """One group of one experiment: what was counted, and the truth that an analysis should come close to.

    Attributes:
        click_effect: the factor on the probability of a click that is set in the model.
        order_effect: the same for the order of a filled cart.
        users: distinct user_id of any event of the group.
        actions: events by action_type.
    """

    tenant_id: str
    scenario_id: str
    experiment_id: str
    experiment_group: str
    click_effect: float
    order_effect: float
    users: int
    actions: dict[str, int]

    @property
    def impressions(self) -> int:
        """Impressions of the group."""
        return self.actions.get("impression", 0)

    @property
    def clicks(self) -> int:
        """Clicks of the group."""
        return self.actions.get("click", 0)

    @property
    def orders(self) -> int:
        """Orders of the group."""
        return self.actions.get("order", 0)


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """Exact answers to what was sent. Duplicates count once, malformed records not at all.

    Attributes:
        options: the parameters of the model.
        sent: records in all = valid + duplicates + the sum of malformed.
        valid: distinct valid events.
        duplicates: records that repeat an event_id, byte for byte.
        malformed: records by kind of fault, see `malformed.KINDS`; all kinds are there.
        rejected: the same by the reason for which a consumer must reject them; reasons without any are not there.
        late: valid events whose Kafka timestamp is a minute or more after their own.
        first_event_ms: least timestamp of a valid event; 0 when there is none.
        last_event_ms: greatest timestamp of a valid event.
        event_names: valid events by name; where an event names none, it is its action_type.
        hot_weights: weight of an event by action_type in hot scores.
        half_life_ms: half-life of hot scores.
        places: one for each tenant and scenario that has events.
        experiments: one for each tenant and group of an experiment that has events.
        spans: where the records stand in Kafka; empty where they went to a file.
    """

    options: dict[str, float | int | str]
    sent: int
    valid: int
    duplicates: int
    malformed: dict[str, int]
    rejected: dict[str, int]
    late: int
    first_event_ms: int
    last_event_ms: int
    event_names: dict[str, int]
    hot_weights: dict[str, float]
    half_life_ms: int
    places: list[PlaceAnswers]
    experiments: list[ExperimentAnswers]
    spans: list[TopicSpan] = []

    def place(self, tenant_id: str, scenario_id: str) -> PlaceAnswers:
        """The answers for one tenant's scenario.

        Raises:
            KeyError: nothing valid was sent for it.
        """
        for place in self.places:
            if (place.tenant_id, place.scenario_id) == (tenant_id, scenario_id):
                return place
        raise KeyError((tenant_id, scenario_id))

    def save(self, path: Path) -> None:
        """Write as JSON."""
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n")

    @staticmethod
    def load(path: Path) -> "Answers":
        """Read what `save` wrote.

        Raises:
            ConfigurationError: the file is not there or holds something else.
        """
        try:
            return msgspec.json.decode(path.read_bytes(), type=Answers)
        except (OSError, msgspec.DecodeError) as error:
            raise ConfigurationError(
                f"cannot read answers from {path}: {error}; write them with `clickstream generate --answers {path}`"
            ) from error
