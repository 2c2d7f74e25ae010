SET ROLE shop_owner;

CREATE FUNCTION shop.category_path(wanted int) RETURNS text LANGUAGE sql STABLE AS $$
  WITH RECURSIVE up AS (
    SELECT category_id, parent_id, name, 1 AS depth FROM shop.categories WHERE category_id = wanted
    UNION ALL SELECT c.category_id, c.parent_id, c.name, depth + 1 FROM shop.categories c JOIN up ON c.category_id = up.parent_id)
  SELECT string_agg(name, ' › ' ORDER BY depth DESC) FROM up
$$;
COMMENT ON FUNCTION shop.category_path(int) IS 'Kitchen › Tableware';

CREATE FUNCTION audit.record() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO audit.changes (changed, before, after) VALUES (TG_RELID, to_jsonb(OLD) - 'search', to_jsonb(NEW) - 'search');
  RETURN NULL;
END
$$;
CREATE TRIGGER "record changes" AFTER UPDATE OF price, status ON shop.products FOR EACH ROW EXECUTE FUNCTION audit.record('price');
-- Before the trigger that follows, whose time of day would make each load another.
UPDATE shop.products SET price = price + 1 WHERE product_id % 200 = 3;

CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := clock_timestamp();
  RETURN NEW;
END
$$;
CREATE TRIGGER touch BEFORE UPDATE ON shop.products FOR EACH ROW WHEN (OLD.price IS DISTINCT FROM NEW.price) EXECUTE FUNCTION shop.touch();

CREATE FUNCTION shop.check_customer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.family_name = '' THEN RAISE EXCEPTION 'a customer needs a name'; END IF;
  RETURN NEW;
END
$$;
CREATE CONSTRAINT TRIGGER check_customer AFTER INSERT ON shop.customers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION shop.check_customer();
CREATE TRIGGER stopped BEFORE INSERT ON shop.reviews FOR EACH ROW EXECUTE FUNCTION shop.check_customer();
ALTER TABLE shop.reviews DISABLE TRIGGER stopped;

CREATE VIEW shop.active_products WITH (security_barrier) AS
  SELECT product_id, sku, name, price, price OPERATOR(shop.+%) tax_percent AS gross, shop.category_path(category_id) AS category
  FROM shop.products WHERE status = 'active' WITH LOCAL CHECK OPTION;
CREATE RECURSIVE VIEW shop.category_tree (category_id, path) AS
  SELECT category_id, ARRAY[name]::text[] FROM shop.categories WHERE parent_id IS NULL
  UNION ALL SELECT c.category_id, path || c.name::text FROM shop.categories c JOIN category_tree t ON c.parent_id = t.category_id;
CREATE RULE no_delete AS ON DELETE TO shop.active_products DO INSTEAD NOTHING;

CREATE MATERIALIZED VIEW shop.monthly_sales AS
  SELECT date_trunc('month', ordered_at, 'UTC') AS month, count(*) AS orders, sum(total) AS revenue, shop.latest(status ORDER BY ordered_at) AS last_status
  FROM shop.orders GROUP BY 1 ORDER BY 1;
CREATE UNIQUE INDEX ON shop.monthly_sales (month);
CREATE MATERIALIZED VIEW shop.not_filled AS SELECT * FROM shop.monthly_sales WHERE revenue > 1000 WITH NO DATA;

CREATE PROCEDURE shop.refresh_sales(INOUT months int DEFAULT 0) LANGUAGE plpgsql AS $$
BEGIN
  REFRESH MATERIALIZED VIEW shop.monthly_sales;
  SELECT count(*) INTO months FROM shop.monthly_sales;
END
$$;

CREATE FUNCTION shop.best_sellers(VARIADIC months date[]) RETURNS TABLE (product_id int, sold bigint) STABLE ROWS 20
BEGIN ATOMIC
  SELECT l.product_id, sum(l.quantity) FROM shop.order_lines l
  WHERE date_trunc('month', l.ordered_at, 'UTC')::date = ANY (months) GROUP BY l.product_id ORDER BY 2 DESC, 1 LIMIT 20;
END;

-- What only newer servers have; through EXECUTE, because older ones cannot even parse it.
DO $$
BEGIN
  IF current_setting('server_version_num')::int >= 180000 THEN
    EXECUTE 'ALTER TABLE shop.products ADD COLUMN tax_factor numeric GENERATED ALWAYS AS (1 + tax_percent / 100) VIRTUAL';
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'btree_gist') THEN
      EXECUTE 'ALTER TABLE shop.price_history ADD PRIMARY KEY (product_id, during WITHOUT OVERLAPS)';
    END IF;
  END IF;
END
$$;

GRANT USAGE ON SCHEMA shop, warehouse TO shop_readonly;
GRANT SELECT ON ALL TABLES IN SCHEMA shop, warehouse TO shop_readonly;
GRANT INSERT, UPDATE ON shop.orders, shop.order_lines, shop.baskets TO shop_app;
GRANT UPDATE (given_name, family_name, phone) ON shop.customers TO shop_app WITH GRANT OPTION;
GRANT USAGE ON SEQUENCE shop.order_number TO shop_app;
REVOKE EXECUTE ON FUNCTION audit.record() FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO shop_readonly;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
