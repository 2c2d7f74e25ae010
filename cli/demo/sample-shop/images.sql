SET ROLE shop_owner;

CREATE TABLE shop.product_images (
  product_id int PRIMARY KEY REFERENCES shop.products, file_name text NOT NULL, format text NOT NULL, image oid NOT NULL
);
COMMENT ON COLUMN shop.product_images.image IS 'A large object';

-- Pictures in the Portable Pixmap format, 128 × 128: a plain part, which compresses as a studio background does,
-- and a grainy one, which does not. Numbers of large objects are fixed, so that two loads are alike.
INSERT INTO shop.product_images
SELECT product_id, 'product-' || product_id || '.ppm', 'image/x-portable-pixmap',
  lo_from_bytea(3000000 + product_id, convert_to(E'P6\n128 128\n255\n', 'UTF8') || (
    SELECT string_agg(decode(repeat(lpad(to_hex(y + pg_temp.pick(product_id, 141, 100)), 2, '0') || lpad(to_hex(200 - y), 2, '0') || 'b4', 96), 'hex')
      || sha512(convert_to(product_id || '/' || y, 'UTF8')) || sha256(convert_to(product_id || '/' || y, 'UTF8')), ''::bytea ORDER BY y)
    FROM generate_series(0, 127) y))
FROM shop.products WHERE product_id <= pg_temp.scaled(160);

CREATE TABLE shop.documents (title text PRIMARY KEY, content oid);
INSERT INTO shop.documents
SELECT 'Price list', lo_from_bytea(2999999, convert_to(string_agg(sku || ';' || name || ';' || description || ';' || price, E'\r\n' ORDER BY sku), 'UTF8')) FROM shop.products
UNION ALL SELECT 'Nothing yet', lo_from_bytea(2999998, ''::bytea)
UNION ALL SELECT 'Lost', NULL;

COMMENT ON LARGE OBJECT 2999999 IS 'The printed catalogue''s price list';
GRANT SELECT ON LARGE OBJECT 2999999 TO shop_readonly;
