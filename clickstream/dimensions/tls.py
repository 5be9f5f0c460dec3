"""Whether connections to MySQL are encrypted, and whose certificate is believed."""

import ssl
from pathlib import Path

from clickstream.config.dimensions import Tls
from clickstream.errors import ConfigurationError


def tls_context(tls: Tls, authorities: Path | None) -> ssl.SSLContext | None:
    """What a connection is made with; None: without TLS.

    Args:
        tls: see Tls.
        authorities: the certificates that `verified` trusts; None: those of the system.

    Raises:
        ConfigurationError: they cannot be read.
    """
    if tls is Tls.OFF:
        return None
    try:
        context = ssl.create_default_context(cafile=authorities)
    except OSError as error:
        raise ConfigurationError(
            f"CLICKSTREAM_DIMENSIONS_TLS_CA: {authorities} holds no certificates that can be read: {error}"
        ) from error
    if tls is Tls.REQUIRED:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
