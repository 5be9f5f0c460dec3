-- Dimensions: what the real-time join looks up by key (dim_*), and user_profile, which changes too fast to be joined on
-- the way in and is mapped into ClickHouse instead.
--
-- Keys are case-sensitive, as they are in Kafka and ClickHouse. There are no foreign keys: dimensions are loaded from
-- elsewhere in any order, and an event whose dimension is not there yet says so in `dim_missing`.
-- `updated_at` is there for incremental loads and for caches that want to know what is new.

CREATE TABLE IF NOT EXISTS dim_category
(
    tenant_id   VARCHAR(128) NOT NULL,
    category_id VARCHAR(128) NOT NULL,
    parent_id   VARCHAR(128) NULL COMMENT 'category one level up; NULL on level 1',
    level       TINYINT UNSIGNED NOT NULL COMMENT '1 (top) to 3: becomes category_1 to category_3',
    name        VARCHAR(256) NOT NULL,
    updated_at  DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
    PRIMARY KEY (tenant_id, category_id),
    KEY by_parent (tenant_id, parent_id),
    KEY by_update (updated_at),
    CONSTRAINT category_level CHECK (level BETWEEN 1 AND 3 AND (parent_id IS NULL) = (level = 1))
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin COMMENT = 'Categories of items, three levels';

CREATE TABLE IF NOT EXISTS dim_product
(
    tenant_id     VARCHAR(128) NOT NULL,
    item_id       VARCHAR(128) NOT NULL,
    product_name  VARCHAR(512) NOT NULL,
    product_brand VARCHAR(256) NOT NULL DEFAULT '',
    product_price DECIMAL(18, 4) NOT NULL DEFAULT 0 COMMENT 'list price, in the currency of the catalogue',
    category_id   VARCHAR(128) NULL COMMENT 'of dim_category, on any level',
    updated_at    DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
    PRIMARY KEY (tenant_id, item_id),
    KEY by_update (updated_at)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin COMMENT = 'Items that are recommended';

CREATE TABLE IF NOT EXISTS dim_geo
(
    location    VARCHAR(256) NOT NULL COMMENT 'CC-REGION/City, as context.location has it',
    geo_country VARCHAR(128) NOT NULL,
    geo_region  VARCHAR(128) NOT NULL DEFAULT '',
    geo_city    VARCHAR(128) NOT NULL DEFAULT '',
    updated_at  DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
    PRIMARY KEY (location),
    KEY by_update (updated_at)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin COMMENT = 'Places, the same for all tenants';

CREATE TABLE IF NOT EXISTS dim_scenario
(
    tenant_id     VARCHAR(128) NOT NULL,
    scenario_id   VARCHAR(128) NOT NULL,
    scenario_name VARCHAR(256) NOT NULL,
    updated_at    DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
    PRIMARY KEY (tenant_id, scenario_id),
    KEY by_update (updated_at)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin COMMENT = 'Places where recommendations appear';

CREATE TABLE IF NOT EXISTS user_profile
(
    tenant_id      VARCHAR(128) NOT NULL,
    user_id        VARCHAR(128) NOT NULL,
    segment        VARCHAR(128) NOT NULL DEFAULT '' COMMENT 'marketing segment, as it is now',
    membership     VARCHAR(64) NOT NULL DEFAULT '' COMMENT 'level of membership, as it is now',
    age_band       VARCHAR(16) NOT NULL DEFAULT '' COMMENT 'such as 25-34: no date of birth is kept',
    gender         VARCHAR(32) NOT NULL DEFAULT '',
    registered_at  DATETIME(3) NULL COMMENT 'UTC; NULL for visitors without an account',
    last_order_at  DATETIME(3) NULL COMMENT 'UTC; NULL before the first order',
    orders         INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'orders so far',
    lifetime_value DECIMAL(18, 4) NOT NULL DEFAULT 0 COMMENT 'turnover so far, in the currency of the catalogue',
    updated_at     DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
    PRIMARY KEY (tenant_id, user_id),
    KEY by_update (updated_at)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin COMMENT = 'Users as they are now';
