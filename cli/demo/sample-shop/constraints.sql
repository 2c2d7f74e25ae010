SET ROLE shop_owner;

ALTER TABLE shop.order_lines ADD PRIMARY KEY (order_id, line);
ALTER TABLE shop.order_lines ADD FOREIGN KEY (order_id, ordered_at) REFERENCES shop.orders ON DELETE CASCADE;
ALTER TABLE shop.order_lines ADD FOREIGN KEY (product_id) REFERENCES shop.products;
ALTER TABLE shop.orders ADD FOREIGN KEY (customer_id) REFERENCES shop.customers;
ALTER TABLE shop.payments ADD PRIMARY KEY (payment_id);
ALTER TABLE shop.payments ADD FOREIGN KEY (order_id, ordered_at) REFERENCES shop.orders DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE shop.payments ADD CONSTRAINT positive CHECK (amount > 0) NOT VALID;

CREATE INDEX ON shop.orders (customer_id, ordered_at DESC);
CREATE INDEX ON shop.orders (status) WHERE status NOT IN ('delivered', 'returned');
CREATE INDEX ON shop.order_lines (product_id) INCLUDE (quantity);
CREATE INDEX ON shop.payments USING brin (paid_at);
CREATE INDEX ON audit.events USING brin (happened_at);
CREATE INDEX ON shop.products USING gin (search);
CREATE INDEX ON shop.products USING gin (attributes jsonb_path_ops);
CREATE INDEX ON shop.products USING gin (tags);
CREATE INDEX ON shop.price_history USING gist (during);
CREATE INDEX ON shop.addresses USING gist (position);
CREATE INDEX ON shop.addresses USING hash (customer_id);
CREATE UNIQUE INDEX customers_email ON shop.customers (lower(email::text));
CREATE INDEX "customers, by name" ON shop.customers (lower(family_name) DESC NULLS LAST, given_name COLLATE "C");
CREATE STATISTICS shop.orders_status_currency (dependencies, mcv) ON status, currency FROM shop.orders;

DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
    CREATE INDEX products_name_similar ON shop.products USING gin (name public.gin_trgm_ops);
  END IF;
END
$$;
