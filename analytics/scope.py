"""What a question may see: one tenant's rows, of one place or all, in a period."""

from dataclasses import dataclass

from analytics.period import Period


@dataclass(frozen=True, slots=True)
class Scope:
    """The bounds of a question. Nothing outside them can be read: `Question.render` binds all three.

    Attributes:
        tenant: whose rows.
        scenario: of which place; None: of all.
        period: of which time.
    """

    tenant: str
    scenario: str | None
    period: Period

    @property
    def before(self) -> "Scope":
        """The same rows of the period before."""
        return Scope(self.tenant, self.scenario, self.period.before)
