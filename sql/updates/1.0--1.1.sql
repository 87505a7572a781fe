-- TRAILING is a reserved word: its name takes quotes, or a schema before it.
CREATE FUNCTION @extschema@.trailing_days(days @extschema@.dayset, n integer)
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'trailing';

COMMENT ON FUNCTION @extschema@.trailing_days(@extschema@.dayset, integer) IS
  'The same as "trailing", whose name takes quotes: every day d with a day of the set in the n days that end on it, (d - n, d]; n below 1 is an error (22023), a day past the last date too (22008)';
