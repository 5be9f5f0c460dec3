"""Whether connections to MySQL are encrypted, and whose certificate is believed."""

import ssl
from pathlib import Path

from clickstream.config.dimensions import Tls


def tls_context(tls: Tls, authorities: Path | None) -> ssl.SSLContext | None:
    """What a connection is made with; None: without TLS.

    Args:
        tls: see Tls.
        authorities: the certificates that `verified` trusts; None: those of the system.
    """
    if tls is Tls.OFF:
        return None
    context = ssl.create_default_context(cafile=authorities)
    if tls is Tls.REQUIRED:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
