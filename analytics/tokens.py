"""Who may ask for what: bearer tokens in a YAML file that holds only their hashes.

    tenants:                     # optional: the calendar and the title of a tenant
      aurora: {title: Aurora Möbel, time_zone: Europe/Berlin}
    tokens:
      - name: shop team
        sha256: 9f86d081...
        tenants: [aurora]
        roles: [read]
        expires: 2027-01-01T00:00:00Z    # optional

Tokens are 256 random bits, so a plain hash of one cannot be turned back.
"""

import hashlib
import logging
import os
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from clickstream.errors import ConfigurationError

_LOG = logging.getLogger(__name__)


class Role(StrEnum):
    """What a token allows; none includes another."""

    READ = "read"  # ask questions, read the configuration
    ADMIN = "admin"  # change the configuration
    ERASE = "erase"  # erase a user's data


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tenant(_Strict):
    """How a tenant is shown."""

    title: str = ""
    time_zone: str = "UTC"

    @field_validator("time_zone")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"{name!r} is no time zone; write one such as Europe/Berlin or Asia/Shanghai")
        return name

    @property
    def zone(self) -> ZoneInfo:
        """The calendar in which its days are counted."""
        return ZoneInfo(self.time_zone)


class Grant(_Strict):
    """What one token allows.

    Attributes:
        name: whose it is; shown in receipts, and on the dashboard to whoever uses it.
        sha256: of the token's text, 64 hexadecimal digits.
        tenants: whose data; no other can be named.
        roles: what may be done with them.
        expires: until when; None: for ever.
    """

    name: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    tenants: tuple[str, ...] = Field(min_length=1)
    roles: frozenset[Role] = Field(min_length=1)
    expires: datetime | None = None


class TokenFile(_Strict):
    """What the file holds."""

    tenants: dict[str, Tenant] = Field(default_factory=dict)
    tokens: tuple[Grant, ...] = ()


class Tokens:
    """The tokens of a file, read again when it has changed.

    Args:
        path: of the file.

    Raises:
        ConfigurationError: it cannot be read, or holds something else.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._content = TokenFile()
        self._by_hash: dict[str, Grant] = {}
        self._told = ""
        self._refresh()

    def grant(self, token: str, now: datetime) -> Grant | None:
        """What a token allows now; None: nothing."""
        self._refresh()
        found = self._by_hash.get(digest(token))
        if found is None or (found.expires is not None and found.expires.astimezone(UTC) <= now):
            return None
        return found

    def tenant(self, tenant_id: str) -> Tenant:
        """How a tenant is shown; one that the file does not describe counts in UTC."""
        return self._content.tenants.get(tenant_id, Tenant())

    def _refresh(self) -> None:
        """A file that is broken meanwhile leaves the tokens as they are, and the log says so."""
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
            if seen == self._seen:
                return
            self._content = read_tokens(self._path)
        except (OSError, ConfigurationError) as error:
            if self._seen is None:
                if isinstance(error, ConfigurationError):
                    raise
                raise ConfigurationError(
                    f"CLICKSTREAM_ANALYTICS_TOKENS_FILE {self._path} cannot be read: {error.strerror}; "
                    "`clickstream token` makes it"
                ) from error
            said = str(error) if isinstance(error, ConfigurationError) else f"{self._path}: {error.strerror}"
            if said != self._told:  # not with every request
                _LOG.error("tokens stay as they were, for their file cannot be used: %s", said)
                self._told = said
            return
        self._told = ""
        self._seen = seen
        self._by_hash = {grant.sha256: grant for grant in self._content.tokens}


def digest(token: str) -> str:
    """What the file holds of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def read_tokens(path: Path) -> TokenFile:
    """Read the file.

    Raises:
        ConfigurationError: it holds something else.
        OSError: it cannot be read.
    """
    try:
        return TokenFile.model_validate(yaml.safe_load(path.read_text()) or {})
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is no YAML: {error}") from error
    except ValidationError as error:
        details = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise ConfigurationError(f"{path}: {details}") from error


def add_token(
    path: Path,
    name: str,
    tenants: Iterable[str],
    roles: Iterable[Role],
    expires: datetime | None = None,
) -> str:
    """Make a token and add it to the file, which is made if missing and can be read by its owner alone.

    Returns:
        The token: the only time that it is seen.

    Raises:
        ConfigurationError: the file holds something else.
        OSError: it cannot be read or written.
    """
    token = f"cs_{secrets.token_urlsafe(32)}"
    content = read_tokens(path) if path.exists() else TokenFile()
    grant = Grant(name=name, sha256=digest(token), tenants=tuple(tenants), roles=frozenset(roles), expires=expires)
    kept = content.model_copy(update={"tokens": (*content.tokens, grant)})
    write_tokens(path, kept)
    return token


def write_tokens(path: Path, content: TokenFile) -> None:
    """Replace the file in one step.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(_plain(content), allow_unicode=True, sort_keys=False)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)


def _plain(content: TokenFile) -> dict[str, object]:
    dumped = content.model_dump(mode="json", exclude_defaults=True)
    for grant in dumped.get("tokens", []):
        grant["roles"] = sorted(grant["roles"])
    return dumped
