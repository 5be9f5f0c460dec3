"""From a YAML file to a Collection, with errors that name the place in it."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from yaml.constructor import ConstructorError

from clickstream.errors import ConfigurationError
from collector.configuration.model import Collection
from collector.configuration.strict import BASE

_LARGEST = 4 * 1024 * 1024


class _Loader(yaml.SafeLoader):
    """YAML's safe subset, in which a key stands once: of two the first would be lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Construct a mapping.

        Raises:
            ConstructorError: a key stands there twice, or is none.
        """
        seen = set()
        for name, _ in node.value:
            if isinstance(name, yaml.ScalarNode):
                if (name.tag, name.value) in seen:
                    raise ConstructorError(None, None, f"{name.value!r} stands there twice", name.start_mark)
                seen.add((name.tag, name.value))
        return super().construct_mapping(node, deep)


def load(path: Path | None) -> Collection:
    """Read the file.

    Raises:
        ConfigurationError: there is none, it cannot be read, or something in it is wrong.
    """
    if path is None:
        raise ConfigurationError(
            "CLICKSTREAM_COLLECTOR_CONFIG is not set (YAML file of tenants, sources, sinks and custom events): without "
            "a tenant's write key nothing can be written; `clickstream write-key TENANT` prints a file to begin with"
        )
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST + 1)
    except OSError as error:
        raise ConfigurationError(f"{path} (CLICKSTREAM_COLLECTOR_CONFIG) cannot be read: {error.strerror}") from error
    if len(text) > _LARGEST:
        raise ConfigurationError(f"{path} is larger than {_LARGEST:,} bytes: is it the collector's configuration?")
    return parse(text, path)


def parse(text: str | bytes, path: Path) -> Collection:
    """Understand the file's text. Relative paths in it are relative to its folder.

    Raises:
        ConfigurationError: something is wrong; the text names the place.
    """
    try:
        found: Any = yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} cannot be understood: {error}") from error
    try:
        return Collection.model_validate(found, context={BASE: path.absolute().parent})
    except ValidationError as error:
        raise ConfigurationError("; ".join(_said(path, detail) for detail in error.errors())) from error


def _said(path: Path, detail: Any) -> str:
    place = ".".join(map(str, detail["loc"]))
    message = str(detail["msg"]).removeprefix("Value error, ")
    return f"{path}: {place}: {message}" if place else f"{path}: {message}"
