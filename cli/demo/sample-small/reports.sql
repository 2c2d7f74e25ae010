CREATE TYPE traffic_light AS ENUM ('green', 'amber', 'red');

CREATE TABLE kpis (name text PRIMARY KEY, unit text NOT NULL, target numeric, state traffic_light NOT NULL DEFAULT 'green');
INSERT INTO kpis VALUES ('Revenue', 'EUR', 250000, 'green'), ('Returns', '%', 4.5, 'amber'), ('Delivery time', 'days', 2, 'green'), ('Stock-outs', 'products', 0, 'red');

CREATE TABLE measurements (kpi text NOT NULL REFERENCES kpis, week date NOT NULL, value numeric NOT NULL, PRIMARY KEY (kpi, week));
INSERT INTO measurements
SELECT name, date '2025-01-06' + 7 * week, round(coalesce(nullif(target, 0), 10) * (90 + (week * 7 + length(name) * 13) % 25) / 100, 2)
FROM kpis, generate_series(0, 103) week;

CREATE TABLE recipients (email text PRIMARY KEY, hour int CHECK (hour BETWEEN 0 AND 23));
INSERT INTO recipients VALUES ('finance@example.com', 6), ('warehouse@example.com', 5), ('board@example.com', 8);

CREATE VIEW latest AS SELECT DISTINCT ON (kpi) kpi, week, value FROM measurements ORDER BY kpi, week DESC;
