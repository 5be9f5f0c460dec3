-- The steps behind a node in each session, or before it where `backwards` is 1. Two equal nodes in a row are one. An
-- empty `start` stands for the session's first node, or its last one backwards. An empty target is the session's end.
SELECT
    step,
    source,
    target,
    count() AS sessions
FROM
(
    SELECT
        if({backwards:UInt8} = 1, arrayReverse(line), line) AS walked,
        if({start:String} = '', 1, indexOf(walked, {start:String})) AS first,
        arraySlice(walked, first, {depth:UInt8} + 1) AS taken,
        arrayJoin(arrayEnumerate(arraySlice(taken, 1, {depth:UInt8}))) AS step,
        taken[step] AS source,
        taken[step + 1] AS target
    FROM
    (
        SELECT arrayCompact(arrayMap(at -> at.3, arraySort(groupArray((timestamp, event_id, node))))) AS line
        FROM
        (
            SELECT
                timestamp,
                event_id,
                user_id,
                session_id,
                if({of_items:UInt8} = 1, item_id, path(url)) AS node
            FROM ${events}
            WHERE session_id != '' AND if({of_items:UInt8} = 1, action_type = 'view', action_type = 'pageview')
        )
        WHERE node != ''
        GROUP BY user_id, session_id
    )
    WHERE first > 0
)
GROUP BY step, source, target
ORDER BY step, sessions DESC, source, target
LIMIT {links:UInt32} BY step
