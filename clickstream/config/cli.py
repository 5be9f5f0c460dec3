"""`clickstream settings`: every variable, its default, what it means. docs/CONFIGURATION.md is its output."""

import os
from enum import StrEnum
from typing import Annotated, Any

import typer
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from clickstream.config.base import Settings
from clickstream.config.resolve import GROUPS, reject_unknown, variable


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("settings")(settings)


def settings(markdown: Annotated[bool, typer.Option("--markdown", help="As docs/CONFIGURATION.md.")] = False) -> None:
    """List every setting: environment variable, default, meaning. A variable that is set but is none is an error."""
    if markdown:
        print(document(), end="")
        return
    console = Console(highlight=False)
    for group in GROUPS:
        console.print(title_of(group), style="bold")
        for name, field in group.model_fields.items():
            # Each on a line of its own, however narrow the terminal is: a name that is cut cannot be copied.
            line = Text(f"  {variable(group, name)}={shown_default(field)}", style="cyan")
            console.print(line, soft_wrap=True)
            console.print(Padding(Text(meaning_of(field)), (0, 0, 0, 6), expand=False))
    reject_unknown(os.environ)


def document() -> str:
    """The settings as a Markdown document."""
    lines = [
        "# Settings",
        "",
        "Environment variables, read once when a job or service starts. An unknown, malformed or contradictory one is",
        "an error that names it. This page is the output of `clickstream settings --markdown`.",
    ]
    for group in GROUPS:
        lines += ["", f"## {title_of(group)}", "", "| variable | default | meaning |", "|---|---|---|"]
        for name, field in group.model_fields.items():
            default = default_of(field)
            shown = f"`{default}`" if default and default != "required" else default
            lines.append(f"| `{variable(group, name)}` | {shown} | {meaning_of(field)} |")
    return "\n".join(lines) + "\n"


def title_of(group: type[Settings]) -> str:
    """What a group is called."""
    return group.__name__.removesuffix("Settings")


def shown_default(field: FieldInfo) -> str:
    """The default as one would type it; a word in angle brackets where there is none."""
    default = default_of(field)
    return f"<{default}>" if default == "required" else default


def default_of(field: FieldInfo) -> str:
    """The default as it would be written in the environment."""
    value: Any = field.default
    if value is PydanticUndefined:
        return "required"
    return "" if value is None else str(value)


def meaning_of(field: FieldInfo) -> str:
    """The description, and the choices where there are some."""
    parts = [field.description] if field.description else []
    kind = field.annotation
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        parts.append("one of " + ", ".join(f"`{each.value}`" for each in kind))
    return "; ".join(parts)
