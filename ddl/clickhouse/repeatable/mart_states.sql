-- The states of each mart under the name that queries give: where CLICKSTREAM_CLICKHOUSE_CLUSTER_NAME names a cluster,
-- those of all its shards. States are not final numbers: add counts with sum, merge users with uniqExactMerge.
-- (Files are applied in the order of their names: this one before the views that read from it.)

-- @no-cluster
CREATE OR REPLACE VIEW metrics_hourly_states AS SELECT * FROM metrics_hourly_state;

-- @cluster
CREATE OR REPLACE TABLE metrics_hourly_states AS metrics_hourly_state
ENGINE = Distributed(${cluster}, currentDatabase(), metrics_hourly_state);

-- @no-cluster
CREATE OR REPLACE VIEW item_stats_daily_states AS SELECT * FROM item_stats_daily_state;

-- @cluster
CREATE OR REPLACE TABLE item_stats_daily_states AS item_stats_daily_state
ENGINE = Distributed(${cluster}, currentDatabase(), item_stats_daily_state);

-- @no-cluster
CREATE OR REPLACE VIEW experiment_metrics_states AS SELECT * FROM experiment_metrics_state;

-- @cluster
CREATE OR REPLACE TABLE experiment_metrics_states AS experiment_metrics_state
ENGINE = Distributed(${cluster}, currentDatabase(), experiment_metrics_state);

-- @no-cluster
CREATE OR REPLACE VIEW page_activity_states AS SELECT * FROM page_activity_state;

-- @cluster
CREATE OR REPLACE TABLE page_activity_states AS page_activity_state
ENGINE = Distributed(${cluster}, currentDatabase(), page_activity_state);

-- @no-cluster
CREATE OR REPLACE VIEW sessions_states AS SELECT * FROM sessions_state;

-- @cluster
CREATE OR REPLACE TABLE sessions_states AS sessions_state
ENGINE = Distributed(${cluster}, currentDatabase(), sessions_state);

-- @no-cluster
CREATE OR REPLACE VIEW user_days_states AS SELECT * FROM user_days_state;

-- @cluster
CREATE OR REPLACE TABLE user_days_states AS user_days_state
ENGINE = Distributed(${cluster}, currentDatabase(), user_days_state);

