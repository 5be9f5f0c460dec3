"""The visitor's IP address: found behind trusted proxies, kept as the tenant's policy says."""

import hashlib
import hmac
import secrets
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from clickstream.clock import Clock
from collector.configuration.tenants import Address

IP = IPv4Address | IPv6Address

_PREFIXES = {4: 24, 6: 48}
_HASH_CHARACTERS = 32
_MOST_HOPS = 32


def parsed(text: str) -> IP | None:
    """An address, without a port or brackets; IPv4 in IPv6 as IPv4. None where it is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


class Proxies:
    """The networks whose word on X-Forwarded-For is believed.

    Args:
        networks: in CIDR form, separated by commas.
    """

    def __init__(self, networks: str) -> None:
        self._networks = [ip_network(each.strip()) for each in networks.split(",") if each.strip()]

    def client(self, peer: str, forwarded: str) -> IP | None:
        """The nearest address that no trusted proxy has: what stands before it was written by the client itself."""
        found = parsed(peer)
        hops = forwarded.split(",")[-_MOST_HOPS:] if forwarded else []
        while hops and found is not None and self._trusts(found):
            before = parsed(hops.pop())
            if before is None:
                return found
            found = before
        return found

    def _trusts(self, address: IP) -> bool:
        return any(address in network for network in self._networks)


class Salt:
    """A salt that changes every `seconds`, by the wall clock.

    With a secret all workers and collectors have the same one. Without, it is chance, and gone with the process.
    """

    def __init__(self, secret: str, seconds: int, clock: Clock) -> None:
        self._secret = secret.encode() if secret else b""
        self._seconds, self._clock = seconds, clock
        self._period = -1
        self._value = b""

    def value(self) -> bytes:
        """The present one."""
        period = int(self._clock.now() // self._seconds)
        if period != self._period:
            self._period = period
            if self._secret:
                self._value = hmac.digest(self._secret, str(period).encode(), "sha256")
            else:
                self._value = secrets.token_bytes(32)
        return self._value


def kept(address: IP, policy: Address, salt: Salt) -> str | None:
    """What is written of an address."""
    match policy:
        case Address.NONE:
            return None
        case Address.TRUNCATED:
            bits = address.max_prefixlen - _PREFIXES[address.version]
            return str(type(address)(int(address) >> bits << bits))
        case Address.HASHED:
            return hmac.new(salt.value(), address.packed, hashlib.sha256).hexdigest()[:_HASH_CHARACTERS]
        case Address.FULL:
            return str(address)
