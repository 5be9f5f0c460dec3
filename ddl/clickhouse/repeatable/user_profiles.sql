-- User profiles change too fast to be joined on the way in: they stay in MySQL, and queries join them as they are now.
-- Only where CLICKSTREAM_MYSQL_URL is set. Applied again when that address changes.

-- The table itself: every query asks MySQL, conditions on columns go along.
-- @mysql
CREATE OR REPLACE TABLE user_profiles
(
    tenant_id String COMMENT 'Customer of the platform',
    user_id String COMMENT 'Account, unique within the tenant',
    segment String COMMENT 'Marketing segment, as it is now',
    membership String COMMENT 'Level of membership, as it is now',
    age_band String COMMENT 'Such as 25-34',
    gender String COMMENT 'As the user gave it',
    registered_at Nullable(DateTime64(3, 'UTC')) COMMENT 'NULL for visitors without an account',
    last_order_at Nullable(DateTime64(3, 'UTC')) COMMENT 'NULL before the first order',
    orders UInt32 COMMENT 'Orders so far',
    lifetime_value Decimal(18, 4) COMMENT 'Turnover so far, in the currency of the catalogue',
    updated_at DateTime64(3, 'UTC') COMMENT 'When the profile changed last'
)
ENGINE = ${mysql engine user_profile}
COMMENT 'User profiles in MySQL, as they are now';

-- The same as a dictionary: only profiles that queries ask for are fetched, and each is at most five seconds old.
-- dictGet('user_profiles_now', 'segment', (tenant_id, user_id)) gives '' for a user without a profile.
-- @mysql
CREATE OR REPLACE DICTIONARY user_profiles_now
(
    tenant_id String,
    user_id String,
    segment String DEFAULT '',
    membership String DEFAULT '',
    age_band String DEFAULT '',
    gender String DEFAULT '',
    orders UInt32 DEFAULT 0,
    lifetime_value Decimal(18, 4) DEFAULT 0
)
PRIMARY KEY tenant_id, user_id
SOURCE(${mysql source user_profile})
LAYOUT(COMPLEX_KEY_CACHE(SIZE_IN_CELLS 1000000))
LIFETIME(MIN 1 MAX 5)
COMMENT 'User profiles, at most five seconds old';
