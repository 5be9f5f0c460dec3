-- The scenarios that have rows, by quarters of an hour.
SELECT m.scenario_id AS scenario_id, sum(m.impressions) AS impressions
FROM ${metrics} AS m
WHERE m.scenario_id != ''
GROUP BY scenario_id
ORDER BY scenario_id
