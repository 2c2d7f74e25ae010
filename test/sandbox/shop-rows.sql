-- Rows that do not depend on the day.
INSERT INTO customers (name, born, notes)
    SELECT 'Zoë ' || n, date '1970-01-01' + n, jsonb_build_object('n', n, 'text', md5(n::text))
    FROM generate_series(1, 2000) n;
INSERT INTO orders
    SELECT n, 1 + n % 2000, (ARRAY['open', 'paid', 'sent'])[1 + n % 3]::state,
           timestamptz '2025-06-01Z' + n * interval '1 hour', sha256(n::text::bytea), n / 7.0
    FROM generate_series(1, 10000) n;
INSERT INTO "Lager ä"."Artikel ""1""" VALUES (E'a\tb\\N\n', '{x,NULL,"y z"}'), (NULL, NULL);
REFRESH MATERIALIZED VIEW per_customer;
