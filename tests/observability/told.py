"""The commands that the documents for operators tell to type."""

import re
import shlex
from pathlib import Path

_FENCED = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"^(?: {4,}\S.*\n?)+", re.MULTILINE)
_INLINE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
# A command begins a line, or follows what a shell takes for a beginning; variables may stand in front.
_BEGINNING = r"(?:^|[|;&(]\s*|^\w+=\S+ )"


def commands(document: Path, program: str) -> list[list[str]]:
    """The words of each command of a program, without its name. What a pipe or a comment follows is cut off there."""
    text = document.read_text(encoding="utf-8").replace("\\\n", " ")
    fenced = [found[1] for found in _FENCED.finditer(text)]
    rest = _FENCED.sub("", text)
    indented = _INDENTED.findall(rest)
    pattern = re.compile(rf"{_BEGINNING}{re.escape(program)}((?: +[^|;&)#\n]*)?)", re.MULTILINE)
    lines = "\n".join(line.strip() for code in (*fenced, *indented, *inline(document)) for line in code.splitlines())
    return [_words(found[1]) for found in pattern.finditer(lines)]


def inline(document: Path) -> list[str]:
    """What stands between backticks in its text, each on one line."""
    text = document.read_text(encoding="utf-8").replace("\\\n", " ")
    return [" ".join(code.split()) for code in _INLINE.findall(_INDENTED.sub("", _FENCED.sub("", text)))]


def _words(text: str) -> list[str]:
    # A quote that is cut off, as in "$(flink list ...", is closed.
    for end in ("", '"', "'"):
        try:
            return shlex.split(text + end)
        except ValueError:
            continue
    raise AssertionError(f"no command line: {text}")
