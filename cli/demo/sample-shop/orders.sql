SET ROLE shop_owner;

CREATE TABLE shop.orders (
  order_id bigint NOT NULL DEFAULT nextval('shop.order_number'),
  ordered_at timestamptz NOT NULL DEFAULT now(),
  customer_id int NOT NULL,
  status shop.order_status NOT NULL DEFAULT 'new',
  currency char(3) NOT NULL DEFAULT 'EUR',
  total shop.price NOT NULL,
  ship_to shop.postal_address NOT NULL,
  delivery tstzrange,
  coupons text[],
  placed_from inet,
  note text,
  PRIMARY KEY (order_id, ordered_at)
) PARTITION BY RANGE (ordered_at);
ALTER SEQUENCE shop.order_number OWNED BY shop.orders.order_id;

DO $$
BEGIN
  FOR month IN 0..17 LOOP
    EXECUTE format('CREATE TABLE shop.%I PARTITION OF shop.orders FOR VALUES FROM (%L) TO (%L)',
      'orders_' || to_char(date '2025-01-01' + month * interval '1 month', 'YYYY_MM'),
      timestamp '2025-01-01' + month * interval '1 month', timestamp '2025-01-01' + (month + 1) * interval '1 month');
  END LOOP;
END
$$;
CREATE TABLE shop.orders_other PARTITION OF shop.orders DEFAULT;
COMMENT ON TABLE shop.orders_other IS 'From the old system, and anything nobody made a partition for';

INSERT INTO shop.orders (order_id, ordered_at, customer_id, status, total, ship_to, delivery, coupons, placed_from, note)
SELECT order_id, ordered_at, 1 + floor(pg_temp.scaled(20000) * power(pg_temp.chance(order_id, 101), 1.5)),
  CASE WHEN ordered_at > '2026-06-29' THEN 'new' WHEN ordered_at > '2026-06-27' THEN 'packed' WHEN ordered_at > '2026-06-24' THEN 'shipped'
    WHEN pg_temp.pick(order_id, 102, 25) = 0 THEN 'returned' WHEN pg_temp.pick(order_id, 102, 400) = 1 THEN 'on hold: ask!' ELSE 'delivered' END::shop.order_status,
  total, address.address, tstzrange(ordered_at + interval '1 day', ordered_at + (2 + pg_temp.pick(order_id, 103, 5)) * interval '1 day'),
  CASE pg_temp.pick(order_id, 104, 12) WHEN 0 THEN ARRAY['WELCOME10'] WHEN 1 THEN ARRAY['SPRING', 'FREESHIP'] END,
  pg_temp.client_address(order_id),
  CASE pg_temp.pick(order_id, 105, 20) WHEN 0 THEN 'Please leave it with the neighbours.' WHEN 1 THEN 'It is a present, no invoice in the box!' WHEN 2 THEN E'Ring twice.\nThe dog is nice.' END
FROM (SELECT order_id, ordered_at, sum(line_total) AS total FROM shop.order_lines GROUP BY order_id, ordered_at) lines
JOIN shop.addresses address ON address_id = 1 + pg_temp.pick(order_id, 106, pg_temp.scaled(24000))
ORDER BY order_id;

SELECT setval('shop.order_number', max(order_id)) FROM shop.orders;
