-- A little of every kind of object.
CREATE SCHEMA "Lager ä";
CREATE TYPE state AS ENUM ('open', 'paid', 'sent');
CREATE TABLE customers (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    born date,
    notes jsonb DEFAULT '{}'
);
CREATE TABLE orders (
    id bigint, customer int REFERENCES customers, state state, placed timestamptz, picture bytea,
    total numeric(12, 2), PRIMARY KEY (id, placed)
) PARTITION BY RANGE (placed);
CREATE TABLE orders_old PARTITION OF orders FOR VALUES FROM (MINVALUE) TO ('2026-01-01Z');
CREATE TABLE orders_new PARTITION OF orders FOR VALUES FROM ('2026-01-01Z') TO (MAXVALUE);
CREATE TABLE "Lager ä"."Artikel ""1""" (name text COLLATE "C", tags text[]);
CREATE TABLE nothing ();
CREATE VIEW unpaid AS SELECT * FROM orders WHERE state = 'open';
CREATE INDEX ON orders (customer, placed DESC);
CREATE FUNCTION double(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
CREATE TRIGGER refuse BEFORE TRUNCATE ON customers FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE MATERIALIZED VIEW per_customer AS SELECT customer, sum(total) AS total FROM orders GROUP BY 1 WITH NO DATA;
