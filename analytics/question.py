"""One question to ClickHouse: an SQL file, and the one place where its tenant is bound.

A file of `sql/` never names a table. It says `${events}` where it reads, which becomes a subquery that holds the
tenant's rows of the scope and nothing else; `${metrics}` and the other names of SOURCES are marts, bound in the same
way. A file that names a table itself is refused when it is loaded, so a question without its tenant cannot be written.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from analytics.scope import Scope
from clickstream.errors import ContractError

FOLDER = Path(__file__).with_name("sql")

# By the placeholder's name: the table, and the column that says when, for the bounds of the period.
# The marts hold quarters of an hour, so they answer for periods of whole ones: `Period.on_quarters`.
SOURCES = {
    "events": ("user_behaviors", "timestamp"),
    "metrics": ("metrics_hourly_states", "bucket"),
    "items": ("item_stats_daily_states", "bucket"),
    "pages": ("page_activity_states", "bucket"),
}

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_COMMENT = re.compile(r"--[^\n]*")
_READS = re.compile(r"(?:\bFROM|(?<!ARRAY)\s+JOIN)\s+(?!\$\{|\()([\w.`\"]+)", re.IGNORECASE)
# FROM a, b: the second would be read unseen.
_COMMA_JOIN = re.compile(r"\$\{\w+\}(?:\s+AS\s+\w+)?\s*,", re.IGNORECASE)
_NAMED = re.compile(r"(?:\bWITH\s+|,\s*)(\w+)\s+AS\s*\(", re.IGNORECASE)
# Readers of other tables than those that FROM names.
_OTHER_WAYS = re.compile(
    r"\b(?:remote|cluster|clusterAllReplicas|merge|url|file|s3|mysql|mongodb|dictionary|dictGet\w*|joinGet\w*|"
    r"remoteSecure|executable|input|view|loop|numbers|system|IN\s+\w+\s*$)\s*[(.]",
    re.IGNORECASE | re.MULTILINE,
)

_TABLES = re.compile(r"\b(?:" + "|".join(table for table, _ in SOURCES.values()) + r"|system\.\w+)\b", re.IGNORECASE)

Parameter = str | int | float | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """An SQL text with placeholders.

    Attributes:
        name: for errors, logs and the cache.
        text: with `${events}` where it reads.

    Raises:
        ContractError: it reads what is not bound to a tenant.
    """

    name: str
    text: str

    def __post_init__(self) -> None:
        """Refuse a text that reads anything by its own name."""
        text = _COMMENT.sub(" ", self.text)
        named = {match.lower() for match in _NAMED.findall(text)}
        free = [match for match in _READS.findall(text) if match.lower() not in named]
        other = _OTHER_WAYS.search(text) or _COMMA_JOIN.search(text) or _TABLES.search(text)
        if free or other:
            what = free[0] if free else str(other and other[0])
            raise ContractError(f"question {self.name!r} reads {what}: write ${{events}}, which is bound to a tenant")
        for name in _PLACEHOLDER.findall(text):
            if name not in SOURCES:
                raise ContractError(f"question {self.name!r} has a placeholder ${{{name}}}: there are {list(SOURCES)}")

    def render(self, scope: Scope) -> tuple[str, dict[str, str]]:
        """The SQL for a scope, and the parameters that bind it."""
        bound: dict[str, Parameter] = {
            "tenant_id": scope.tenant,
            "start_ms": scope.period.start_ms,
            "end_ms": scope.period.end_ms,
            "zone": scope.period.zone.key,
        }
        if scope.scenario is not None:
            bound["scenario_id"] = scope.scenario

        def source(match: re.Match[str]) -> str:
            table, column = SOURCES[match[1]]
            place = "" if scope.scenario is None else " AND scenario_id = {scenario_id:String}"
            return (
                f"(SELECT * FROM {table} WHERE tenant_id = {{tenant_id:String}}{place}"
                " AND date BETWEEN toDate(fromUnixTimestamp64Milli({start_ms:Int64}, 'UTC'))"
                " AND toDate(fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC'))"
                f" AND {column} >= fromUnixTimestamp64Milli({{start_ms:Int64}}, 'UTC')"
                f" AND {column} < fromUnixTimestamp64Milli({{end_ms:Int64}}, 'UTC'))"
            )

        return _PLACEHOLDER.sub(source, self.text), written(bound)


def written(parameters: dict[str, Parameter]) -> dict[str, str]:
    """Values as ClickHouse reads query parameters: text escaped as in TabSeparated, arrays as literals."""
    return {name: _written(value) for name, value in parameters.items()}


def _written(value: Parameter) -> str:
    if isinstance(value, tuple):
        return "[" + ",".join("'" + _escaped(each).replace("'", "\\'") + "'" for each in value) + "]"
    return _escaped(value) if isinstance(value, str) else str(value)


def _escaped(text: str) -> str:
    return (
        text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r").replace("\0", "\\0")
    )


def from_mart(name: str, scope: Scope) -> str:
    """The question of that name to a mart where its quarters answer exactly, else to the events themselves."""
    return f"{name}_mart" if scope.period.on_quarters else name


@cache
def question(name: str) -> Question:
    """The question in `sql/NAME.sql`.

    Raises:
        ContractError: it reads what is not bound to a tenant.
    """
    return Question(name, (FOLDER / f"{name}.sql").read_text())
