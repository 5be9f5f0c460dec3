"""Write keys: whoever shows one may write events for its tenant. Only their hashes are kept.

A key is 192 random bits, so one round of SHA-256 is as good as a slow hash would be for a password.
"""

import hashlib
import secrets

PREFIX = "cs_"
_RANDOM_BYTES = 24


def new_write_key() -> str:
    """A fresh key. It is not kept anywhere: show it once, keep its hash."""
    return PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def hash_of(key: str) -> str:
    """SHA-256 of the key in hex, as configuration files hold it."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
