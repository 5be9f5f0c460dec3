"""ClickHouse for the devstack: an HTTP server around the engine of the chdb wheel, for machines without a ClickHouse.

    python -m devstack.clickhouse --path FOLDER --port N [--host 127.0.0.1] [--user default] [--password ...]

Ordinary clients take it for a server: statements, formats, typed parameters, settings, sessions, content codings,
errors and their HTTP statuses are those of the engine and of the server's HTTP interface. Each request has a connection
to the engine of its own, so queries run side by side and nothing of one request reaches another. The body of an INSERT
is read to its end, in memory, before the engine sees any of it. A row that was acknowledged is there after kill -9.

What it has not, found by trying each:

- Other protocols than HTTP: no native TCP protocol, no TLS, no MySQL or PostgreSQL protocol. Of HTTP it has not
  `compress=1` and `decompress=1` (blocks of the native protocol, refused with 48), `client_protocol_version` (ignored),
  progress headers, roles, quotas, the console, handlers of one's own, `br` without the brotli library.
  X-ClickHouse-Summary knows no memory and no result_bytes of a SELECT, and no result at all of one whose rows were on
  their way before it ended.
- Clusters: there is no Keeper, so replicated tables and databases are refused with 225 NO_ZOOKEEPER, SYSTEM SYNC
  REPLICA of any table with 36 BAD_ARGUMENTS ("is not replicated"), and system.replicas is empty. No cluster is defined:
  Distributed, cluster() and ON CLUSTER are refused with 701 CLUSTER_DOESNT_EXIST. remote('127.0.0.1', ...) without a
  port reads this server itself; with a port it speaks the native protocol, which needs a real server there (else 519).
- The Kafka table engine: creating a table fails with 49 "Shutdown was called".
- Asynchronous inserts: async_insert is accepted, and every insert is synchronous.
- Users: one, from the command line, checked here. CREATE USER, ROLE, QUOTA and ROW POLICY are refused with 497.
- Configuration of the server: system.query_log, part_log, asynchronous_metrics and their like are not there, SYSTEM
  RELOAD CONFIG is refused with 1, BACKUP knows no File. At most 100 queries run at once (202, kept here).
- Query ids of the client's choice. The engine chooses its own; this server carries the client's beside it (in
  log_comment) and rewrites statements about running queries: FROM system.processes shows the client's ids, and KILL
  QUERY finds by them. SHOW PROCESSLIST, queryID() and the ids that KILL QUERY answers with are the engine's.
- `readonly` in the URL of a session's request is checked by the statement's first word, as is every GET.
- A read whose client goes away is killed when it next has rows, as on a server, and with
  cancel_http_readonly_queries_on_client_close = 1 in the request's URL at once; elsewhere that setting does nothing.

An INSERT that spans partitions becomes visible partition by partition. One process serves one folder; another one on
the same folder refuses to start.
"""
