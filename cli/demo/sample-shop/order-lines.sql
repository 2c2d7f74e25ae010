-- Before the orders, whose totals are sums of these. Keys and references follow when all rows are there.
SET ROLE shop_owner;

CREATE TABLE shop.order_lines (
  order_id bigint NOT NULL,
  ordered_at timestamptz NOT NULL,
  line smallint NOT NULL,
  quantity smallint NOT NULL CHECK (quantity > 0),
  product_id int NOT NULL,
  unit_price shop.price NOT NULL,
  line_total numeric(12, 2) GENERATED ALWAYS AS (unit_price * quantity) STORED
);

-- Without it the join below is planned for an empty table.
ANALYZE shop.products;

INSERT INTO shop.order_lines (order_id, ordered_at, line, quantity, product_id, unit_price)
SELECT 1000007 + 7 * (n - 1), pg_temp.moment(n, orders), line, 1 + floor(4 * power(pg_temp.chance(n * 8 + line, 91), 4)), product_id, price
FROM (SELECT pg_temp.scaled(90000) AS orders) size
CROSS JOIN LATERAL generate_series(1, orders) n
CROSS JOIN LATERAL generate_series(1, 1 + floor(5 * power(pg_temp.chance(n, 92), 2))::int) line
-- The lower a product's number, the better it sells.
JOIN shop.products ON product_id = 1 + floor(pg_temp.scaled(4000) * power(pg_temp.chance(n * 8 + line, 93), 1.8))::int;
