SET ROLE shop_owner;

CREATE TABLE audit.events (
  event_id bigint NOT NULL,
  happened_at timestamptz NOT NULL,
  session uuid NOT NULL,
  payload jsonb NOT NULL
) PARTITION BY HASH (event_id);

DO $$
BEGIN
  FOR remainder IN 0..3 LOOP
    EXECUTE format('CREATE TABLE audit.%I PARTITION OF audit.events FOR VALUES WITH (MODULUS 4, REMAINDER %s)', 'events_' || remainder, remainder);
  END LOOP;
END
$$;

INSERT INTO audit.events
SELECT n, pg_temp.moment(n, pg_temp.scaled(80000)), pg_temp.uuid_of(n / 6, 121),
  jsonb_build_object('kind', kind, 'path', '/p/' || 1 + pg_temp.pick(n, 123, pg_temp.scaled(4000)), 'ms', 20 + pg_temp.pick(n, 124, 900),
    'agent', pg_temp.word(n / 6, 125, ARRAY['Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36']),
    'client', host(pg_temp.client_address(n / 6)), 'referrer', pg_temp.word(n, 126, ARRAY['https://www.example.com/', 'https://news.example.org/gifts', NULL]),
    'query', CASE kind WHEN 'search' THEN pg_temp.word(n, 127, ARRAY['oak table', 'lamp', 'tea pot', 'größe l', 'wool rug 200x300']) END)
FROM generate_series(1, pg_temp.scaled(80000)) n
CROSS JOIN LATERAL (SELECT pg_temp.word(n, 122, ARRAY['view', 'view', 'view', 'search', 'add to basket', 'checkout', 'login']) AS kind) chosen;

-- Partitioned by list, on two levels.
CREATE TABLE audit.logins (login_id int NOT NULL, country text NOT NULL, at timestamptz NOT NULL, succeeded boolean NOT NULL) PARTITION BY LIST (country);
CREATE TABLE audit.logins_german PARTITION OF audit.logins FOR VALUES IN ('DE', 'AT', 'CH') PARTITION BY RANGE (at);
CREATE TABLE audit.logins_german_recent PARTITION OF audit.logins_german FOR VALUES FROM ('2025-01-01 00:00:00+00') TO (MAXVALUE);
CREATE TABLE audit.logins_german_old PARTITION OF audit.logins_german DEFAULT;
CREATE TABLE audit.logins_elsewhere PARTITION OF audit.logins DEFAULT;
INSERT INTO audit.logins
SELECT n, split_part(pg_temp.city(n), '|', 2), pg_temp.moment(n, pg_temp.scaled(10000)), pg_temp.pick(n, 128, 9) > 0 FROM generate_series(1, pg_temp.scaled(10000)) n;

CREATE UNLOGGED TABLE shop.baskets (session uuid PRIMARY KEY, items jsonb NOT NULL, touched_at timestamptz NOT NULL DEFAULT now());
INSERT INTO shop.baskets
SELECT DISTINCT ON (session) session, jsonb_build_array(payload ->> 'path'), happened_at FROM audit.events WHERE payload ->> 'kind' = 'add to basket' AND event_id % 10 = 0;

CREATE TABLE audit.changes (change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, changed regclass NOT NULL, before jsonb, after jsonb, by_role name NOT NULL DEFAULT current_user);
CREATE TABLE audit.failed_imports (at timestamptz PRIMARY KEY, reason text);
COMMENT ON TABLE audit.failed_imports IS 'Empty, and may it stay so';
