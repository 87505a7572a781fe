CREATE FUNCTION @extschema@.new_event_id()
RETURNS uuid
LANGUAGE c VOLATILE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'new_event_id';

COMMENT ON FUNCTION @extschema@.new_event_id() IS
  'A new time-ordered id: UUID version 7 (RFC 9562), increasing within a session';

CREATE FUNCTION @extschema@.id_from_bigint(bigint)
RETURNS uuid
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF
AS 'MODULE_PATHNAME', 'id_from_bigint';

COMMENT ON FUNCTION @extschema@.id_from_bigint(bigint) IS
  'The uuid that stands for an integer key (UUID version 8); ids of non-negative keys sort as the keys do';

CREATE FUNCTION @extschema@.bigint_from_id(uuid)
RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'bigint_from_id';

COMMENT ON FUNCTION @extschema@.bigint_from_id(uuid) IS
  'The integer key that id_from_bigint() made this uuid from; any other uuid is an error (22023)';
