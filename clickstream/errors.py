"""Every error that this platform raises on purpose. Messages say what was wrong, where, and what to do next."""


class ClickstreamError(Exception):
    """Base of all errors below. The command line prints its text without a traceback.

    Attributes:
        error_code: one of `clickstream.error_codes`, where a page may have to say it in another language; else empty.
        parameters: what the text names, by name.
    """

    def __init__(self, text: str = "", error_code: str = "", /, **parameters: str | float) -> None:
        super().__init__(text)
        self.error_code = error_code
        self.parameters = parameters


class ConfigurationError(ClickstreamError):
    """A setting is unknown, malformed or contradicts another one. Raised before anything is started."""


class UnavailableError(ClickstreamError):
    """A server does not answer. Trying again later may help."""


class ContractError(ClickstreamError):
    """Something that this platform relies on does not hold, and going on would lose or double data."""


class StorageError(ClickstreamError):
    """A folder or file cannot be read or written: permissions, a full disk, a missing volume."""


class MigrationError(ClickstreamError):
    """A schema cannot be brought up to date: a statement failed, or a file contradicts what was applied."""
