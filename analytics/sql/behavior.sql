-- Users and events of each kind of action. An empty action is the sum of all: users are counted once in it.
SELECT
    action,
    sum(did[place]) AS events,
    countIf(did[place] > 0) AS users
FROM
(
    SELECT
        [
            count(),
            countIf(action_type = 'impression'),
            countIf(action_type = 'click'),
            countIf(action_type = 'view'),
            countIf(action_type = 'like'),
            countIf(action_type = 'share'),
            countIf(action_type = 'add_cart'),
            countIf(action_type = 'order'),
            countIf(action_type = 'pageview'),
            countIf(action_type = 'custom')
        ] AS did
    FROM ${events}
    GROUP BY user_id
)
ARRAY JOIN
    ['', 'impression', 'click', 'view', 'like', 'share', 'add_cart', 'order', 'pageview', 'custom'] AS action,
    arrayEnumerate(did) AS place
GROUP BY action
