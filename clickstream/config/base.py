"""What all settings have in common."""

from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "CLICKSTREAM_"


class Settings(BaseSettings):
    """A group of settings. Frozen and picklable; its variables are the field names in capitals behind a prefix."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, validate_default=True, hide_input_in_errors=True
    )
