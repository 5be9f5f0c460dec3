-- Dimensions of the shops that `clickstream generate` makes events for: `clickstream sample-dimensions` puts them in.
-- Never part of a migration. It can be repeated: equal keys are replaced.
--
-- Two products of a hundred are left out, and a few name no category or one that is not there, as in real catalogues.

REPLACE INTO dim_scenario (tenant_id, scenario_id, scenario_name)
WITH tenants (tenant_id, title) AS (
    SELECT 'aurora', 'Aurora Möbel' UNION ALL SELECT 'borealis', 'Borealis' UNION ALL SELECT 'cascade', 'Cascade'
    UNION ALL SELECT 'delta', 'Delta' UNION ALL SELECT 'ember', 'Ember' UNION ALL SELECT 'fjord', 'Fjørd'
    UNION ALL SELECT 'grove', 'Grove' UNION ALL SELECT 'harbour', 'Harbour'
),
scenarios (scenario_id, title) AS (
    SELECT 'home', 'Home' UNION ALL SELECT 'search', 'Search' UNION ALL SELECT 'detail', 'Similar items'
    UNION ALL SELECT 'cart', 'Goes well with'
)
SELECT tenants.tenant_id, scenarios.scenario_id, CONCAT(tenants.title, ' – ', scenarios.title)
FROM tenants CROSS JOIN scenarios;

REPLACE INTO dim_geo (location, geo_country, geo_region, geo_city) VALUES
    ('DE-BE/Berlin', 'Germany', 'Berlin', 'Berlin'),
    ('DE-BY/München', 'Germany', 'Bavaria', 'München'),
    ('FR-IDF/Paris', 'France', 'Île-de-France', 'Paris'),
    ('GB-LND/London', 'United Kingdom', 'London', 'London'),
    ('US-CA/San Francisco', 'United States', 'California', 'San Francisco'),
    ('US-NY/New York', 'United States', 'New York', 'New York'),
    ('BR-SP/São Paulo', 'Brazil', 'São Paulo', 'São Paulo'),
    ('IN-KA/Bengaluru', 'India', 'Karnataka', 'Bengaluru'),
    ('JP-13/Tōkyō', 'Japan', 'Tōkyō', 'Tōkyō'),
    ('CN-SH/上海', 'China', '上海', '上海'),
    ('PL-MZ/Warszawa', 'Poland', 'Masovia', 'Warszawa'),
    ('ES-MD/Madrid', 'Spain', 'Madrid', 'Madrid');

-- Five categories on level 1, five below each of them, four below each of those. The ids are the same in all shops, the
-- names are not.
REPLACE INTO dim_category (tenant_id, category_id, parent_id, level, name)
WITH tenants (tenant_id, title) AS (
    SELECT 'aurora', 'Aurora Möbel' UNION ALL SELECT 'borealis', 'Borealis' UNION ALL SELECT 'cascade', 'Cascade'
    UNION ALL SELECT 'delta', 'Delta' UNION ALL SELECT 'ember', 'Ember' UNION ALL SELECT 'fjord', 'Fjørd'
    UNION ALL SELECT 'grove', 'Grove' UNION ALL SELECT 'harbour', 'Harbour'
),
digits (d) AS (SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4),
categories (category_id, parent_id, level) AS (
    SELECT CONCAT('c', a.d), NULL, 1 FROM digits AS a
    UNION ALL
    SELECT CONCAT('c', a.d, '.', b.d), CONCAT('c', a.d), 2 FROM digits AS a CROSS JOIN digits AS b
    UNION ALL
    SELECT CONCAT('c', a.d, '.', b.d, '.', c.d), CONCAT('c', a.d, '.', b.d), 3
    FROM digits AS a CROSS JOIN digits AS b CROSS JOIN digits AS c WHERE c.d < 4
)
SELECT tenants.tenant_id, category_id, parent_id, level, CONCAT(tenants.title, ' ', category_id)
FROM tenants CROSS JOIN categories;

REPLACE INTO dim_product (tenant_id, item_id, product_name, product_brand, product_price, category_id)
WITH tenants (tenant_id, title, prefix) AS (
    SELECT 'aurora', 'Aurora Möbel', 'p-' UNION ALL SELECT 'borealis', 'Borealis', 'p-'
    UNION ALL SELECT 'cascade', 'Cascade', 'c:' UNION ALL SELECT 'delta', 'Delta', 'd%'
    UNION ALL SELECT 'ember', 'Ember', 'e/' UNION ALL SELECT 'fjord', 'Fjørd', 'f.'
    UNION ALL SELECT 'grove', 'Grove', 'g_' UNION ALL SELECT 'harbour', 'Harbour', 'h '
),
digits (d) AS (
    SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
    UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9
),
numbers (n) AS (
    SELECT a.d * 1000 + b.d * 100 + c.d * 10 + d.d
    FROM digits AS a CROSS JOIN digits AS b CROSS JOIN digits AS c CROSS JOIN digits AS d
)
SELECT
    tenants.tenant_id,
    CONCAT(tenants.prefix, LPAD(n, 7, '0')),
    CONCAT(tenants.title, ' item ', n),
    CONCAT('Brand ', n % 97),
    4.99 + (n % 500) * 0.37,
    CASE
        WHEN n % 40 = 3 THEN NULL
        WHEN n % 100 = 11 THEN 'discontinued'
        WHEN n % 20 = 7 THEN CONCAT('c', n % 5, '.', FLOOR(n / 5) % 5)
        ELSE CONCAT('c', n % 5, '.', FLOOR(n / 5) % 5, '.', FLOOR(n / 25) % 4)
    END
FROM tenants CROSS JOIN numbers
WHERE n % 50 != 49;
