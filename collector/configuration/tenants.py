"""Tenants in the YAML file: their keys, origins, limits, and what they may know of their visitors."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AwareDatetime, Field, field_validator, model_validator

from collector.configuration.strict import Strict


class Address(StrEnum):
    """What is kept of a visitor's IP address."""

    NONE = "none"
    TRUNCATED = "truncated"  # IPv4 to /24, IPv6 to /48
    HASHED = "hashed"  # with a salt that changes
    FULL = "full"


class WithoutConsent(StrEnum):
    """What becomes of events of visitors who do not consent."""

    ANONYMIZE = "anonymize"  # counted, without user, session, order, address and raw user agent
    DROP = "drop"  # refused, and kept nowhere


class WriteKey(Strict):
    """A write key.

    Attributes:
        sha256: of the key, in hex; `clickstream write-key` makes both.
        name: for logs and people.
        expires: from then on it is refused.
        server: it is held by a server of the tenant's: the address and user agent in an event's context are believed,
            and those of the request say nothing about the visitor. A key that stands in web pages must not be one.
    """

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    name: str = ""
    expires: AwareDatetime | None = None
    server: bool = False

    def valid_at(self, now: datetime) -> bool:
        """Whether it has not expired."""
        return self.expires is None or now < self.expires


class Rate(Strict):
    """How much each key of a tenant may send.

    Attributes:
        events_per_second: in the long run, over all workers of a collector.
        burst: events that may come at once; none: ten seconds' worth.
    """

    events_per_second: Annotated[float, Field(gt=0)] = 2_000.0
    burst: Annotated[int, Field(ge=1)] | None = None


class Privacy(Strict):
    """What may be known of visitors.

    Attributes:
        ip: what is kept of their address.
        honour_dnt: DNT: 1 is a refusal of consent.
        honour_gpc: so is Sec-GPC: 1.
        consent_required: nothing said is a refusal too: consent=1 must be sent.
        without_consent: what becomes of their events.
    """

    ip: Address = Address.TRUNCATED
    honour_dnt: bool = True
    honour_gpc: bool = True
    consent_required: bool = False
    without_consent: WithoutConsent = WithoutConsent.ANONYMIZE


class Tenant(Strict):
    """One tenant.

    Attributes:
        keys: any of them may be used: two while one replaces the other.
        scenario: scenario_id of events that name none.
        origins: of web pages that may send with these keys; "*": any.
        rate: limit of each key.
        privacy: of its visitors.
    """

    keys: Annotated[tuple[WriteKey, ...], Field(min_length=1, max_length=16)]
    scenario: Annotated[str, Field(max_length=128)] = ""
    origins: tuple[str, ...] = ("*",)
    rate: Rate = Field(default_factory=Rate)
    privacy: Privacy = Field(default_factory=Privacy)

    @field_validator("origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            parts = urlsplit(origin)
            if origin != "*" and (not parts.netloc or origin != f"{parts.scheme}://{parts.netloc}"):
                raise ValueError(f"{origin!r} is no origin: write it as https://shop.example, without a path")
        return value

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({key.sha256 for key in self.keys}) < len(self.keys):
            raise ValueError("the same key is there twice")
        return self
