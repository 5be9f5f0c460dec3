"""Logs of services and commands: one line a record on stderr, as text or as JSON, and no personal data.

The fields are those of the jobs' logs (flink-conf/log4j-console.properties): time, level, logger, message, error, and
`service` in place of job_id and operator.

What keeps personal data out: our own code logs counts, positions and reasons, never what was sent; an error is told by
its type and the lines of code that it came through, without its text, which may quote a request; of an HTTP request the
route's template is named, never its path, query or sender; libraries are heard from warnings on, and those whose
messages quote statements or addresses with a query not at all.
"""

from clickstream.logs.access import Watch, access_log
from clickstream.logs.lines import JsonLines, TextLines
from clickstream.logs.setup import command, is_json, service

__all__ = ["JsonLines", "TextLines", "Watch", "access_log", "command", "is_json", "service"]
