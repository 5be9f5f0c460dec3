-- Sessions, the steps within them, users and retention.

-- A session spans scenarios and midnight. Conditions on tenant_id, user_id and session_id reach the table; one on `date` or
-- `started` is judged when all of a session is put together. Entry and exit are those of pageviews; equal times go by name.
CREATE OR REPLACE VIEW sessions AS
SELECT
    tenant_id,
    user_id,
    session_id,
    toDate(min(m.started)) AS date,
    min(m.started) AS started,
    max(m.ended) AS ended,
    dateDiff('millisecond', started, ended) / 1000 AS duration,
    groupUniqArray(m.scenario_id) AS scenarios,
    sum(m.events) AS events,
    sum(m.impressions) AS impressions,
    sum(m.clicks) AS clicks,
    sum(m.conversions) AS conversions,
    arrayMap(step -> step.2, arraySort(groupArrayArray(m.pages))) AS pages,
    arrayMap(step -> step.2, arraySort(groupArrayArray(m.items))) AS items,
    length(pages) AS pageviews,
    if(empty(pages), '', pages[1]) AS entry_page,
    if(empty(pages), '', pages[-1]) AS exit_page,
    length(pages) <= 1 AND sum(m.interactions) = 0 AS bounce
FROM sessions_states AS m
GROUP BY tenant_id, user_id, session_id;

-- From each page to the next within a session. from_page is '' where the session begins, to_page is '' where it ends.
CREATE OR REPLACE VIEW page_transitions AS
SELECT
    tenant_id,
    date,
    step.1 AS from_page,
    step.2 AS to_page,
    count() AS transitions
FROM
(
    SELECT
        tenant_id,
        date,
        arrayJoin(arrayZip(arrayPushFront(pages, ''), arrayPushBack(pages, ''))) AS step
    FROM sessions
    WHERE notEmpty(pages)
)
GROUP BY tenant_id, date, from_page, to_page;

-- The same for items that were viewed.
CREATE OR REPLACE VIEW item_transitions AS
SELECT
    tenant_id,
    date,
    step.1 AS from_item,
    step.2 AS to_item,
    count() AS transitions
FROM
(
    SELECT
        tenant_id,
        date,
        arrayJoin(arrayZip(arrayPushFront(items, ''), arrayPushBack(items, ''))) AS step
    FROM sessions
    WHERE notEmpty(items)
)
GROUP BY tenant_id, date, from_item, to_item;

CREATE OR REPLACE VIEW users AS
SELECT
    tenant_id,
    user_id,
    min(m.first_seen) AS first_seen,
    max(m.last_seen) AS last_seen,
    uniqExact(m.date) AS days,
    sum(m.events) AS events,
    sum(m.conversions) AS conversions
FROM user_days_states AS m
GROUP BY tenant_id, user_id;

-- Of the users who were first seen on cohort_date, how many were there `day` days later (UTC).
CREATE OR REPLACE VIEW retention_daily AS
SELECT
    tenant_id,
    cohort_date,
    toUInt16(seen - cohort_date) AS day,
    count() AS users
FROM
(
    SELECT
        tenant_id,
        user_id,
        min(m.date) AS cohort_date,
        arrayJoin(groupUniqArray(m.date)) AS seen
    FROM user_days_states AS m
    GROUP BY tenant_id, user_id
)
GROUP BY tenant_id, cohort_date, day;

-- The events themselves, with keys to pages and the other tables of this normal form.
CREATE OR REPLACE VIEW events AS
SELECT
    event_id,
    tenant_id,
    user_id,
    session_id,
    if(url = '', 0, cityHash64(tenant_id, page_host, page_path)) AS page_id,
    element_id,
    toString(action_type) AS type,
    event_name AS event_title,
    item_id,
    x,
    y,
    timestamp AS created_at,
    date
FROM user_behaviors;
