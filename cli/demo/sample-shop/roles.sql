-- Roles belong to the whole server and may be there already; only one loader at a time may look.
SELECT pg_advisory_xact_lock(7106511);

DO $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['shop_owner', 'shop_app', 'shop_readonly'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
    END IF;
  END LOOP;
  IF NOT pg_has_role('shop_app', 'shop_readonly', 'MEMBER') THEN
    GRANT shop_readonly TO shop_app;
    COMMENT ON ROLE shop_app IS 'The web shop''s connection pool';
  END IF;
END
$$;
