CREATE TABLE "日本語" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "テキスト" text NOT NULL);
INSERT INTO "日本語" ("テキスト") VALUES ('こんにちは'), ('Grüße'), ('emoji 🙂'), (E'line\nbreak');

CREATE TABLE "naïve café" (price numeric(8, 2), sold_on date);
INSERT INTO "naïve café" SELECT 2.5 + n % 4, date '2026-01-01' + n FROM generate_series(1, 50) n;
