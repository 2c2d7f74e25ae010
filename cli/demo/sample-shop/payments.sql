SET ROLE shop_owner;

CREATE TABLE shop.payments (
  payment_id uuid NOT NULL DEFAULT gen_random_uuid(),
  order_id bigint NOT NULL,
  ordered_at timestamptz NOT NULL,
  method shop.payment_method NOT NULL,
  amount shop.price NOT NULL,
  paid_at timestamptz,
  cleared_after interval,
  client inet,
  card_last_four char(4),
  reference text NOT NULL
);

INSERT INTO shop.payments
SELECT pg_temp.uuid_of(order_id, 111), order_id, ordered_at, method, total, ordered_at + pg_temp.pick(order_id, 113, 900) * interval '1 second',
  CASE WHEN method = 'invoice' THEN pg_temp.pick(order_id, 114, 30) * interval '1 day' ELSE pg_temp.pick(order_id, 115, 90) * interval '1 second' END,
  placed_from, CASE method WHEN 'card' THEN lpad(pg_temp.pick(order_id, 116, 10000)::text, 4, '0') END,
  'Order ' || order_id || ', ' || to_char(ordered_at, 'YYYY-MM-DD')
FROM shop.orders CROSS JOIN LATERAL (SELECT pg_temp.word(order_id, 112,
  ARRAY['card', 'card', 'card', 'paypal', 'paypal', 'invoice', 'transfer', 'gift card'])::shop.payment_method AS method) chosen
WHERE status <> 'new';
