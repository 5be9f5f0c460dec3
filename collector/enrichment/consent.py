"""Whether a visitor may be recorded, and what is left of an event when not."""

import msgspec

from clickstream.events.model import Context, Event
from collector.configuration.tenants import Privacy
from collector.records import ANONYMOUS

_GIVEN = frozenset({"1", "true", "yes", "granted"})
_REFUSED = frozenset({"0", "false", "no", "denied"})
# What the tracker adds to the events of a visitor who has a name.
_ANONYMOUS_ID = "anonymous_id"
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


def consents(privacy: Privacy, said: str, dnt: str, gpc: str) -> bool:
    """Whether identifiers may be stored.

    Args:
        privacy: the tenant's rules.
        said: the consent flag of the request; empty: none.
        dnt: header DNT.
        gpc: header Sec-GPC.
    """
    word = said.strip().lower()
    if word in _REFUSED:
        return False
    if word in _GIVEN:
        return True  # asked and answered on this site: that is more specific than the browser's general wish
    if (privacy.honour_dnt and dnt.strip() == "1") or (privacy.honour_gpc and gpc.strip() == "1"):
        return False
    return not privacy.consent_required


def anonymize(event: Event) -> None:
    """Take everything out that tells this visitor from another, or joins two visits: what remains can be counted."""
    event.user_id = ANONYMOUS
    event.session_id = None
    event.order_id = None
    if event.extra_data is not msgspec.UNSET:
        event.extra_data = _without_id(event.extra_data)
    if (context := event.context) is not None:
        event.context = Context(
            device_type=context.device_type,
            device_brand=context.device_brand,
            os=context.os,
            browser=context.browser,
            location=context.location,
            is_bot=context.is_bot,
        )


def _without_id(extra: msgspec.Raw) -> msgspec.Raw | msgspec.UnsetType:
    members = _members.decode(extra)
    if members.pop(_ANONYMOUS_ID, None) is None:
        return extra
    return msgspec.Raw(msgspec.json.encode(members)) if members else msgspec.UNSET
