-- Of the users whose first event of the period is in a cohort, how many were active so many units later. The users of a
-- cohort are those of `later` 0. Units are days, or weeks that begin on Monday, of the time zone.
SELECT
    cohort,
    intDiv(dateDiff('day', cohort, active), {unit_days:UInt8}) AS later,
    count() AS users
FROM
(
    SELECT
        user_id,
        groupUniqArray(if({unit_days:UInt8} = 7, toMonday(timestamp, {zone:String}), toDate(timestamp, {zone:String}))) AS seen,
        arrayMin(seen) AS cohort,
        arrayJoin(seen) AS active
    FROM ${events}
    GROUP BY user_id
)
GROUP BY cohort, later
ORDER BY cohort, later
