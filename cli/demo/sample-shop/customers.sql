SET ROLE shop_owner;

CREATE TABLE shop.customers (
  customer_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email shop.email_address NOT NULL,
  given_name text NOT NULL,
  family_name text NOT NULL,
  display_name text GENERATED ALWAYS AS (given_name || ' ' || family_name) STORED,
  birthday date,
  registered_at timestamptz NOT NULL,
  newsletter boolean NOT NULL DEFAULT false,
  phone varchar(24),
  preferences jsonb NOT NULL DEFAULT '{}',
  budget shop.price_range
);
COMMENT ON COLUMN shop.customers.email IS 'Unique without regard to case';

INSERT INTO shop.customers (email, given_name, family_name, birthday, registered_at, newsletter, phone, preferences, budget)
SELECT translate(lower(given || '.' || family), 'üöäéèçíáńłñøåãõýż ''ıŁëễó', 'uoaeecianlnoaaoyz--ileeo') || n || '@example.com', given, family,
  CASE WHEN pg_temp.pick(n, 51, 3) > 0 THEN date '1950-01-01' + pg_temp.pick(n, 52, 20000) END,
  pg_temp.moment(n, pg_temp.scaled(20000)), pg_temp.pick(n, 53, 3) = 0,
  CASE WHEN pg_temp.pick(n, 54, 2) = 0 THEN '+49 30 ' || 1000000 + pg_temp.pick(n, 55, 8999999) END,
  jsonb_build_object('language', pg_temp.word(n, 56, ARRAY['de', 'en', 'fr', 'it', 'es']), 'currency', 'EUR', 'dark_mode', pg_temp.pick(n, 57, 2) = 1),
  CASE WHEN pg_temp.pick(n, 58, 10) = 0 THEN shop.price_range(10 * pg_temp.pick(n, 59, 9), 100 + 10 * pg_temp.pick(n, 60, 90)) END
FROM generate_series(1, pg_temp.scaled(20000)) n
CROSS JOIN LATERAL (SELECT pg_temp.first_name(n) AS given, pg_temp.last_name(n) AS family) person;

CREATE TABLE shop.addresses (
  address_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id int NOT NULL REFERENCES shop.customers ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('home', 'work', 'pick-up point')),
  address shop.postal_address NOT NULL,
  position point
);

INSERT INTO shop.addresses (customer_id, kind, address, position)
SELECT 1 + pg_temp.pick(n, 61, pg_temp.scaled(20000)), pg_temp.word(n, 62, ARRAY['home', 'home', 'work', 'pick-up point']),
  ROW(pg_temp.street(n), split_part(place, '|', 3) || lpad(pg_temp.pick(n, 63, 1000)::text, 3, '0'), split_part(place, '|', 1), split_part(place, '|', 2))::shop.postal_address,
  point(round((41 + 18 * pg_temp.chance(n, 64))::numeric, 4), round((-8 + 30 * pg_temp.chance(n, 65))::numeric, 4))
FROM generate_series(1, pg_temp.scaled(24000)) n CROSS JOIN LATERAL (SELECT pg_temp.city(n) AS place) chosen;

-- Text that is hard on whoever reads COPY's format: its own end mark, tabs, backslashes, line ends of all kinds.
CREATE TABLE shop.reviews (
  review_id bigint GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY 10) PRIMARY KEY,
  product_id int NOT NULL REFERENCES shop.products,
  customer_id int REFERENCES shop.customers,
  stars smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
  body text,
  written_at timestamptz NOT NULL
);
INSERT INTO shop.reviews (product_id, customer_id, stars, body, written_at)
SELECT 1 + pg_temp.pick(n, 71, pg_temp.scaled(4000)), 1 + pg_temp.pick(n, 72, pg_temp.scaled(20000)), 1 + ceil(4 * sqrt(pg_temp.chance(n, 73))),
  CASE pg_temp.pick(n, 74, 40)
    WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN E'\\.' WHEN 3 THEN E'first line\n\\.\nlast line' WHEN 4 THEN E'\\N'
    WHEN 5 THEN E'tab\there, back\\slash, \r\nWindows\u2028line, \x07 bell, "quotes" and ''more''' WHEN 6 THEN '🙂👍🏽 ≥ 5/5, 日本語, عربي'
    WHEN 7 THEN E'COPY shop.reviews (body) FROM stdin;\n\\.' WHEN 8 THEN E'-- \n\n\n'
    ELSE pg_temp.opinion(n, 75) || ' ' || pg_temp.opinion(n, 76) || ' ' || pg_temp.opinion(n, 77) END,
  pg_temp.moment(n, pg_temp.scaled(12000))
FROM generate_series(1, pg_temp.scaled(12000)) n;

CREATE TABLE shop.support_tickets (
  ticket_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id int NOT NULL REFERENCES shop.customers, subject text NOT NULL, answered_within interval
);
INSERT INTO shop.support_tickets (customer_id, subject, answered_within)
SELECT 1 + pg_temp.pick(n, 81, pg_temp.scaled(20000)), pg_temp.word(n, 82, ARRAY['Where is my parcel?', 'Wrong colour', 'Invoice, please', 'Return', 'Gift card does not work']),
  CASE WHEN pg_temp.pick(n, 83, 9) > 0 THEN pg_temp.pick(n, 84, 4000) * interval '1 minute' END
FROM generate_series(1, pg_temp.scaled(1500)) n;
ALTER TABLE shop.support_tickets ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_tickets ON shop.support_tickets TO shop_app USING (customer_id = current_setting('shop.customer', true)::int) WITH CHECK (subject <> '');
