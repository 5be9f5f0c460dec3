-- What the users of each group did: sums over users, and the sums of squares and products that their spread is made of.
SELECT
    experiment_id,
    experiment_group,
    count() AS users,
    sum(shown) AS impressions,
    sum(clicked) AS clicks,
    sum(ordered) AS conversions,
    countIf(clicked > 0) AS clicking_users,
    countIf(ordered > 0) AS converting_users,
    sum(shown * shown) AS shown_shown,
    sum(clicked * clicked) AS clicked_clicked,
    sum(ordered * ordered) AS ordered_ordered,
    sum(shown * clicked) AS shown_clicked,
    sum(shown * ordered) AS shown_ordered,
    sum(watched_seconds) AS total_watch_duration,
    sum(completed_share) AS completed,
    sum(watched_times) AS watches,
    sum(did) AS events
FROM
(
    SELECT
        experiment_id,
        experiment_group,
        user_id,
        countIf(action_type = 'impression') AS shown,
        countIf(action_type = 'click') AS clicked,
        countIf(action_type = 'order') AS ordered,
        sum(toInt64(watch_duration)) AS watched_seconds,
        sum(toFloat64(completion_rate)) AS completed_share,
        countIf(watch_duration > 0 OR completion_rate > 0) AS watched_times,
        count() AS did
    FROM ${events}
    WHERE experiment_id != '' AND experiment_group != ''
        AND ({experiment:String} = '' OR experiment_id = {experiment:String})
    GROUP BY experiment_id, experiment_group, user_id
)
GROUP BY experiment_id, experiment_group
ORDER BY experiment_id, experiment_group
