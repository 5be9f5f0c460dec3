-- Dimensions of the demo's shop: what shop/catalogue.py sells, and its banner's creatives.
-- Never part of a migration. It can be repeated: equal keys are replaced.

REPLACE INTO dim_scenario (tenant_id, scenario_id, scenario_name) VALUES
    ('aurora', 'shop', 'Aurora Möbel – Hot now'),
    ('aurora', 'shop-also', 'Aurora Möbel – Also hot'),
    ('aurora', 'banner', 'Aurora Möbel – Banner');

REPLACE INTO dim_category (tenant_id, category_id, parent_id, level, name) VALUES
    ('aurora', 'light', NULL, 1, 'Light'),
    ('aurora', 'seats', NULL, 1, 'Seats'),
    ('aurora', 'tables', NULL, 1, 'Tables');

REPLACE INTO dim_product (tenant_id, item_id, product_name, product_brand, product_price, category_id) VALUES
    ('aurora', 'arc-lamp', 'Arc lamp', 'Aurora', 129, 'light'),
    ('aurora', 'oak-stool', 'Oak stool', 'Aurora', 79, 'seats'),
    ('aurora', 'side-table', 'Side table', 'Aurora', 149, 'tables'),
    ('aurora', 'paper-lantern', 'Paper lantern', 'Aurora', 35, 'light'),
    ('aurora', 'reading-chair', 'Reading chair', 'Aurora', 349, 'seats'),
    ('aurora', 'desk', 'Writing desk', 'Aurora', 420, 'tables'),
    ('aurora', 'desk-light', 'Desk light', 'Aurora', 59, 'light'),
    ('aurora', 'bench', 'Hall bench', 'Aurora', 189, 'seats'),
    ('aurora', 'round-table', 'Round table', 'Aurora', 510, 'tables'),
    ('aurora', 'string-lights', 'String lights', 'Aurora', 19, 'light'),
    ('aurora', 'rocking-chair', 'Rocking chair', 'Aurora', 275, 'seats'),
    ('aurora', 'night-table', 'Night table', 'Aurora', 99, 'tables'),
    ('aurora', 'banner-warm', 'Warm light for long evenings', '', 0, NULL),
    ('aurora', 'banner-quiet', 'A chair for a quiet hour', '', 0, NULL),
    ('aurora', 'banner-work', 'A desk that makes room', '', 0, NULL);
