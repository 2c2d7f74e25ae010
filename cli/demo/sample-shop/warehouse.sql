SET ROLE shop_owner;

CREATE TABLE warehouse.sites (
  site_id smallint PRIMARY KEY, name text NOT NULL UNIQUE, location point, opening tstzmultirange, gateway macaddr, network cidr
);
INSERT INTO warehouse.sites VALUES
  (1, 'Leipzig', '(51.34,12.37)', '{[2025-01-01 06:00+00,2025-01-01 20:00+00),[2025-01-02 06:00+00,2025-01-02 20:00+00)}', '08:00:2b:01:02:03', '192.0.2.0/28'),
  (2, 'Lyon', '(45.76,4.84)', '{}', NULL, '2001:db8:77::/64'), (3, 'Poznań', NULL, NULL, 'ff:ff:ff:00:00:01', NULL);

CREATE TABLE warehouse.stock (
  site_id smallint NOT NULL REFERENCES warehouse.sites, product_id int NOT NULL REFERENCES shop.products,
  on_hand int NOT NULL DEFAULT 0, reserved int NOT NULL DEFAULT 0, available int GENERATED ALWAYS AS (on_hand - reserved) STORED,
  bins int4range[], PRIMARY KEY (site_id, product_id), CHECK (on_hand >= reserved)
);
INSERT INTO warehouse.stock (site_id, product_id, on_hand, reserved, bins)
SELECT site_id, product_id, 20 + pg_temp.pick(product_id * 4 + site_id, 131, 500), pg_temp.pick(product_id * 4 + site_id, 132, 20),
  ARRAY[int4range(product_id * 10, product_id * 10 + 2 + pg_temp.pick(product_id, 133, 5))]
FROM warehouse.sites, shop.products WHERE pg_temp.pick(product_id * 4 + site_id, 134, 3) > 0;

-- No dock is booked twice at the same time.
CREATE TABLE warehouse.dock_bookings (
  booking_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, dock int NOT NULL, during tstzrange NOT NULL CHECK (NOT isempty(during)), carrier text NOT NULL
);
INSERT INTO warehouse.dock_bookings (dock, during, carrier)
SELECT n % 6, tstzrange(start, start + interval '45 minutes'), pg_temp.word(n, 135, ARRAY['DHL', 'DPD', 'GLS', 'La Poste', 'PostNord'])
FROM generate_series(1, pg_temp.scaled(3000)) n CROSS JOIN LATERAL (SELECT timestamptz '2026-01-05 06:00:00+00' + n / 6 * interval '1 hour' AS start) slot;

DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'btree_gist') THEN
    ALTER TABLE warehouse.dock_bookings ADD CONSTRAINT booked_once EXCLUDE USING gist (dock WITH OPERATOR(pg_catalog.=), during WITH &&);
  ELSE
    ALTER TABLE warehouse.dock_bookings ADD CONSTRAINT booked_once EXCLUDE USING gist (int4range(dock, dock, '[]') WITH &&, during WITH &&);
  END IF;
END
$$;

-- Inheritance: the rows of a child are seen through its parent, but belong to the child.
CREATE TABLE warehouse.people (name text NOT NULL, hired_on date NOT NULL, badge bit(8));
CREATE TABLE warehouse.drivers (licence text NOT NULL, PRIMARY KEY (licence)) INHERITS (warehouse.people);
INSERT INTO warehouse.people SELECT pg_temp.first_name(n) || ' ' || pg_temp.last_name(n + 7), date '2015-01-01' + 31 * n, n::bit(8) FROM generate_series(1, 40) n;
INSERT INTO warehouse.drivers SELECT pg_temp.first_name(n) || ' ' || pg_temp.last_name(n), date '2018-01-01' + 17 * n, NULL, 'C' || 5000 + n FROM generate_series(1, 12) n;
