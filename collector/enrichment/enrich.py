"""Events with what the request says of their visitor."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from clickstream.clock import Clock
from clickstream.config import CollectorSettings
from clickstream.events.model import Context
from clickstream.events.rejection import Rejection
from clickstream.events.sent import Refused, Taken
from clickstream.names import RejectReason
from collector.configuration.tenants import WithoutConsent
from collector.enrichment.address import IP, Proxies, Salt, kept, parsed
from collector.enrichment.consent import anonymize, consents
from collector.enrichment.geo import Places
from collector.enrichment.user_agent import LONGEST, UserAgents
from collector.keys import Caller
from collector.metrics import Metrics

_LABEL = 256


@dataclass(frozen=True, slots=True)
class Visit:
    """What a request says of its visitor: headers as they came, and the consent flag."""

    peer: str = ""
    forwarded: str = ""
    user_agent: str = ""
    language: str = ""
    dnt: str = ""
    gpc: str = ""
    consent: str = ""


class Enrichment:
    """Fills in `context`, and takes out what may not be kept.

    Args:
        settings: proxies, database, salt.
        metrics: counted in.
        clock: for what changes with time.

    Raises:
        ConfigurationError: the database cannot be read.
    """

    def __init__(self, settings: CollectorSettings, metrics: Metrics, clock: Clock) -> None:
        self._proxies = Proxies(settings.trusted_proxies)
        self._salt = Salt(settings.ip_secret, settings.salt_seconds, clock)
        self._agents = UserAgents(settings.user_agents)
        self._places = Places(settings.geo_database, clock)
        self._metrics = metrics

    def apply(self, taken: Taken, visit: Visit, caller: Caller) -> Sequence[Refused]:
        """Enrich the events of one request in place; all that are refused by now."""
        privacy = caller.tenant.privacy
        allowed = consents(privacy, visit.consent, visit.dnt, visit.gpc)
        # What was refused names its visitor, too: without consent nothing is kept of it but why.
        refused = taken.refused if allowed else [replace(each, raw=b"") for each in taken.refused]
        if not taken.events:
            return refused
        if not allowed and privacy.without_consent is WithoutConsent.DROP:
            refusal = Rejection(RejectReason.NO_CONSENT)
            refused = [*refused, *(Refused(place, refusal, b"") for place in taken.places)]
            taken.events.clear()
            taken.places.clear()
            return sorted(refused, key=lambda each: each.index)
        client = None if caller.key.server else self._proxies.client(visit.peer, visit.forwarded)
        agent = "" if caller.key.server else visit.user_agent
        shared = self._context(client, agent, visit.language, caller) if client or agent else Context()
        bots = 0
        for event in taken.events:
            event.context = shared if event.context is None else self._joined(event.context, shared, caller)
            bots += bool(event.context.is_bot)
            if not allowed:
                anonymize(event)
        if bots:
            self._metrics.bots.labels(caller.tenant_id).inc(bots)
        if not allowed:
            self._metrics.anonymized.labels(caller.tenant_id).inc(len(taken.events))
        return refused

    def _context(self, client: IP | None, agent: str, language: str, caller: Caller) -> Context:
        browser = self._agents.browser(agent)
        return Context(
            device_type=browser.device_type,
            device_brand=browser.device_brand,
            os=browser.os,
            os_version=browser.os_version,
            browser=browser.browser,
            browser_version=browser.browser_version,
            language=language.partition(",")[0].partition(";")[0].strip()[:_LABEL] or None,
            location=self._places.location(client) if client else None,
            ip=kept(client, caller.tenant.privacy.ip, self._salt) if client else None,
            user_agent=agent[:LONGEST] or None,
            is_bot=browser.is_bot,
        )

    def _joined(self, sent: Context, shared: Context, caller: Caller) -> Context:
        """What the event says of itself, and for the rest what the request does."""
        own = shared
        client = parsed(sent.ip) if sent.ip and caller.key.server else None
        if sent.user_agent or client:
            own = self._context(client, sent.user_agent or "", sent.language or "", caller)
        believed = caller.key.server
        return Context(
            device_type=sent.device_type or own.device_type,
            device_brand=sent.device_brand or own.device_brand,
            os=sent.os or own.os,
            os_version=sent.os_version or own.os_version,
            browser=sent.browser or own.browser,
            browser_version=sent.browser_version or own.browser_version,
            language=sent.language or own.language or shared.language,
            # A browser could name any place or address; a tenant's server knows its visitors.
            location=(sent.location if believed else None) or own.location or shared.location,
            ip=own.ip or shared.ip,
            user_agent=sent.user_agent or shared.user_agent,
            is_bot=sent.is_bot if believed and sent.is_bot is not None else own.is_bot,
        )
