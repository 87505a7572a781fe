-- window_funnel and window_funnel_times share their state, which holds
-- 16 bytes a row.
CREATE FUNCTION @extschema@.window_funnel_transfn(internal, interval, timestamptz, boolean[])
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'window_funnel_transfn';

COMMENT ON FUNCTION @extschema@.window_funnel_transfn(internal, interval, timestamptz, boolean[]) IS
  'Transition function of window_funnel and window_funnel_times';

CREATE FUNCTION @extschema@.window_funnel_transfn(internal, interval, text[], timestamptz, boolean[])
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'window_funnel_transfn';

COMMENT ON FUNCTION @extschema@.window_funnel_transfn(internal, interval, text[], timestamptz, boolean[]) IS
  'Transition function of window_funnel and window_funnel_times, with modes';

CREATE FUNCTION @extschema@.window_funnel_combinefn(internal, internal)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'window_funnel_combinefn';

COMMENT ON FUNCTION @extschema@.window_funnel_combinefn(internal, internal) IS
  'Combine function of window_funnel and window_funnel_times';

CREATE FUNCTION @extschema@.window_funnel_serialfn(internal)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'window_funnel_serialfn';

COMMENT ON FUNCTION @extschema@.window_funnel_serialfn(internal) IS
  'Serialisation function of window_funnel and window_funnel_times';

CREATE FUNCTION @extschema@.window_funnel_deserialfn(bytea, internal)
RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'window_funnel_deserialfn';

COMMENT ON FUNCTION @extschema@.window_funnel_deserialfn(bytea, internal) IS
  'Deserialisation function of window_funnel and window_funnel_times';

CREATE FUNCTION @extschema@.window_funnel_finalfn(internal)
RETURNS integer
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'window_funnel_finalfn';

COMMENT ON FUNCTION @extschema@.window_funnel_finalfn(internal) IS
  'Final function of window_funnel';

CREATE FUNCTION @extschema@.window_funnel_times_finalfn(internal)
RETURNS timestamptz[]
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'window_funnel_times_finalfn';

COMMENT ON FUNCTION @extschema@.window_funnel_times_finalfn(internal) IS
  'Final function of window_funnel_times';

CREATE AGGREGATE @extschema@.window_funnel(within interval, ts timestamptz, VARIADIC steps boolean[]) (
  SFUNC = @extschema@.window_funnel_transfn,
  STYPE = internal,
  SSPACE = 128,
  FINALFUNC = @extschema@.window_funnel_finalfn,
  COMBINEFUNC = @extschema@.window_funnel_combinefn,
  SERIALFUNC = @extschema@.window_funnel_serialfn,
  DESERIALFUNC = @extschema@.window_funnel_deserialfn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.window_funnel(interval, timestamptz, VARIADIC boolean[]) IS
  'How many of the 1 to 64 steps, in order, were reached within the time given from the first, inclusive; 0 where there are no rows; a row with a null time is skipped, a null step is false; algorithm: ClickHouse''s windowFunnel';

CREATE AGGREGATE @extschema@.window_funnel(within interval, modes text[], ts timestamptz, VARIADIC steps boolean[]) (
  SFUNC = @extschema@.window_funnel_transfn,
  STYPE = internal,
  SSPACE = 128,
  FINALFUNC = @extschema@.window_funnel_finalfn,
  COMBINEFUNC = @extschema@.window_funnel_combinefn,
  SERIALFUNC = @extschema@.window_funnel_serialfn,
  DESERIALFUNC = @extschema@.window_funnel_deserialfn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.window_funnel(interval, text[], timestamptz, VARIADIC boolean[]) IS
  'window_funnel with modes, which combine: strict_deduplication, strict_order, strict_increase, strict_once and, with strict_order, allow_reentry; others are an error (22023)';

CREATE AGGREGATE @extschema@.window_funnel_times(within interval, ts timestamptz, VARIADIC steps boolean[]) (
  SFUNC = @extschema@.window_funnel_transfn,
  STYPE = internal,
  SSPACE = 128,
  FINALFUNC = @extschema@.window_funnel_times_finalfn,
  COMBINEFUNC = @extschema@.window_funnel_combinefn,
  SERIALFUNC = @extschema@.window_funnel_serialfn,
  DESERIALFUNC = @extschema@.window_funnel_deserialfn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.window_funnel_times(interval, timestamptz, VARIADIC boolean[]) IS
  'The time of each step that window_funnel reaches, of the chain that reached the highest first, the latest of several at once; empty where no step is reached';

CREATE AGGREGATE @extschema@.window_funnel_times(within interval, modes text[], ts timestamptz, VARIADIC steps boolean[]) (
  SFUNC = @extschema@.window_funnel_transfn,
  STYPE = internal,
  SSPACE = 128,
  FINALFUNC = @extschema@.window_funnel_times_finalfn,
  COMBINEFUNC = @extschema@.window_funnel_combinefn,
  SERIALFUNC = @extschema@.window_funnel_serialfn,
  DESERIALFUNC = @extschema@.window_funnel_deserialfn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.window_funnel_times(interval, text[], timestamptz, VARIADIC boolean[]) IS
  'window_funnel_times with modes, as for window_funnel';

-- retention
CREATE FUNCTION @extschema@.retention_transfn(internal, boolean[])
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'retention_transfn';

COMMENT ON FUNCTION @extschema@.retention_transfn(internal, boolean[]) IS
  'Transition function of retention';

CREATE FUNCTION @extschema@.retention_combinefn(internal, internal)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'retention_combinefn';

COMMENT ON FUNCTION @extschema@.retention_combinefn(internal, internal) IS
  'Combine function of retention';

CREATE FUNCTION @extschema@.retention_serialfn(internal)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'retention_serialfn';

COMMENT ON FUNCTION @extschema@.retention_serialfn(internal) IS
  'Serialisation function of retention';

CREATE FUNCTION @extschema@.retention_deserialfn(bytea, internal)
RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'retention_deserialfn';

COMMENT ON FUNCTION @extschema@.retention_deserialfn(bytea, internal) IS
  'Deserialisation function of retention';

CREATE FUNCTION @extschema@.retention_finalfn(internal)
RETURNS boolean[]
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'retention_finalfn';

COMMENT ON FUNCTION @extschema@.retention_finalfn(internal) IS
  'Final function of retention';

CREATE AGGREGATE @extschema@.retention(VARIADIC conditions boolean[]) (
  SFUNC = @extschema@.retention_transfn,
  STYPE = internal,
  SSPACE = 16,
  FINALFUNC = @extschema@.retention_finalfn,
  COMBINEFUNC = @extschema@.retention_combinefn,
  SERIALFUNC = @extschema@.retention_serialfn,
  DESERIALFUNC = @extschema@.retention_deserialfn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.retention(VARIADIC boolean[]) IS
  'For each of 1 to 64 conditions, whether it and the first one each hold in some row; null where there are no rows; a null condition is false; as ClickHouse''s retention';

-- sequence_match and sequence_count share their state, which holds 16 bytes
-- a row.
CREATE FUNCTION @extschema@.sequence_pattern_transfn(internal, text, timestamptz, boolean[])
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'sequence_pattern_transfn';

COMMENT ON FUNCTION @extschema@.sequence_pattern_transfn(internal, text, timestamptz, boolean[]) IS
  'Transition function of sequence_match and sequence_count';

CREATE FUNCTION @extschema@.sequence_pattern_combinefn(internal, internal)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'sequence_pattern_combinefn';

COMMENT ON FUNCTION @extschema@.sequence_pattern_combinefn(internal, internal) IS
  'Combine function of sequence_match and sequence_count';

CREATE FUNCTION @extschema@.sequence_pattern_serialfn(internal)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'sequence_pattern_serialfn';

COMMENT ON FUNCTION @extschema@.sequence_pattern_serialfn(internal) IS
  'Serialisation function of sequence_match and sequence_count';

CREATE FUNCTION @extschema@.sequence_pattern_deserialfn(bytea, internal)
RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'sequence_pattern_deserialfn';

COMMENT ON FUNCTION @extschema@.sequence_pattern_deserialfn(bytea, internal) IS
  'Deserialisation function of sequence_match and sequence_count';

CREATE FUNCTION @extschema@.sequence_match_finalfn(internal)
RETURNS boolean
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'sequence_match_finalfn';

COMMENT ON FUNCTION @extschema@.sequence_match_finalfn(internal) IS
  'Final function of sequence_match';

CREATE FUNCTION @extschema@.sequence_count_finalfn(internal)
RETURNS bigint
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'sequence_count_finalfn';

COMMENT ON FUNCTION @extschema@.sequence_count_finalfn(internal) IS
  'Final function of sequence_count';

CREATE AGGREGATE @extschema@.sequence_match(pattern text, ts timestamptz, VARIADIC conditions boolean[]) (
  SFUNC = @extschema@.sequence_pattern_transfn,
  STYPE = internal,
  SSPACE = 128,
  FINALFUNC = @extschema@.sequence_match_finalfn,
  COMBINEFUNC = @extschema@.sequence_pattern_combinefn,
  SERIALFUNC = @extschema@.sequence_pattern_serialfn,
  DESERIALFUNC = @extschema@.sequence_pattern_deserialfn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.sequence_match(text, timestamptz, VARIADIC boolean[]) IS
  'Whether rows match a pattern of (?N), ".", ".*" and (?t OP seconds); rows in which none of the 1 to 64 conditions holds, or with a null time, are not seen; false where there are no rows; a bad pattern is an error (22023); notation: ClickHouse''s sequenceMatch';

CREATE AGGREGATE @extschema@.sequence_count(pattern text, ts timestamptz, VARIADIC conditions boolean[]) (
  SFUNC = @extschema@.sequence_pattern_transfn,
  STYPE = internal,
  SSPACE = 128,
  FINALFUNC = @extschema@.sequence_count_finalfn,
  COMBINEFUNC = @extschema@.sequence_pattern_combinefn,
  SERIALFUNC = @extschema@.sequence_pattern_serialfn,
  DESERIALFUNC = @extschema@.sequence_pattern_deserialfn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.sequence_count(text, timestamptz, VARIADIC boolean[]) IS
  'How many times rows match a pattern, as for sequence_match, each match beginning after the row that ended the one before; 0 where there are no rows';

-- sequence_next_event
CREATE FUNCTION @extschema@.sequence_next_event_transfn(internal, text, text, timestamptz, text, boolean)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'sequence_next_event_transfn';

COMMENT ON FUNCTION @extschema@.sequence_next_event_transfn(internal, text, text, timestamptz, text, boolean) IS
  'Transition function of sequence_next_event without steps';

CREATE FUNCTION @extschema@.sequence_next_event_transfn(internal, text, text, timestamptz, text, boolean, boolean[])
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'sequence_next_event_transfn';

COMMENT ON FUNCTION @extschema@.sequence_next_event_transfn(internal, text, text, timestamptz, text, boolean, boolean[]) IS
  'Transition function of sequence_next_event';

CREATE FUNCTION @extschema@.sequence_next_event_combinefn(internal, internal)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'sequence_next_event_combinefn';

COMMENT ON FUNCTION @extschema@.sequence_next_event_combinefn(internal, internal) IS
  'Combine function of sequence_next_event';

CREATE FUNCTION @extschema@.sequence_next_event_serialfn(internal)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'sequence_next_event_serialfn';

COMMENT ON FUNCTION @extschema@.sequence_next_event_serialfn(internal) IS
  'Serialisation function of sequence_next_event';

CREATE FUNCTION @extschema@.sequence_next_event_deserialfn(bytea, internal)
RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'sequence_next_event_deserialfn';

COMMENT ON FUNCTION @extschema@.sequence_next_event_deserialfn(bytea, internal) IS
  'Deserialisation function of sequence_next_event';

CREATE FUNCTION @extschema@.sequence_next_event_finalfn(internal)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'sequence_next_event_finalfn';

COMMENT ON FUNCTION @extschema@.sequence_next_event_finalfn(internal) IS
  'Final function of sequence_next_event';

CREATE AGGREGATE @extschema@.sequence_next_event(direction text, base text, ts timestamptz, value text, base_condition boolean) (
  SFUNC = @extschema@.sequence_next_event_transfn,
  STYPE = internal,
  SSPACE = 256,
  FINALFUNC = @extschema@.sequence_next_event_finalfn,
  COMBINEFUNC = @extschema@.sequence_next_event_combinefn,
  SERIALFUNC = @extschema@.sequence_next_event_serialfn,
  DESERIALFUNC = @extschema@.sequence_next_event_deserialfn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.sequence_next_event(text, text, timestamptz, text, boolean) IS
  'The value of the row where a chain would start: the first (base head) or last one (tail) if it has the base condition, or the first or last one that has it (first_match, last_match)';

CREATE AGGREGATE @extschema@.sequence_next_event(direction text, base text, ts timestamptz, value text, base_condition boolean, VARIADIC steps boolean[]) (
  SFUNC = @extschema@.sequence_next_event_transfn,
  STYPE = internal,
  SSPACE = 256,
  FINALFUNC = @extschema@.sequence_next_event_finalfn,
  COMBINEFUNC = @extschema@.sequence_next_event_combinefn,
  SERIALFUNC = @extschema@.sequence_next_event_serialfn,
  DESERIALFUNC = @extschema@.sequence_next_event_deserialfn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.sequence_next_event(text, text, timestamptz, text, boolean, VARIADIC boolean[]) IS
  'The value after (direction forward) or before (backward) a chain of adjacent rows that match up to 64 steps, starting at the head, tail, first_match or last_match; rows with a null time or value are skipped; null where there is no such chain or row; as ClickHouse''s sequenceNextNode';

-- session_number
CREATE FUNCTION @extschema@.session_number(ts timestamptz, gap interval)
RETURNS bigint
LANGUAGE c IMMUTABLE WINDOW PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_number';

COMMENT ON FUNCTION @extschema@.session_number(timestamptz, interval) IS
  'Window function: 1, 2, 3 and so on within a partition in order of ts, a new number where more than the gap has passed since the row before; a row with a null ts gets null; other orders are an error (22023)';
