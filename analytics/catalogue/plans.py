"""How an experiment's users are meant to be split: what its results are checked against."""

import logging

from analytics.catalogue.catalogue import Catalogue
from analytics.catalogue.errors import AbsentError
from clickstream.errors import ClickstreamError

_LOG = logging.getLogger(__name__)


class CataloguePlans:
    """The shares of the catalogue's experiments.

    Args:
        catalogue: where they stand.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    async def shares(self, tenant: str, experiment: str) -> dict[str, float] | None:
        """The share of each group; None where there is no such experiment, or MongoDB does not answer (logged)."""
        try:
            found = await self._catalogue.experiments.get(tenant, experiment)
        except AbsentError:
            return None
        except ClickstreamError as error:
            _LOG.warning("experiments are checked against an even split: %s", error)
            return None
        return {group.name: group.share for group in found.groups}
