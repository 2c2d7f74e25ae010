-- Extensions are a matter of what the server was built with: each is used where it is there and replaced where
-- it is not.
DO $$
DECLARE
  wanted text;
BEGIN
  FOR wanted IN SELECT name FROM pg_available_extensions
      WHERE name IN ('btree_gist', 'citext', 'hstore', 'pg_trgm') ORDER BY name LOOP
    EXECUTE format('CREATE EXTENSION %I WITH SCHEMA public', wanted);
  END LOOP;
END
$$;

CREATE SCHEMA shop AUTHORIZATION shop_owner;
CREATE SCHEMA warehouse AUTHORIZATION shop_owner;
CREATE SCHEMA audit AUTHORIZATION shop_owner;
COMMENT ON SCHEMA shop IS 'What customers see';

SET ROLE shop_owner;

CREATE TYPE shop.order_status AS ENUM ('new', 'paid', 'packed', 'shipped', 'delivered', 'returned', 'on hold: ask!');
CREATE TYPE shop.payment_method AS ENUM ('card', 'paypal', 'invoice', 'transfer', 'gift card');
CREATE TYPE shop.product_status AS ENUM ('draft', 'active', 'sold out', 'retired');

CREATE DOMAIN shop.price AS numeric(12, 2) CONSTRAINT not_negative CHECK (VALUE >= 0);
COMMENT ON DOMAIN shop.price IS 'An amount in the order''s currency';
CREATE DOMAIN shop.sku AS text CHECK (VALUE ~ '^[A-Z]{3}-[0-9]{5}$');

DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'citext') THEN
    CREATE DOMAIN shop.email_address AS public.citext CHECK (VALUE ~ '^[^@\s]+@[^@\s]+$');
  ELSE
    CREATE DOMAIN shop.email_address AS text CHECK (VALUE ~ '^[^@\s]+@[^@\s]+$');
  END IF;
END
$$;

CREATE TYPE shop.postal_address AS (street text, postcode text, city text, country char(2));
CREATE TYPE shop.price_range AS RANGE (subtype = numeric, multirange_type_name = shop.price_multirange);

CREATE COLLATION shop.by_codepoint (provider = libc, locale = 'C');

CREATE TEXT SEARCH DICTIONARY shop.english_words (TEMPLATE = pg_catalog.snowball, LANGUAGE = english, STOPWORDS = english);
CREATE TEXT SEARCH CONFIGURATION shop.product_search (COPY = pg_catalog.english);
ALTER TEXT SEARCH CONFIGURATION shop.product_search ALTER MAPPING FOR asciiword, word WITH shop.english_words;

CREATE SEQUENCE shop.order_number START 1000007 INCREMENT 7 CACHE 5;
CREATE SEQUENCE shop.countdown START -1 INCREMENT -3 MINVALUE -3000 MAXVALUE -1 CYCLE;

-- Its body is what a reader of plain dumps must not take for data.
CREATE FUNCTION shop.import_help() RETURNS text LANGUAGE sql IMMUTABLE AS $body$
  SELECT $help$
To load a price list, write:

COPY x FROM stdin;
1	Teapot	19.90
2	Cup	4.50
\.

COPY shop.products (sku, price) FROM stdin;
$help$;
$body$;

CREATE FUNCTION shop.format_address(address shop.postal_address) RETURNS text IMMUTABLE
RETURN (address).street || ', ' || (address).postcode || ' ' || (address).city || ', ' || (address).country;
CREATE CAST (shop.postal_address AS text) WITH FUNCTION shop.format_address(shop.postal_address) AS ASSIGNMENT;

CREATE FUNCTION shop.add_percent(amount numeric, percent numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT round(amount * (100 + percent) / 100, 2)';
CREATE OPERATOR shop.+% (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = shop.add_percent);
COMMENT ON OPERATOR shop.+% (numeric, numeric) IS 'With tax: 100 +% 19 = 119.00';

CREATE FUNCTION shop.second_of(earlier anyelement, later anyelement) RETURNS anyelement
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT later';
CREATE AGGREGATE shop.latest(anyelement) (SFUNC = shop.second_of, STYPE = anyelement);
