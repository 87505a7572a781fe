-- Aggregates over raw events, for queries of one's own.

CREATE FUNCTION @extschema@.session_seconds_agg_transfn(bigint, text, bigint)
RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_seconds_agg_transfn';

CREATE FUNCTION @extschema@.session_seconds_agg_invfn(bigint, text, bigint)
RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_seconds_agg_invfn';

CREATE FUNCTION @extschema@.session_seconds_agg_combinefn(bigint, bigint)
RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_seconds_agg_combinefn';

CREATE AGGREGATE @extschema@.session_seconds_agg(event_name text, duration_seconds bigint) (
  SFUNC = @extschema@.session_seconds_agg_transfn,
  STYPE = bigint,
  INITCOND = '0',
  COMBINEFUNC = @extschema@.session_seconds_agg_combinefn,
  MSFUNC = @extschema@.session_seconds_agg_transfn,
  MINVFUNC = @extschema@.session_seconds_agg_invfn,
  MSTYPE = bigint,
  MINITCOND = '0',
  PARALLEL = SAFE
);

COMMENT ON FUNCTION @extschema@.session_seconds_agg_transfn(bigint, text, bigint) IS
  'Transition function of session_seconds_agg()';
COMMENT ON FUNCTION @extschema@.session_seconds_agg_invfn(bigint, text, bigint) IS
  'Inverse transition function of session_seconds_agg()';
COMMENT ON FUNCTION @extschema@.session_seconds_agg_combinefn(bigint, bigint) IS
  'Combine function of session_seconds_agg()';
COMMENT ON AGGREGATE @extschema@.session_seconds_agg(text, bigint) IS
  'Session time in seconds: the sum of duration_seconds of timer_stop events and of no others; 0 where there is none, null durations add nothing, a sum beyond bigint is an error (22003)';

CREATE FUNCTION @extschema@.active_users_transfn(bytea, uuid)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'active_users_transfn';

CREATE FUNCTION @extschema@.active_users_combinefn(bytea, bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'active_users_combinefn';

CREATE FUNCTION @extschema@.active_users_finalfn(bytea)
RETURNS bigint
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'active_users_finalfn';

CREATE AGGREGATE @extschema@.active_users(user_id uuid) (
  SFUNC = @extschema@.active_users_transfn,
  STYPE = bytea,
  FINALFUNC = @extschema@.active_users_finalfn,
  COMBINEFUNC = @extschema@.active_users_combinefn,
  PARALLEL = SAFE
);

COMMENT ON FUNCTION @extschema@.active_users_transfn(bytea, uuid) IS
  'Transition function of active_users()';
COMMENT ON FUNCTION @extschema@.active_users_combinefn(bytea, bytea) IS
  'Combine function of active_users()';
COMMENT ON FUNCTION @extschema@.active_users_finalfn(bytea) IS
  'Final function of active_users()';
COMMENT ON AGGREGATE @extschema@.active_users(uuid) IS
  'Number of different users, exact; null ids are skipped, 0 where there is none; 16 to 43 bytes of memory a user';
