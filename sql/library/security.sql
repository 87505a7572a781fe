-- Row security by account: a role sees and changes what belongs to the accounts
-- that usage_account_access lists for it.

CREATE FUNCTION @extschema@.usage_secured_tables(
  OUT relation regclass,
  OUT policy text
)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  -- An array that is made once, so that indexes on account_id serve.
  accessible CONSTANT text := 'account_id = ANY (ARRAY(SELECT access.account_id FROM @extschema@.usage_account_access AS access WHERE access.role_name = current_user))';
BEGIN
  RETURN QUERY
  SELECT tables.name,
         'USING (' || tables.visible || ')' || coalesce(' WITH CHECK (' || tables.allowed || ')', '')
    FROM (SELECT to_regclass('@extschema@.' || account_tables.name) AS name,
                 accessible AS visible,
                 NULL AS allowed
            FROM unnest('{dim_account,dim_user,usage_rollup,user_activity,usage_pending,account_rollup}'::text[]) AS account_tables (name)
          UNION ALL
          -- Nor may events of others' users be added under an account of one's own.
          SELECT relid,
                 accessible,
                 accessible || format(' AND EXISTS (SELECT FROM @extschema@.dim_user AS member WHERE member.user_id = %s.user_id)',
                                      (SELECT quote_ident(relname) FROM pg_class WHERE oid = relid))
            FROM (SELECT '@extschema@.fct_event'::regclass::oid
                  UNION
                  SELECT tree.relid FROM pg_partition_tree('@extschema@.fct_event') AS tree) AS events (relid)
          UNION ALL
          -- These are about everybody.
          SELECT to_regclass('@extschema@.' || general_tables.name),
                 'false',
                 NULL
            FROM unnest('{usage_totals,usage_strays,usage_rollup_state}'::text[]) AS general_tables (name)
          UNION ALL
          SELECT '@extschema@.usage_account_access',
                 'role_name = current_user',
                 'false') AS tables (name, visible, allowed);
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_secured_tables() IS
  'The tables that row security by account covers, partitions of fct_event too, and what each one''s policy says; part of enable_account_security()';

CREATE FUNCTION @extschema@.enable_account_security()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  owner CONSTANT regrole := @extschema@.usage_check_owner();
  relation regclass;
  policy text;
BEGIN
  IF owner <> current_user::regrole THEN
    PERFORM @extschema@.usage_execute_as(owner, 'SELECT @extschema@.enable_account_security()');
    RETURN;
  END IF;
  FOR relation, policy IN SELECT secured.relation, secured.policy FROM @extschema@.usage_secured_tables() AS secured LOOP
    IF EXISTS (SELECT FROM pg_policy WHERE polrelid = relation AND polname = 'usage_account_access') THEN
      EXECUTE format('DROP POLICY usage_account_access ON %s', relation);
    END IF;
    EXECUTE format('CREATE POLICY usage_account_access ON %s %s', relation, policy);
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation);
  END LOOP;
  -- The policies read it with the rights of whoever asks. A right that the
  -- extension's script gives would be missing in a dump.
  IF NOT has_table_privilege('public', '@extschema@.usage_account_access', 'SELECT') THEN
    GRANT SELECT ON @extschema@.usage_account_access TO PUBLIC;
  END IF;
END
$function$;

COMMENT ON FUNCTION @extschema@.enable_account_security() IS
  'Let every role but the model''s owner, superusers and those with BYPASSRLS see and change only what belongs to the accounts that usage_account_access lists for it; call it again where fct_event has got new partitions; for members of the owner''s role (42501)';

CREATE FUNCTION @extschema@.disable_account_security()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  owner CONSTANT regrole := @extschema@.usage_check_owner();
  relation regclass;
BEGIN
  IF owner <> current_user::regrole THEN
    PERFORM @extschema@.usage_execute_as(owner, 'SELECT @extschema@.disable_account_security()');
    RETURN;
  END IF;
  REVOKE SELECT ON @extschema@.usage_account_access FROM PUBLIC;
  FOR relation IN
    SELECT polrelid
      FROM pg_policy
      JOIN @extschema@.usage_secured_tables() AS secured
        ON secured.relation = polrelid
     WHERE polname = 'usage_account_access'
  LOOP
    EXECUTE format('DROP POLICY usage_account_access ON %s', relation);
    -- Where there are policies of the owner's own, they stay in force.
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = relation) THEN
      EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', relation);
    END IF;
  END LOOP;
END
$function$;

COMMENT ON FUNCTION @extschema@.disable_account_security() IS
  'Take back what enable_account_security() did; row security stays on for tables that have other policies, and usage_account_access keeps its rows; for members of the owner''s role (42501)';
