-- The table that queries name. The ALIAS columns are listed because * leaves them out.
-- Where one server holds everything it is a view; where CLICKSTREAM_CLICKHOUSE_CLUSTER_NAME names a cluster, it is a
-- Distributed table over all its shards, which the sink never writes to.

-- @no-cluster
CREATE OR REPLACE VIEW user_behaviors AS
SELECT
    *,
    hour, weekday, receive_delay,
    page_host, page_path, referrer_host, referrer_path,
    utm_source, utm_medium, utm_campaign, utm_term, utm_content,
    revenue
FROM user_behaviors_local;

-- @cluster
CREATE OR REPLACE TABLE user_behaviors AS user_behaviors_local
ENGINE = Distributed(${cluster}, currentDatabase(), user_behaviors_local, sipHash64(tenant_id, user_id));
