-- Users and events of each kind of action. An empty action is the sum of all: users are counted once in it.
SELECT
    if(grouping(action_type) = 1, '', toString(action_type)) AS action,
    count() AS events,
    uniqExact(user_id) AS users
FROM ${events}
GROUP BY GROUPING SETS ((action_type), ())
