-- Words and deterministic chance for the session that fills the database. Everything lives in pg_temp, so
-- nothing of it is left behind. "Random" values are hashes of a row's number and a salt: the same on every
-- server, whatever plan it takes, which setseed() could not promise.

CREATE FUNCTION pg_temp.scaled(rows_at_full_size int) RETURNS int STABLE
RETURN greatest(3, round(rows_at_full_size * current_setting('sample.scale')::float8))::int;

CREATE FUNCTION pg_temp.pick(n bigint, salt int, choices int) RETURNS int IMMUTABLE
RETURN ((hashint8extended(n, salt) & 9223372036854775807) % choices)::int;

-- 0 <= chance < 1
CREATE FUNCTION pg_temp.chance(n bigint, salt int) RETURNS float8 IMMUTABLE
RETURN (hashint8extended(n, salt) & 4294967295)::float8 / 4294967296;

CREATE FUNCTION pg_temp.word(n bigint, salt int, words text[]) RETURNS text IMMUTABLE
RETURN words[1 + pg_temp.pick(n, salt, cardinality(words))];

CREATE FUNCTION pg_temp.first_name(n bigint) RETURNS text IMMUTABLE
RETURN pg_temp.word(n, 11, ARRAY['Anna', 'Ben', 'Clara', 'David', 'Elif', 'Felix', 'Giulia', 'Hannah', 'Ivan',
  'Jana', 'Karim', 'Lena', 'Mateo', 'Nora', 'Oskar', 'Paula', 'Quentin', 'Rosa', 'Samir', 'Theo', 'Ursula',
  'Viktor', 'Wanda', 'Xenia', 'Yusuf', 'Zoë', 'André', 'Björn', 'Chloé', 'Dörte', 'Søren', 'Łukasz', 'Noémie',
  'Iñaki', 'Maja', 'Tomasz', 'Aoife', 'Rhys', 'Priya', 'Wei', 'Haruto', 'Olga', 'Dimitri', 'Fatima', 'João']);

CREATE FUNCTION pg_temp.last_name(n bigint) RETURNS text IMMUTABLE
RETURN pg_temp.word(n, 12, ARRAY['Müller', 'Schmidt', 'Rossi', 'Dubois', 'García', 'Novák', 'Kowalski', 'Jensen',
  'O''Brien', 'van den Berg', 'Silva', 'Weber', 'Wagner', 'Becker', 'Hoffmann', 'Koch', 'Richter', 'Moreau',
  'Laurent', 'Fontaine', 'Bianchi', 'Ricci', 'Marino', 'Fernández', 'López', 'Nguyễn', 'Yılmaz', 'Kaya', 'Horváth',
  'Nagy', 'Lindqvist', 'Eriksson', 'Virtanen', 'Korhonen', 'Murphy', 'Kelly', 'Evans', 'Patel', 'Singh', 'Chen',
  'Tanaka', 'Petrov', 'Ivanova', 'Papadopoulos', 'Costa', 'Almeida', 'Meyer-Lüdenscheid', 'de la Cruz']);

CREATE FUNCTION pg_temp.street(n bigint) RETURNS text IMMUTABLE
RETURN pg_temp.word(n, 13, ARRAY['Station Road', 'Hauptstraße', 'Rue de la Gare', 'Via Roma', 'Calle Mayor',
  'Lindenallee', 'Church Lane', 'Schulstraße', 'Rue Victor-Hugo', 'Viale Europa', 'Storgatan', 'Bergweg',
  'Marktplatz', 'High Street', 'Gartenstraße', 'Quai Saint-Michel', 'Corso Italia', 'Plaza del Sol', 'Kirkegata'])
  || ' ' || 1 + pg_temp.pick(n, 14, 180);

-- "city|country|first digits of its post codes"
CREATE FUNCTION pg_temp.city(n bigint) RETURNS text IMMUTABLE
RETURN pg_temp.word(n, 15, ARRAY['Berlin|DE|10', 'Hamburg|DE|20', 'München|DE|80', 'Köln|DE|50', 'Leipzig|DE|04',
  'Paris|FR|75', 'Lyon|FR|69', 'Nantes|FR|44', 'Milano|IT|20', 'Torino|IT|10', 'Madrid|ES|28', 'Sevilla|ES|41',
  'Wien|AT|10', 'Graz|AT|80', 'Zürich|CH|80', 'Genève|CH|12', 'Amsterdam|NL|10', 'Utrecht|NL|35', 'København|DK|21',
  'Aarhus|DK|80', 'Stockholm|SE|11', 'Göteborg|SE|41', 'Oslo|NO|01', 'Warszawa|PL|00', 'Kraków|PL|30',
  'Praha|CZ|11', 'Brno|CZ|60', 'Lisboa|PT|11', 'Porto|PT|40', 'Dublin|IE|15', 'Helsinki|FI|00', 'Athína|GR|10']);

-- A moment for the n-th of all things sold: the first fiftieth in 2019, before the move to this system, the
-- rest from January 2025 to June 2026, growing.
CREATE FUNCTION pg_temp.moment(n bigint, total bigint) RETURNS timestamptz IMMUTABLE
RETURN CASE WHEN n * 50 < total
    THEN timestamptz '2019-03-01 08:00:00+00' + n * 50 * 200 * 1440 / total * interval '1 minute'
    ELSE timestamptz '2025-01-01 00:00:00+00'
      + floor(power((n - total::float8 / 50) / (total::float8 * 0.98), 0.75) * 47088000) * interval '1 second' END;

CREATE FUNCTION pg_temp.client_address(n bigint) RETURNS inet IMMUTABLE
RETURN CASE WHEN pg_temp.pick(n, 16, 5) = 0
    THEN ('2001:db8:' || to_hex(pg_temp.pick(n, 17, 4096)) || '::' || to_hex(1 + pg_temp.pick(n, 18, 65000)))::inet
    ELSE inet '198.51.100.0' + (pg_temp.pick(n, 17, 3) * 1000 + pg_temp.pick(n, 18, 256)) END;

CREATE FUNCTION pg_temp.uuid_of(n bigint, salt int) RETURNS uuid IMMUTABLE
RETURN (lpad(to_hex(hashint8extended(n, salt)), 16, '0') || lpad(to_hex(hashint8extended(n, salt + 1)), 16, '0'))::uuid;

CREATE FUNCTION pg_temp.opinion(n bigint, salt int) RETURNS text IMMUTABLE
RETURN pg_temp.word(n, salt, ARRAY['Arrived two days early and well packed.', 'Exactly as described.',
  'The colour is a little darker than in the pictures.', 'Would buy again.', 'Assembly took ten minutes.',
  'My second one; the first still works after four years.', 'One screw was missing, support sent it the next day.',
  'Good value, but the manual is only in German.', 'Too small for our kitchen, returned without trouble.',
  'A present for my father, who uses it every day.', 'Sturdy, heavy, beautiful.', 'The smell was gone after a week.',
  'Not what I expected for the price.', 'Five stars for the courier, three for the product.', 'It just works.']);
