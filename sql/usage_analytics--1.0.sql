/* usage_analytics 1.0: built from sql/library and sql/model, not edited by hand */

\echo Use "CREATE EXTENSION usage_analytics" to load this file. \quit

SET LOCAL search_path TO pg_catalog, pg_temp;

-- sql/library/begin.sql

-- The library: what CREATE EXTENSION owns. Nothing in it depends on the model.
-- Names are qualified throughout; the script runs with pg_catalog alone on its
-- search_path, so that objects of the same names elsewhere are never met.

-- Names of the library stand in format strings.
DO $block$
BEGIN
  IF strpos('@extschema@', '%') > 0 THEN
    RAISE EXCEPTION USING
      ERRCODE = 'invalid_schema_name',
      MESSAGE = 'extension usage_analytics cannot be installed in a schema with a percent sign in its name';
  END IF;
END
$block$;

-- sql/library/calendar.sql

CREATE FUNCTION @extschema@.event_day(event_ts timestamptz, time_zone text)
RETURNS date
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'event_day_in_zone';

COMMENT ON FUNCTION @extschema@.event_day(timestamptz, text) IS
  'The day of a moment in a time zone, named in full as in pg_timezone_names; an infinite moment is an error (22008), an unknown zone too (22023)';

CREATE FUNCTION @extschema@.event_day(event_ts timestamptz)
RETURNS date
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'event_day';

COMMENT ON FUNCTION @extschema@.event_day(timestamptz) IS
  'The day of a moment in the reporting time zone, usage_settings.time_zone: what every metric means by a day';

-- sql/library/ids.sql

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

-- sql/library/taxonomy.sql

CREATE FUNCTION @extschema@.event_category(event_name text)
RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'event_category';

COMMENT ON FUNCTION @extschema@.event_category(text) IS
  'Category of an event name by event_taxonomy, as the query''s snapshot sees it; null for an unknown name';

-- sql/library/dayset.sql

-- Sets of days: the type, what can be asked of it and done with it. Names and
-- operators are those of ranges and multiranges where one fits.

CREATE TYPE @extschema@.dayset;

CREATE FUNCTION @extschema@.dayset_in(cstring)
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_in';

COMMENT ON FUNCTION @extschema@.dayset_in(cstring) IS
  'Read a set of days, as in {2026-01-01..2026-01-05,2026-01-09}: ISO dates and runs of them in any order; malformed text is an error (22P02), what is no date too (22008)';

CREATE FUNCTION @extschema@.dayset_out(@extschema@.dayset)
RETURNS cstring
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_out';

COMMENT ON FUNCTION @extschema@.dayset_out(@extschema@.dayset) IS
  'Write a set of days: its runs in order, as ISO dates whatever DateStyle says';

CREATE FUNCTION @extschema@.dayset_recv(internal)
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_recv';

COMMENT ON FUNCTION @extschema@.dayset_recv(internal) IS
  'Receive a set of days in its binary form, checked in full (22P03)';

CREATE FUNCTION @extschema@.dayset_send(@extschema@.dayset)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_send';

COMMENT ON FUNCTION @extschema@.dayset_send(@extschema@.dayset) IS
  'Send a set of days in its binary form, which is the stored one';

CREATE TYPE @extschema@.dayset (
  INPUT = @extschema@.dayset_in,
  OUTPUT = @extschema@.dayset_out,
  RECEIVE = @extschema@.dayset_recv,
  SEND = @extschema@.dayset_send,
  INTERNALLENGTH = VARIABLE,
  ALIGNMENT = int4,
  STORAGE = extended
);

COMMENT ON TYPE @extschema@.dayset IS
  'Set of days, at most a bit a day of its span: {2026-01-01..2026-01-05,2026-01-09}';

-- Making and opening up

CREATE FUNCTION @extschema@.dayset(first date, last date)
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_from_dates';

COMMENT ON FUNCTION @extschema@.dayset(date, date) IS
  'The days from first to last, both included; the other way round is an error (22000), an infinite date too (22008)';

CREATE FUNCTION @extschema@.dayset(dates date[])
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_from_array';

COMMENT ON FUNCTION @extschema@.dayset(date[]) IS
  'The set of the dates of an array, in any order; a null element is an error (22004), an infinite date too (22008)';

CREATE FUNCTION @extschema@.dayset(ranges datemultirange)
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_from_multirange';

COMMENT ON FUNCTION @extschema@.dayset(datemultirange) IS
  'The days of the ranges; one without an end is an error (22008)';

CREATE FUNCTION @extschema@.dayset_to_array(days @extschema@.dayset)
RETURNS date[]
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_to_array';

COMMENT ON FUNCTION @extschema@.dayset_to_array(@extschema@.dayset) IS
  'The days of the set as an array, in order';

CREATE FUNCTION @extschema@.dayset_to_multirange(days @extschema@.dayset)
RETURNS datemultirange
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_to_multirange';

COMMENT ON FUNCTION @extschema@.dayset_to_multirange(@extschema@.dayset) IS
  'The runs of days of the set as a multirange';

CREATE CAST (date[] AS @extschema@.dayset) WITH FUNCTION @extschema@.dayset(date[]) AS ASSIGNMENT;

COMMENT ON CAST (date[] AS @extschema@.dayset) IS
  'The set of the dates';

CREATE CAST (datemultirange AS @extschema@.dayset) WITH FUNCTION @extschema@.dayset(datemultirange) AS ASSIGNMENT;

COMMENT ON CAST (datemultirange AS @extschema@.dayset) IS
  'The days of the ranges';

CREATE CAST (@extschema@.dayset AS date[]) WITH FUNCTION @extschema@.dayset_to_array(@extschema@.dayset) AS ASSIGNMENT;

COMMENT ON CAST (@extschema@.dayset AS date[]) IS
  'The days in order';

CREATE CAST (@extschema@.dayset AS datemultirange) WITH FUNCTION @extschema@.dayset_to_multirange(@extschema@.dayset) AS ASSIGNMENT;

COMMENT ON CAST (@extschema@.dayset AS datemultirange) IS
  'The runs of days';

CREATE FUNCTION @extschema@.unnest(days @extschema@.dayset)
RETURNS SETOF date
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 100
AS 'MODULE_PATHNAME', 'dayset_unnest';

COMMENT ON FUNCTION @extschema@.unnest(@extschema@.dayset) IS
  'The days of the set, a row each, in order';

-- Questions

CREATE FUNCTION @extschema@.cardinality(days @extschema@.dayset)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_cardinality';

COMMENT ON FUNCTION @extschema@.cardinality(@extschema@.dayset) IS
  'How many days the set has';

CREATE FUNCTION @extschema@.cardinality(days @extschema@.dayset, within daterange)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_cardinality_within';

COMMENT ON FUNCTION @extschema@.cardinality(@extschema@.dayset, daterange) IS
  'Number of days of a set that are in a range, as cardinality(days * within)';

CREATE FUNCTION @extschema@.isempty(days @extschema@.dayset)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_isempty';

COMMENT ON FUNCTION @extschema@.isempty(@extschema@.dayset) IS
  'Whether the set has no day';

CREATE FUNCTION @extschema@.first_day(days @extschema@.dayset)
RETURNS date
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'first_day';

COMMENT ON FUNCTION @extschema@.first_day(@extschema@.dayset) IS
  'The first day of the set, NULL where it is empty';

CREATE FUNCTION @extschema@.last_day(days @extschema@.dayset)
RETURNS date
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'last_day';

COMMENT ON FUNCTION @extschema@.last_day(@extschema@.dayset) IS
  'The last day of the set, NULL where it is empty';

CREATE FUNCTION @extschema@.last_day(days @extschema@.dayset, as_of date)
RETURNS date
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'last_day_until';

COMMENT ON FUNCTION @extschema@.last_day(@extschema@.dayset, date) IS
  'The last day of the set up to as_of, NULL where there is none; an infinite date is an error (22008)';

CREATE FUNCTION @extschema@.longest_streak(days @extschema@.dayset)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'longest_streak';

COMMENT ON FUNCTION @extschema@.longest_streak(@extschema@.dayset) IS
  'The number of days in the longest run of days without a gap, 0 where the set is empty';

CREATE FUNCTION @extschema@.longest_streak(days @extschema@.dayset, as_of date)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'longest_streak_until';

COMMENT ON FUNCTION @extschema@.longest_streak(@extschema@.dayset, date) IS
  'The number of days in the longest run of days up to as_of, 0 where there is none; an infinite date is an error (22008)';

CREATE FUNCTION @extschema@.current_streak(days @extschema@.dayset, as_of date)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'current_streak';

COMMENT ON FUNCTION @extschema@.current_streak(@extschema@.dayset, date) IS
  'The number of days in the run that ends on as_of, 0 where as_of is not in the set; an infinite date is an error (22008)';

CREATE FUNCTION @extschema@.dayset_contains(days @extschema@.dayset, others @extschema@.dayset)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_contains';

COMMENT ON FUNCTION @extschema@.dayset_contains(@extschema@.dayset, @extschema@.dayset) IS
  'Whether the first set has every day of the second';

CREATE FUNCTION @extschema@.dayset_contains_day(days @extschema@.dayset, day date)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_contains_day';

COMMENT ON FUNCTION @extschema@.dayset_contains_day(@extschema@.dayset, date) IS
  'Whether the set has the day';

CREATE FUNCTION @extschema@.dayset_contained_by(days @extschema@.dayset, others @extschema@.dayset)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_contained_by';

COMMENT ON FUNCTION @extschema@.dayset_contained_by(@extschema@.dayset, @extschema@.dayset) IS
  'Whether the second set has every day of the first';

CREATE FUNCTION @extschema@.day_contained_by(day date, days @extschema@.dayset)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'day_contained_by';

COMMENT ON FUNCTION @extschema@.day_contained_by(date, @extschema@.dayset) IS
  'Whether the day is in the set';

CREATE FUNCTION @extschema@.dayset_overlaps(days @extschema@.dayset, others @extschema@.dayset)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_overlaps';

COMMENT ON FUNCTION @extschema@.dayset_overlaps(@extschema@.dayset, @extschema@.dayset) IS
  'Whether the sets have a day in common';

CREATE OPERATOR @extschema@.@> (
  FUNCTION = @extschema@.dayset_contains,
  LEFTARG = @extschema@.dayset,
  RIGHTARG = @extschema@.dayset,
  COMMUTATOR = OPERATOR(@extschema@.<@),
  RESTRICT = pg_catalog.matchingsel,
  JOIN = pg_catalog.matchingjoinsel
);

COMMENT ON OPERATOR @extschema@.@> (@extschema@.dayset, @extschema@.dayset) IS
  'has every day of';

CREATE OPERATOR @extschema@.@> (
  FUNCTION = @extschema@.dayset_contains_day,
  LEFTARG = @extschema@.dayset,
  RIGHTARG = date,
  COMMUTATOR = OPERATOR(@extschema@.<@),
  RESTRICT = pg_catalog.matchingsel,
  JOIN = pg_catalog.matchingjoinsel
);

COMMENT ON OPERATOR @extschema@.@> (@extschema@.dayset, date) IS
  'has the day';

CREATE OPERATOR @extschema@.<@ (
  FUNCTION = @extschema@.dayset_contained_by,
  LEFTARG = @extschema@.dayset,
  RIGHTARG = @extschema@.dayset,
  COMMUTATOR = OPERATOR(@extschema@.@>),
  RESTRICT = pg_catalog.matchingsel,
  JOIN = pg_catalog.matchingjoinsel
);

COMMENT ON OPERATOR @extschema@.<@ (@extschema@.dayset, @extschema@.dayset) IS
  'has every day in';

CREATE OPERATOR @extschema@.<@ (
  FUNCTION = @extschema@.day_contained_by,
  LEFTARG = date,
  RIGHTARG = @extschema@.dayset,
  COMMUTATOR = OPERATOR(@extschema@.@>),
  RESTRICT = pg_catalog.matchingsel,
  JOIN = pg_catalog.matchingjoinsel
);

COMMENT ON OPERATOR @extschema@.<@ (date, @extschema@.dayset) IS
  'is in the set';

CREATE OPERATOR @extschema@.&& (
  FUNCTION = @extschema@.dayset_overlaps,
  LEFTARG = @extschema@.dayset,
  RIGHTARG = @extschema@.dayset,
  COMMUTATOR = OPERATOR(@extschema@.&&),
  RESTRICT = pg_catalog.matchingsel,
  JOIN = pg_catalog.matchingjoinsel
);

COMMENT ON OPERATOR @extschema@.&& (@extschema@.dayset, @extschema@.dayset) IS
  'have a day in common';

-- Order: as that of the sets as multiranges

CREATE FUNCTION @extschema@.dayset_eq(@extschema@.dayset, @extschema@.dayset)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF
AS 'MODULE_PATHNAME', 'dayset_eq';

COMMENT ON FUNCTION @extschema@.dayset_eq(@extschema@.dayset, @extschema@.dayset) IS
  'Whether the first set has the same days as the second';

CREATE FUNCTION @extschema@.dayset_ne(@extschema@.dayset, @extschema@.dayset)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF
AS 'MODULE_PATHNAME', 'dayset_ne';

COMMENT ON FUNCTION @extschema@.dayset_ne(@extschema@.dayset, @extschema@.dayset) IS
  'Whether the first set has not the same days as the second';

CREATE FUNCTION @extschema@.dayset_lt(@extschema@.dayset, @extschema@.dayset)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_lt';

COMMENT ON FUNCTION @extschema@.dayset_lt(@extschema@.dayset, @extschema@.dayset) IS
  'Whether the first set sorts before, as the multiranges of their runs would';

CREATE FUNCTION @extschema@.dayset_le(@extschema@.dayset, @extschema@.dayset)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_le';

COMMENT ON FUNCTION @extschema@.dayset_le(@extschema@.dayset, @extschema@.dayset) IS
  'Whether the first set sorts before or is the same, as the multiranges of their runs would';

CREATE FUNCTION @extschema@.dayset_gt(@extschema@.dayset, @extschema@.dayset)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_gt';

COMMENT ON FUNCTION @extschema@.dayset_gt(@extschema@.dayset, @extschema@.dayset) IS
  'Whether the first set sorts after, as the multiranges of their runs would';

CREATE FUNCTION @extschema@.dayset_ge(@extschema@.dayset, @extschema@.dayset)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_ge';

COMMENT ON FUNCTION @extschema@.dayset_ge(@extschema@.dayset, @extschema@.dayset) IS
  'Whether the first set sorts after or is the same, as the multiranges of their runs would';

CREATE FUNCTION @extschema@.dayset_cmp(@extschema@.dayset, @extschema@.dayset)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_cmp';

COMMENT ON FUNCTION @extschema@.dayset_cmp(@extschema@.dayset, @extschema@.dayset) IS
  'Negative, 0 or positive as the first set sorts before, as or after the second';

CREATE FUNCTION @extschema@.dayset_hash(@extschema@.dayset)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_hash';

COMMENT ON FUNCTION @extschema@.dayset_hash(@extschema@.dayset) IS
  'Hash of the set';

CREATE FUNCTION @extschema@.dayset_hash_extended(@extschema@.dayset, bigint)
RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_hash_extended';

COMMENT ON FUNCTION @extschema@.dayset_hash_extended(@extschema@.dayset, bigint) IS
  'Hash of the set, 64 bits, with a seed';

CREATE OPERATOR @extschema@.= (
  FUNCTION = @extschema@.dayset_eq,
  LEFTARG = @extschema@.dayset,
  RIGHTARG = @extschema@.dayset,
  COMMUTATOR = OPERATOR(@extschema@.=),
  NEGATOR = OPERATOR(@extschema@.<>),
  RESTRICT = pg_catalog.eqsel,
  JOIN = pg_catalog.eqjoinsel,
  HASHES,
  MERGES
);

COMMENT ON OPERATOR @extschema@.= (@extschema@.dayset, @extschema@.dayset) IS
  'are the same days';

CREATE OPERATOR @extschema@.<> (
  FUNCTION = @extschema@.dayset_ne,
  LEFTARG = @extschema@.dayset,
  RIGHTARG = @extschema@.dayset,
  COMMUTATOR = OPERATOR(@extschema@.<>),
  NEGATOR = OPERATOR(@extschema@.=),
  RESTRICT = pg_catalog.neqsel,
  JOIN = pg_catalog.neqjoinsel
);

COMMENT ON OPERATOR @extschema@.<> (@extschema@.dayset, @extschema@.dayset) IS
  'are not the same days';

CREATE OPERATOR @extschema@.< (
  FUNCTION = @extschema@.dayset_lt,
  LEFTARG = @extschema@.dayset,
  RIGHTARG = @extschema@.dayset,
  COMMUTATOR = OPERATOR(@extschema@.>),
  NEGATOR = OPERATOR(@extschema@.>=),
  RESTRICT = pg_catalog.scalarltsel,
  JOIN = pg_catalog.scalarltjoinsel
);

COMMENT ON OPERATOR @extschema@.< (@extschema@.dayset, @extschema@.dayset) IS
  'sorts before';

CREATE OPERATOR @extschema@.<= (
  FUNCTION = @extschema@.dayset_le,
  LEFTARG = @extschema@.dayset,
  RIGHTARG = @extschema@.dayset,
  COMMUTATOR = OPERATOR(@extschema@.>=),
  NEGATOR = OPERATOR(@extschema@.>),
  RESTRICT = pg_catalog.scalarlesel,
  JOIN = pg_catalog.scalarlejoinsel
);

COMMENT ON OPERATOR @extschema@.<= (@extschema@.dayset, @extschema@.dayset) IS
  'sorts before or is the same';

CREATE OPERATOR @extschema@.> (
  FUNCTION = @extschema@.dayset_gt,
  LEFTARG = @extschema@.dayset,
  RIGHTARG = @extschema@.dayset,
  COMMUTATOR = OPERATOR(@extschema@.<),
  NEGATOR = OPERATOR(@extschema@.<=),
  RESTRICT = pg_catalog.scalargtsel,
  JOIN = pg_catalog.scalargtjoinsel
);

COMMENT ON OPERATOR @extschema@.> (@extschema@.dayset, @extschema@.dayset) IS
  'sorts after';

CREATE OPERATOR @extschema@.>= (
  FUNCTION = @extschema@.dayset_ge,
  LEFTARG = @extschema@.dayset,
  RIGHTARG = @extschema@.dayset,
  COMMUTATOR = OPERATOR(@extschema@.<=),
  NEGATOR = OPERATOR(@extschema@.<),
  RESTRICT = pg_catalog.scalargesel,
  JOIN = pg_catalog.scalargejoinsel
);

COMMENT ON OPERATOR @extschema@.>= (@extschema@.dayset, @extschema@.dayset) IS
  'sorts after or is the same';

CREATE OPERATOR CLASS @extschema@.dayset_ops
DEFAULT FOR TYPE @extschema@.dayset USING btree AS
  OPERATOR 1 @extschema@.<,
  OPERATOR 2 @extschema@.<=,
  OPERATOR 3 @extschema@.=,
  OPERATOR 4 @extschema@.>=,
  OPERATOR 5 @extschema@.>,
  FUNCTION 1 @extschema@.dayset_cmp(@extschema@.dayset, @extschema@.dayset);

COMMENT ON OPERATOR CLASS @extschema@.dayset_ops USING btree IS 'Sets of days in the order of multiranges';
COMMENT ON OPERATOR FAMILY @extschema@.dayset_ops USING btree IS 'Sets of days in the order of multiranges';

CREATE OPERATOR CLASS @extschema@.dayset_ops
DEFAULT FOR TYPE @extschema@.dayset USING hash AS
  OPERATOR 1 @extschema@.=,
  FUNCTION 1 @extschema@.dayset_hash(@extschema@.dayset),
  FUNCTION 2 @extschema@.dayset_hash_extended(@extschema@.dayset, bigint);

COMMENT ON OPERATOR CLASS @extschema@.dayset_ops USING hash IS 'Sets of days';
COMMENT ON OPERATOR FAMILY @extschema@.dayset_ops USING hash IS 'Sets of days';

-- Operations

CREATE FUNCTION @extschema@.dayset_plus(days @extschema@.dayset, others @extschema@.dayset)
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_plus';

COMMENT ON FUNCTION @extschema@.dayset_plus(@extschema@.dayset, @extschema@.dayset) IS
  'The days of either set';

CREATE FUNCTION @extschema@.dayset_plus(days @extschema@.dayset, day date)
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_plus_day';

COMMENT ON FUNCTION @extschema@.dayset_plus(@extschema@.dayset, date) IS
  'The set with the day; an infinite date is an error (22008)';

CREATE FUNCTION @extschema@.dayset_plus(days @extschema@.dayset, range daterange)
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_plus_range';

COMMENT ON FUNCTION @extschema@.dayset_plus(@extschema@.dayset, daterange) IS
  'The set with the days of the range; one without an end is an error (22008)';

CREATE OPERATOR @extschema@.+ (
  FUNCTION = @extschema@.dayset_plus,
  LEFTARG = @extschema@.dayset,
  RIGHTARG = @extschema@.dayset,
  COMMUTATOR = OPERATOR(@extschema@.+)
);

COMMENT ON OPERATOR @extschema@.+ (@extschema@.dayset, @extschema@.dayset) IS
  'the days of either';

CREATE OPERATOR @extschema@.+ (
  FUNCTION = @extschema@.dayset_plus,
  LEFTARG = @extschema@.dayset,
  RIGHTARG = date
);

COMMENT ON OPERATOR @extschema@.+ (@extschema@.dayset, date) IS
  'with the day';

CREATE OPERATOR @extschema@.+ (
  FUNCTION = @extschema@.dayset_plus,
  LEFTARG = @extschema@.dayset,
  RIGHTARG = daterange
);

COMMENT ON OPERATOR @extschema@.+ (@extschema@.dayset, daterange) IS
  'with the days of the range';

CREATE FUNCTION @extschema@.dayset_times(days @extschema@.dayset, others @extschema@.dayset)
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_times';

COMMENT ON FUNCTION @extschema@.dayset_times(@extschema@.dayset, @extschema@.dayset) IS
  'The days that both sets have';

CREATE FUNCTION @extschema@.dayset_times(days @extschema@.dayset, day date)
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_times_day';

COMMENT ON FUNCTION @extschema@.dayset_times(@extschema@.dayset, date) IS
  'The day where the set has it, else no day; an infinite date is an error (22008)';

CREATE FUNCTION @extschema@.dayset_times(days @extschema@.dayset, range daterange)
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_times_range';

COMMENT ON FUNCTION @extschema@.dayset_times(@extschema@.dayset, daterange) IS
  'The days of the set that the range has; the range may be without an end';

CREATE OPERATOR @extschema@.* (
  FUNCTION = @extschema@.dayset_times,
  LEFTARG = @extschema@.dayset,
  RIGHTARG = @extschema@.dayset,
  COMMUTATOR = OPERATOR(@extschema@.*)
);

COMMENT ON OPERATOR @extschema@.* (@extschema@.dayset, @extschema@.dayset) IS
  'the days of both';

CREATE OPERATOR @extschema@.* (
  FUNCTION = @extschema@.dayset_times,
  LEFTARG = @extschema@.dayset,
  RIGHTARG = date
);

COMMENT ON OPERATOR @extschema@.* (@extschema@.dayset, date) IS
  'the day, where it is there';

CREATE OPERATOR @extschema@.* (
  FUNCTION = @extschema@.dayset_times,
  LEFTARG = @extschema@.dayset,
  RIGHTARG = daterange
);

COMMENT ON OPERATOR @extschema@.* (@extschema@.dayset, daterange) IS
  'the days within the range';

CREATE FUNCTION @extschema@.dayset_minus(days @extschema@.dayset, others @extschema@.dayset)
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_minus';

COMMENT ON FUNCTION @extschema@.dayset_minus(@extschema@.dayset, @extschema@.dayset) IS
  'The days of the first set that the second has not';

CREATE FUNCTION @extschema@.dayset_minus(days @extschema@.dayset, day date)
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_minus_day';

COMMENT ON FUNCTION @extschema@.dayset_minus(@extschema@.dayset, date) IS
  'The set without the day; an infinite date is an error (22008)';

CREATE FUNCTION @extschema@.dayset_minus(days @extschema@.dayset, range daterange)
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_minus_range';

COMMENT ON FUNCTION @extschema@.dayset_minus(@extschema@.dayset, daterange) IS
  'The days of the set that the range has not; the range may be without an end';

CREATE OPERATOR @extschema@.- (
  FUNCTION = @extschema@.dayset_minus,
  LEFTARG = @extschema@.dayset,
  RIGHTARG = @extschema@.dayset
);

COMMENT ON OPERATOR @extschema@.- (@extschema@.dayset, @extschema@.dayset) IS
  'without the days of';

CREATE OPERATOR @extschema@.- (
  FUNCTION = @extschema@.dayset_minus,
  LEFTARG = @extschema@.dayset,
  RIGHTARG = date
);

COMMENT ON OPERATOR @extschema@.- (@extschema@.dayset, date) IS
  'without the day';

CREATE OPERATOR @extschema@.- (
  FUNCTION = @extschema@.dayset_minus,
  LEFTARG = @extschema@.dayset,
  RIGHTARG = daterange
);

COMMENT ON OPERATOR @extschema@.- (@extschema@.dayset, daterange) IS
  'without the days of the range';

-- Time

CREATE FUNCTION @extschema@.trailing(days @extschema@.dayset, n integer)
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'trailing';

COMMENT ON FUNCTION @extschema@.trailing(@extschema@.dayset, integer) IS
  'Every day d with a day of the set in the n days that end on it, (d - n, d]; n below 1 is an error (22023), a day past the last date too (22008)';

CREATE FUNCTION @extschema@.shift(days @extschema@.dayset, n integer)
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'shift';

COMMENT ON FUNCTION @extschema@.shift(@extschema@.dayset, integer) IS
  'Every day moved n days later, or earlier where n is negative; what is no date is an error (22008)';

CREATE FUNCTION @extschema@.weeks(days @extschema@.dayset, week_start integer DEFAULT 1)
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'weeks';

COMMENT ON FUNCTION @extschema@.weeks(@extschema@.dayset, integer) IS
  'The first days of the weeks that have a day of the set; weeks begin on week_start, 1 Monday to 7 Sunday, others are an error (22023)';

CREATE FUNCTION @extschema@.months(days @extschema@.dayset)
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'months';

COMMENT ON FUNCTION @extschema@.months(@extschema@.dayset) IS
  'The first days of the months that have a day of the set';

CREATE FUNCTION @extschema@.quarters(days @extschema@.dayset)
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'quarters';

COMMENT ON FUNCTION @extschema@.quarters(@extschema@.dayset) IS
  'The first days of the quarters that have a day of the set';

CREATE FUNCTION @extschema@.first_days(days @extschema@.dayset, period text, week_start integer DEFAULT 1)
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'first_days';

COMMENT ON FUNCTION @extschema@.first_days(@extschema@.dayset, text, integer) IS
  'The first day of the set in each day, week, month, quarter or year that has one; weeks begin on week_start, 1 Monday to 7 Sunday; another period or week_start is an error (22023)';

-- Aggregates. The state is a set of days.

CREATE FUNCTION @extschema@.dayset_agg_transfn(state @extschema@.dayset, day date)
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_agg_transfn';

COMMENT ON FUNCTION @extschema@.dayset_agg_transfn(@extschema@.dayset, date) IS
  'Transition function of dayset_agg(date) and active_days(date)';

CREATE FUNCTION @extschema@.dayset_agg_transfn(state @extschema@.dayset, event_ts timestamptz)
RETURNS @extschema@.dayset
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_agg_timestamptz_transfn';

COMMENT ON FUNCTION @extschema@.dayset_agg_transfn(@extschema@.dayset, timestamptz) IS
  'Transition function of dayset_agg(timestamptz) and active_days(timestamptz)';

CREATE FUNCTION @extschema@.dayset_union_transfn(state @extschema@.dayset, days @extschema@.dayset)
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_union_transfn';

COMMENT ON FUNCTION @extschema@.dayset_union_transfn(@extschema@.dayset, @extschema@.dayset) IS
  'Transition function of dayset_union()';

CREATE FUNCTION @extschema@.dayset_union_combinefn(state @extschema@.dayset, other @extschema@.dayset)
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayset_union_combinefn';

COMMENT ON FUNCTION @extschema@.dayset_union_combinefn(@extschema@.dayset, @extschema@.dayset) IS
  'Combine function of aggregates whose state is the set of all days seen';

CREATE FUNCTION @extschema@.active_days_finalfn(state @extschema@.dayset)
RETURNS integer
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'active_days_finalfn';

COMMENT ON FUNCTION @extschema@.active_days_finalfn(@extschema@.dayset) IS
  'Final function of active_days()';

CREATE AGGREGATE @extschema@.dayset_agg(day date) (
  SFUNC = @extschema@.dayset_agg_transfn,
  STYPE = @extschema@.dayset,
  SSPACE = 256,
  COMBINEFUNC = @extschema@.dayset_union_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.dayset_agg(date) IS
  'The set of the days; nulls are skipped, NULL where there is none; an infinite date is an error (22008)';

CREATE AGGREGATE @extschema@.dayset_agg(event_ts timestamptz) (
  SFUNC = @extschema@.dayset_agg_transfn,
  STYPE = @extschema@.dayset,
  SSPACE = 256,
  COMBINEFUNC = @extschema@.dayset_union_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.dayset_agg(timestamptz) IS
  'The set of the days of the moments, each as event_day() has it; nulls are skipped, NULL where there is none';

CREATE AGGREGATE @extschema@.dayset_union(days @extschema@.dayset) (
  SFUNC = @extschema@.dayset_union_transfn,
  STYPE = @extschema@.dayset,
  SSPACE = 256,
  COMBINEFUNC = @extschema@.dayset_union_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.dayset_union(@extschema@.dayset) IS
  'The days that any of the sets has; nulls are skipped, NULL where there is none';

CREATE AGGREGATE @extschema@.dayset_intersect(days @extschema@.dayset) (
  SFUNC = @extschema@.dayset_times,
  STYPE = @extschema@.dayset,
  COMBINEFUNC = @extschema@.dayset_times,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.dayset_intersect(@extschema@.dayset) IS
  'The days that all of the sets have; nulls are skipped, NULL where there is none';

CREATE AGGREGATE @extschema@.active_days(day date) (
  SFUNC = @extschema@.dayset_agg_transfn,
  STYPE = @extschema@.dayset,
  SSPACE = 256,
  FINALFUNC = @extschema@.active_days_finalfn,
  COMBINEFUNC = @extschema@.dayset_union_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.active_days(date) IS
  'How many distinct days there are; nulls are skipped, 0 where there is none; an infinite date is an error (22008)';

CREATE AGGREGATE @extschema@.active_days(event_ts timestamptz) (
  SFUNC = @extschema@.dayset_agg_transfn,
  STYPE = @extschema@.dayset,
  SSPACE = 256,
  FINALFUNC = @extschema@.active_days_finalfn,
  COMBINEFUNC = @extschema@.dayset_union_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.active_days(timestamptz) IS
  'How many distinct days the moments lie on, each as event_day() has it; nulls are skipped, 0 where there is none';

-- sql/library/dayseries.sql

-- dayseries: a number for each day; days without one are 0 and not stored.

CREATE TYPE @extschema@.dayseries;

CREATE FUNCTION @extschema@.dayseries_in(cstring)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_in';

COMMENT ON FUNCTION @extschema@.dayseries_in(cstring) IS
  'Text to dayseries: {2026-01-01:3,2026-01-02:-1}';

CREATE FUNCTION @extschema@.dayseries_out(@extschema@.dayseries)
RETURNS cstring
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_out';

COMMENT ON FUNCTION @extschema@.dayseries_out(@extschema@.dayseries) IS
  'dayseries to text: {2026-01-01:3,2026-01-02:-1}';

CREATE FUNCTION @extschema@.dayseries_recv(internal)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_recv';

COMMENT ON FUNCTION @extschema@.dayseries_recv(internal) IS
  'dayseries from its binary form, which is checked in full (22P03)';

CREATE FUNCTION @extschema@.dayseries_send(@extschema@.dayseries)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_send';

COMMENT ON FUNCTION @extschema@.dayseries_send(@extschema@.dayseries) IS
  'dayseries to its binary form';

CREATE TYPE @extschema@.dayseries (
  INPUT = @extschema@.dayseries_in,
  OUTPUT = @extschema@.dayseries_out,
  RECEIVE = @extschema@.dayseries_recv,
  SEND = @extschema@.dayseries_send,
  INTERNALLENGTH = VARIABLE,
  ALIGNMENT = int4,
  STORAGE = extended
);

COMMENT ON TYPE @extschema@.dayseries IS
  'A bigint other than 0 for each of some days: {2026-01-01:3,2026-01-02:-1}; in text, days may come in any order, those that come twice are added up and zeros are left out';

CREATE FUNCTION @extschema@.dayseries_eq(@extschema@.dayseries, @extschema@.dayseries)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_eq';

COMMENT ON FUNCTION @extschema@.dayseries_eq(@extschema@.dayseries, @extschema@.dayseries) IS
  'Function of the operator =';

CREATE FUNCTION @extschema@.dayseries_ne(@extschema@.dayseries, @extschema@.dayseries)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_ne';

COMMENT ON FUNCTION @extschema@.dayseries_ne(@extschema@.dayseries, @extschema@.dayseries) IS
  'Function of the operator <>';

CREATE FUNCTION @extschema@.dayseries_lt(@extschema@.dayseries, @extschema@.dayseries)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_lt';

COMMENT ON FUNCTION @extschema@.dayseries_lt(@extschema@.dayseries, @extschema@.dayseries) IS
  'Function of the operator <';

CREATE FUNCTION @extschema@.dayseries_le(@extschema@.dayseries, @extschema@.dayseries)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_le';

COMMENT ON FUNCTION @extschema@.dayseries_le(@extschema@.dayseries, @extschema@.dayseries) IS
  'Function of the operator <=';

CREATE FUNCTION @extschema@.dayseries_gt(@extschema@.dayseries, @extschema@.dayseries)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_gt';

COMMENT ON FUNCTION @extschema@.dayseries_gt(@extschema@.dayseries, @extschema@.dayseries) IS
  'Function of the operator >';

CREATE FUNCTION @extschema@.dayseries_ge(@extschema@.dayseries, @extschema@.dayseries)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_ge';

COMMENT ON FUNCTION @extschema@.dayseries_ge(@extschema@.dayseries, @extschema@.dayseries) IS
  'Function of the operator >=';

CREATE FUNCTION @extschema@.dayseries_cmp(@extschema@.dayseries, @extschema@.dayseries)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_cmp';

COMMENT ON FUNCTION @extschema@.dayseries_cmp(@extschema@.dayseries, @extschema@.dayseries) IS
  'Order of two values for btree: total, the same everywhere, without a meaning of its own';

CREATE FUNCTION @extschema@.dayseries_hash(@extschema@.dayseries)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_hash';

COMMENT ON FUNCTION @extschema@.dayseries_hash(@extschema@.dayseries) IS
  'Hash of a value';

CREATE FUNCTION @extschema@.dayseries_hash_extended(@extschema@.dayseries, bigint)
RETURNS bigint
LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_hash_extended';

COMMENT ON FUNCTION @extschema@.dayseries_hash_extended(@extschema@.dayseries, bigint) IS
  'Hash of a value with a seed';

CREATE OPERATOR @extschema@.= (
  LEFTARG = @extschema@.dayseries,
  RIGHTARG = @extschema@.dayseries,
  FUNCTION = @extschema@.dayseries_eq,
  COMMUTATOR = OPERATOR(@extschema@.=),
  NEGATOR = OPERATOR(@extschema@.<>),
  RESTRICT = eqsel,
  JOIN = eqjoinsel,
  HASHES,
  MERGES
);

COMMENT ON OPERATOR @extschema@.= (@extschema@.dayseries, @extschema@.dayseries) IS
  'Whether both are the same';

CREATE OPERATOR @extschema@.<> (
  LEFTARG = @extschema@.dayseries,
  RIGHTARG = @extschema@.dayseries,
  FUNCTION = @extschema@.dayseries_ne,
  COMMUTATOR = OPERATOR(@extschema@.<>),
  NEGATOR = OPERATOR(@extschema@.=),
  RESTRICT = neqsel,
  JOIN = neqjoinsel
);

COMMENT ON OPERATOR @extschema@.<> (@extschema@.dayseries, @extschema@.dayseries) IS
  'Whether they differ';

CREATE OPERATOR @extschema@.< (
  LEFTARG = @extschema@.dayseries,
  RIGHTARG = @extschema@.dayseries,
  FUNCTION = @extschema@.dayseries_lt,
  COMMUTATOR = OPERATOR(@extschema@.>),
  NEGATOR = OPERATOR(@extschema@.>=),
  RESTRICT = scalarltsel,
  JOIN = scalarltjoinsel
);

COMMENT ON OPERATOR @extschema@.< (@extschema@.dayseries, @extschema@.dayseries) IS
  'Whether the first sorts before in an order that has no meaning of its own';

CREATE OPERATOR @extschema@.<= (
  LEFTARG = @extschema@.dayseries,
  RIGHTARG = @extschema@.dayseries,
  FUNCTION = @extschema@.dayseries_le,
  COMMUTATOR = OPERATOR(@extschema@.>=),
  NEGATOR = OPERATOR(@extschema@.>),
  RESTRICT = scalarlesel,
  JOIN = scalarlejoinsel
);

COMMENT ON OPERATOR @extschema@.<= (@extschema@.dayseries, @extschema@.dayseries) IS
  'Whether the first sorts before or is the same in an order that has no meaning of its own';

CREATE OPERATOR @extschema@.> (
  LEFTARG = @extschema@.dayseries,
  RIGHTARG = @extschema@.dayseries,
  FUNCTION = @extschema@.dayseries_gt,
  COMMUTATOR = OPERATOR(@extschema@.<),
  NEGATOR = OPERATOR(@extschema@.<=),
  RESTRICT = scalargtsel,
  JOIN = scalargtjoinsel
);

COMMENT ON OPERATOR @extschema@.> (@extschema@.dayseries, @extschema@.dayseries) IS
  'Whether the first sorts after in an order that has no meaning of its own';

CREATE OPERATOR @extschema@.>= (
  LEFTARG = @extschema@.dayseries,
  RIGHTARG = @extschema@.dayseries,
  FUNCTION = @extschema@.dayseries_ge,
  COMMUTATOR = OPERATOR(@extschema@.<=),
  NEGATOR = OPERATOR(@extschema@.<),
  RESTRICT = scalargesel,
  JOIN = scalargejoinsel
);

COMMENT ON OPERATOR @extschema@.>= (@extschema@.dayseries, @extschema@.dayseries) IS
  'Whether the first sorts after or is the same in an order that has no meaning of its own';

CREATE OPERATOR CLASS @extschema@.dayseries_ops
DEFAULT FOR TYPE @extschema@.dayseries USING btree AS
  OPERATOR 1 @extschema@.<,
  OPERATOR 2 @extschema@.<=,
  OPERATOR 3 @extschema@.=,
  OPERATOR 4 @extschema@.>=,
  OPERATOR 5 @extschema@.>,
  FUNCTION 1 @extschema@.dayseries_cmp(@extschema@.dayseries, @extschema@.dayseries);

COMMENT ON OPERATOR CLASS @extschema@.dayseries_ops USING btree IS
  'Sorting, so that DISTINCT, GROUP BY and unique indexes work';

CREATE OPERATOR CLASS @extschema@.dayseries_ops
DEFAULT FOR TYPE @extschema@.dayseries USING hash AS
  OPERATOR 1 @extschema@.=,
  FUNCTION 1 @extschema@.dayseries_hash(@extschema@.dayseries),
  FUNCTION 2 @extschema@.dayseries_hash_extended(@extschema@.dayseries, bigint);

COMMENT ON OPERATOR CLASS @extschema@.dayseries_ops USING hash IS
  'Hashing, so that hash joins and hashed grouping work';

-- make

CREATE FUNCTION @extschema@.dayseries(day date, value bigint)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_from_day';

COMMENT ON FUNCTION @extschema@.dayseries(date, bigint) IS
  'A series of one day; empty where the value is 0, an error for an infinite date (22008)';

CREATE FUNCTION @extschema@.dayseries(days @extschema@.dayset)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_from_dayset';

COMMENT ON FUNCTION @extschema@.dayseries(@extschema@.dayset) IS
  'The series with the value 1 on each of the days';

CREATE CAST (@extschema@.dayset AS @extschema@.dayseries)
WITH FUNCTION @extschema@.dayseries(@extschema@.dayset);

COMMENT ON CAST (@extschema@.dayset AS @extschema@.dayseries) IS
  'The value 1 on each of the days';

-- ask

CREATE FUNCTION @extschema@.isempty(@extschema@.dayseries)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_isempty';

COMMENT ON FUNCTION @extschema@.isempty(@extschema@.dayseries) IS
  'Whether the series has no day';

CREATE FUNCTION @extschema@.cardinality(@extschema@.dayseries)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_cardinality';

COMMENT ON FUNCTION @extschema@.cardinality(@extschema@.dayseries) IS
  'Number of days with a value';

CREATE FUNCTION @extschema@.first_day(@extschema@.dayseries)
RETURNS date
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_first_day';

COMMENT ON FUNCTION @extschema@.first_day(@extschema@.dayseries) IS
  'First day with a value; NULL where the series is empty';

CREATE FUNCTION @extschema@.last_day(@extschema@.dayseries)
RETURNS date
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_last_day';

COMMENT ON FUNCTION @extschema@.last_day(@extschema@.dayseries) IS
  'Last day with a value; NULL where the series is empty';

CREATE FUNCTION @extschema@.total(@extschema@.dayseries)
RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_total';

COMMENT ON FUNCTION @extschema@.total(@extschema@.dayseries) IS
  'Sum of all values, 0 where the series is empty; an error beyond bigint (22003)';

CREATE FUNCTION @extschema@.value_on(@extschema@.dayseries, date)
RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_value_on';

COMMENT ON FUNCTION @extschema@.value_on(@extschema@.dayseries, date) IS
  'Value on a day, 0 where there is none';

CREATE FUNCTION @extschema@.days(@extschema@.dayseries)
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_days';

COMMENT ON FUNCTION @extschema@.days(@extschema@.dayseries) IS
  'The days with a value above 0';

-- combine

CREATE FUNCTION @extschema@.dayseries_plus(@extschema@.dayseries, @extschema@.dayseries)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_plus';

COMMENT ON FUNCTION @extschema@.dayseries_plus(@extschema@.dayseries, @extschema@.dayseries) IS
  'Function of the operator +';

CREATE OPERATOR @extschema@.+ (
  LEFTARG = @extschema@.dayseries,
  RIGHTARG = @extschema@.dayseries,
  FUNCTION = @extschema@.dayseries_plus,
  COMMUTATOR = OPERATOR(@extschema@.+)
);

COMMENT ON OPERATOR @extschema@.+ (@extschema@.dayseries, @extschema@.dayseries) IS
  'Sum day by day; an error beyond bigint (22003)';

CREATE FUNCTION @extschema@.dayseries_minus(@extschema@.dayseries, @extschema@.dayseries)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_minus';

COMMENT ON FUNCTION @extschema@.dayseries_minus(@extschema@.dayseries, @extschema@.dayseries) IS
  'Function of the operator -';

CREATE OPERATOR @extschema@.- (
  LEFTARG = @extschema@.dayseries,
  RIGHTARG = @extschema@.dayseries,
  FUNCTION = @extschema@.dayseries_minus
);

COMMENT ON OPERATOR @extschema@.- (@extschema@.dayseries, @extschema@.dayseries) IS
  'Difference day by day; an error beyond bigint (22003)';

CREATE FUNCTION @extschema@.dayseries_negative(@extschema@.dayseries)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_negative';

COMMENT ON FUNCTION @extschema@.dayseries_negative(@extschema@.dayseries) IS
  'Function of the operator - with one operand';

CREATE OPERATOR @extschema@.- (
  RIGHTARG = @extschema@.dayseries,
  FUNCTION = @extschema@.dayseries_negative
);

COMMENT ON OPERATOR @extschema@.- (NONE, @extschema@.dayseries) IS
  'Every value with the other sign; an error beyond bigint (22003)';

CREATE FUNCTION @extschema@.dayseries_slice(@extschema@.dayseries, daterange)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_slice';

COMMENT ON FUNCTION @extschema@.dayseries_slice(@extschema@.dayseries, daterange) IS
  'Function of the operator * with a daterange';

CREATE OPERATOR @extschema@.* (
  LEFTARG = @extschema@.dayseries,
  RIGHTARG = daterange,
  FUNCTION = @extschema@.dayseries_slice
);

COMMENT ON OPERATOR @extschema@.* (@extschema@.dayseries, daterange) IS
  'The days within the range';

-- time

CREATE FUNCTION @extschema@.rolling_sum(series @extschema@.dayseries, n integer)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_rolling_sum';

COMMENT ON FUNCTION @extschema@.rolling_sum(@extschema@.dayseries, integer) IS
  'On each day d the sum over the n days that end with d, the days in (d - n, d]; n below 1 is an error (22023), sums beyond bigint are (22003), days beyond the last date are left out';

CREATE FUNCTION @extschema@.by_week(series @extschema@.dayseries, week_start integer DEFAULT 1)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_by_week';

COMMENT ON FUNCTION @extschema@.by_week(@extschema@.dayseries, integer) IS
  'Sums of weeks, on their first days; week_start goes from 1, Monday, to 7, Sunday (22023)';

CREATE FUNCTION @extschema@.by_month(@extschema@.dayseries)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_by_month';

COMMENT ON FUNCTION @extschema@.by_month(@extschema@.dayseries) IS
  'Sums of months, on their first days';

CREATE FUNCTION @extschema@.by_quarter(@extschema@.dayseries)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_by_quarter';

COMMENT ON FUNCTION @extschema@.by_quarter(@extschema@.dayseries) IS
  'Sums of quarters, on their first days';

-- open up

CREATE FUNCTION @extschema@.unnest(series @extschema@.dayseries, OUT day date, OUT value bigint)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 30
AS 'MODULE_PATHNAME', 'dayseries_unnest';

COMMENT ON FUNCTION @extschema@.unnest(@extschema@.dayseries) IS
  'The days with their values, in order';

CREATE FUNCTION @extschema@.values_on(series @extschema@.dayseries, days @extschema@.dayset)
RETURNS SETOF bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 100
AS 'MODULE_PATHNAME', 'values_on';

COMMENT ON FUNCTION @extschema@.values_on(@extschema@.dayseries, @extschema@.dayset) IS
  'The values on each day of the set, a row each, in order, 0 where there is none: beside unnest(days) in a SELECT list, values of several series on the same days; no rows where an argument is NULL';

CREATE FUNCTION @extschema@.unnest(series @extschema@.dayseries, days daterange, OUT day date, OUT value bigint)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 30
AS 'MODULE_PATHNAME', 'dayseries_unnest_range';

COMMENT ON FUNCTION @extschema@.unnest(@extschema@.dayseries, daterange) IS
  'Every day of the range with its value, 0 where there is none; a range without end is an error (22023)';

CREATE FUNCTION @extschema@.each_day(series @extschema@.dayseries, days daterange, OUT day date, OUT value bigint)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 30
AS 'MODULE_PATHNAME', 'dayseries_unnest_range';

COMMENT ON FUNCTION @extschema@.each_day(@extschema@.dayseries, daterange) IS
  'unnest(series, days) under a name that FROM takes: PostgreSQL reads FROM unnest(a, b) as unnest(a) beside unnest(b)';

CREATE FUNCTION @extschema@.dayseries_to_json(@extschema@.dayseries)
RETURNS json
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_to_json';

COMMENT ON FUNCTION @extschema@.dayseries_to_json(@extschema@.dayseries) IS
  'As a JSON object: {"2026-01-01": 3}';

CREATE FUNCTION @extschema@.dayseries_to_jsonb(@extschema@.dayseries)
RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_to_jsonb';

COMMENT ON FUNCTION @extschema@.dayseries_to_jsonb(@extschema@.dayseries) IS
  'As a JSON object: {"2026-01-01": 3}';

CREATE CAST (@extschema@.dayseries AS json)
WITH FUNCTION @extschema@.dayseries_to_json(@extschema@.dayseries);

COMMENT ON CAST (@extschema@.dayseries AS json) IS
  'An object of values by date';

CREATE CAST (@extschema@.dayseries AS jsonb)
WITH FUNCTION @extschema@.dayseries_to_jsonb(@extschema@.dayseries);

COMMENT ON CAST (@extschema@.dayseries AS jsonb) IS
  'An object of values by date';

CREATE FUNCTION @extschema@.sparkline(series @extschema@.dayseries, days daterange)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'sparkline';

COMMENT ON FUNCTION @extschema@.sparkline(@extschema@.dayseries, daterange) IS
  'A character a day of the range: block characters of one to eight eighths (U+2581 to U+2588), the latter for the greatest value of the range; a middle dot (U+00B7) where there is nothing, - below 0; a range without end is an error (22023)';

-- aggregates

CREATE FUNCTION @extschema@.dayseries_agg_transfn(@extschema@.dayseries, date, bigint)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_agg_transfn';

COMMENT ON FUNCTION @extschema@.dayseries_agg_transfn(@extschema@.dayseries, date, bigint) IS
  'Transition function of dayseries_agg';

CREATE FUNCTION @extschema@.dayseries_sum_transfn(@extschema@.dayseries, @extschema@.dayseries)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_sum_transfn';

COMMENT ON FUNCTION @extschema@.dayseries_sum_transfn(@extschema@.dayseries, @extschema@.dayseries) IS
  'Transition and combine function of sum(dayseries)';

CREATE FUNCTION @extschema@.dayseries_sum_invfn(@extschema@.dayseries, @extschema@.dayseries)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_sum_invfn';

COMMENT ON FUNCTION @extschema@.dayseries_sum_invfn(@extschema@.dayseries, @extschema@.dayseries) IS
  'Inverse transition function of sum(dayseries)';

CREATE FUNCTION @extschema@.dayseries_sum_finalfn(@extschema@.dayseries)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_sum_finalfn';

COMMENT ON FUNCTION @extschema@.dayseries_sum_finalfn(@extschema@.dayseries) IS
  'Final function of the aggregates that make a dayseries';

CREATE AGGREGATE @extschema@.dayseries_agg(day date, value bigint) (
  SFUNC = @extschema@.dayseries_agg_transfn,
  STYPE = @extschema@.dayseries,
  SSPACE = 1024,
  FINALFUNC = @extschema@.dayseries_sum_finalfn,
  COMBINEFUNC = @extschema@.dayseries_sum_transfn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.dayseries_agg(date, bigint) IS
  'The sum of values on each day; rows where day or value is NULL do not count, NULL where none does';

CREATE AGGREGATE @extschema@.sum(@extschema@.dayseries) (
  SFUNC = @extschema@.dayseries_sum_transfn,
  STYPE = @extschema@.dayseries,
  SSPACE = 1024,
  FINALFUNC = @extschema@.dayseries_sum_finalfn,
  COMBINEFUNC = @extschema@.dayseries_sum_transfn,
  MSFUNC = @extschema@.dayseries_sum_transfn,
  MINVFUNC = @extschema@.dayseries_sum_invfn,
  MSTYPE = @extschema@.dayseries,
  MFINALFUNC = @extschema@.dayseries_sum_finalfn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.sum(@extschema@.dayseries) IS
  'The sum of series, day by day; NULLs do not count, NULL where there is no other; an error beyond bigint (22003)';

-- sql/library/dayseries_map.sql

-- dayseries_map: a dayseries for each of some labels.

CREATE TYPE @extschema@.dayseries_map;

CREATE FUNCTION @extschema@.dayseries_map_in(cstring)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_in';

COMMENT ON FUNCTION @extschema@.dayseries_map_in(cstring) IS
  'Text to dayseries_map: {app_open={2026-01-01:3},"my event"={2026-01-02:1}}';

CREATE FUNCTION @extschema@.dayseries_map_out(@extschema@.dayseries_map)
RETURNS cstring
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_out';

COMMENT ON FUNCTION @extschema@.dayseries_map_out(@extschema@.dayseries_map) IS
  'dayseries_map to text: {app_open={2026-01-01:3},"my event"={2026-01-02:1}}';

CREATE FUNCTION @extschema@.dayseries_map_recv(internal)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_recv';

COMMENT ON FUNCTION @extschema@.dayseries_map_recv(internal) IS
  'dayseries_map from its binary form, which is checked in full (22P03)';

CREATE FUNCTION @extschema@.dayseries_map_send(@extschema@.dayseries_map)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_send';

COMMENT ON FUNCTION @extschema@.dayseries_map_send(@extschema@.dayseries_map) IS
  'dayseries_map to its binary form';

CREATE FUNCTION @extschema@.dayseries_map_subscript_handler(internal)
RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_subscript_handler';

COMMENT ON FUNCTION @extschema@.dayseries_map_subscript_handler(internal) IS
  'What map[label] means: map -> label, to read';

CREATE TYPE @extschema@.dayseries_map (
  INPUT = @extschema@.dayseries_map_in,
  OUTPUT = @extschema@.dayseries_map_out,
  RECEIVE = @extschema@.dayseries_map_recv,
  SEND = @extschema@.dayseries_map_send,
  INTERNALLENGTH = VARIABLE,
  ALIGNMENT = int4,
  STORAGE = extended,
  ELEMENT = @extschema@.dayseries,
  SUBSCRIPT = @extschema@.dayseries_map_subscript_handler
);

COMMENT ON TYPE @extschema@.dayseries_map IS
  'A dayseries that is not empty for each of some labels: {app_open={2026-01-01:3},"my event"={2026-01-02:1}}; labels are quoted as elements of an array are, have 1 to 65535 bytes, and add up where they come twice in text';

CREATE FUNCTION @extschema@.dayseries_map_eq(@extschema@.dayseries_map, @extschema@.dayseries_map)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_eq';

COMMENT ON FUNCTION @extschema@.dayseries_map_eq(@extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'Function of the operator =';

CREATE FUNCTION @extschema@.dayseries_map_ne(@extschema@.dayseries_map, @extschema@.dayseries_map)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_ne';

COMMENT ON FUNCTION @extschema@.dayseries_map_ne(@extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'Function of the operator <>';

CREATE FUNCTION @extschema@.dayseries_map_lt(@extschema@.dayseries_map, @extschema@.dayseries_map)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_lt';

COMMENT ON FUNCTION @extschema@.dayseries_map_lt(@extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'Function of the operator <';

CREATE FUNCTION @extschema@.dayseries_map_le(@extschema@.dayseries_map, @extschema@.dayseries_map)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_le';

COMMENT ON FUNCTION @extschema@.dayseries_map_le(@extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'Function of the operator <=';

CREATE FUNCTION @extschema@.dayseries_map_gt(@extschema@.dayseries_map, @extschema@.dayseries_map)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_gt';

COMMENT ON FUNCTION @extschema@.dayseries_map_gt(@extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'Function of the operator >';

CREATE FUNCTION @extschema@.dayseries_map_ge(@extschema@.dayseries_map, @extschema@.dayseries_map)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_ge';

COMMENT ON FUNCTION @extschema@.dayseries_map_ge(@extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'Function of the operator >=';

CREATE FUNCTION @extschema@.dayseries_map_cmp(@extschema@.dayseries_map, @extschema@.dayseries_map)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_cmp';

COMMENT ON FUNCTION @extschema@.dayseries_map_cmp(@extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'Order of two values for btree: total, the same everywhere, without a meaning of its own';

CREATE FUNCTION @extschema@.dayseries_map_hash(@extschema@.dayseries_map)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_hash';

COMMENT ON FUNCTION @extschema@.dayseries_map_hash(@extschema@.dayseries_map) IS
  'Hash of a value';

CREATE FUNCTION @extschema@.dayseries_map_hash_extended(@extschema@.dayseries_map, bigint)
RETURNS bigint
LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_hash_extended';

COMMENT ON FUNCTION @extschema@.dayseries_map_hash_extended(@extschema@.dayseries_map, bigint) IS
  'Hash of a value with a seed';

CREATE OPERATOR @extschema@.= (
  LEFTARG = @extschema@.dayseries_map,
  RIGHTARG = @extschema@.dayseries_map,
  FUNCTION = @extschema@.dayseries_map_eq,
  COMMUTATOR = OPERATOR(@extschema@.=),
  NEGATOR = OPERATOR(@extschema@.<>),
  RESTRICT = eqsel,
  JOIN = eqjoinsel,
  HASHES,
  MERGES
);

COMMENT ON OPERATOR @extschema@.= (@extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'Whether both are the same';

CREATE OPERATOR @extschema@.<> (
  LEFTARG = @extschema@.dayseries_map,
  RIGHTARG = @extschema@.dayseries_map,
  FUNCTION = @extschema@.dayseries_map_ne,
  COMMUTATOR = OPERATOR(@extschema@.<>),
  NEGATOR = OPERATOR(@extschema@.=),
  RESTRICT = neqsel,
  JOIN = neqjoinsel
);

COMMENT ON OPERATOR @extschema@.<> (@extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'Whether they differ';

CREATE OPERATOR @extschema@.< (
  LEFTARG = @extschema@.dayseries_map,
  RIGHTARG = @extschema@.dayseries_map,
  FUNCTION = @extschema@.dayseries_map_lt,
  COMMUTATOR = OPERATOR(@extschema@.>),
  NEGATOR = OPERATOR(@extschema@.>=),
  RESTRICT = scalarltsel,
  JOIN = scalarltjoinsel
);

COMMENT ON OPERATOR @extschema@.< (@extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'Whether the first sorts before in an order that has no meaning of its own';

CREATE OPERATOR @extschema@.<= (
  LEFTARG = @extschema@.dayseries_map,
  RIGHTARG = @extschema@.dayseries_map,
  FUNCTION = @extschema@.dayseries_map_le,
  COMMUTATOR = OPERATOR(@extschema@.>=),
  NEGATOR = OPERATOR(@extschema@.>),
  RESTRICT = scalarlesel,
  JOIN = scalarlejoinsel
);

COMMENT ON OPERATOR @extschema@.<= (@extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'Whether the first sorts before or is the same in an order that has no meaning of its own';

CREATE OPERATOR @extschema@.> (
  LEFTARG = @extschema@.dayseries_map,
  RIGHTARG = @extschema@.dayseries_map,
  FUNCTION = @extschema@.dayseries_map_gt,
  COMMUTATOR = OPERATOR(@extschema@.<),
  NEGATOR = OPERATOR(@extschema@.<=),
  RESTRICT = scalargtsel,
  JOIN = scalargtjoinsel
);

COMMENT ON OPERATOR @extschema@.> (@extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'Whether the first sorts after in an order that has no meaning of its own';

CREATE OPERATOR @extschema@.>= (
  LEFTARG = @extschema@.dayseries_map,
  RIGHTARG = @extschema@.dayseries_map,
  FUNCTION = @extschema@.dayseries_map_ge,
  COMMUTATOR = OPERATOR(@extschema@.<=),
  NEGATOR = OPERATOR(@extschema@.<),
  RESTRICT = scalargesel,
  JOIN = scalargejoinsel
);

COMMENT ON OPERATOR @extschema@.>= (@extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'Whether the first sorts after or is the same in an order that has no meaning of its own';

CREATE OPERATOR CLASS @extschema@.dayseries_map_ops
DEFAULT FOR TYPE @extschema@.dayseries_map USING btree AS
  OPERATOR 1 @extschema@.<,
  OPERATOR 2 @extschema@.<=,
  OPERATOR 3 @extschema@.=,
  OPERATOR 4 @extschema@.>=,
  OPERATOR 5 @extschema@.>,
  FUNCTION 1 @extschema@.dayseries_map_cmp(@extschema@.dayseries_map, @extschema@.dayseries_map);

COMMENT ON OPERATOR CLASS @extschema@.dayseries_map_ops USING btree IS
  'Sorting, so that DISTINCT, GROUP BY and unique indexes work';

CREATE OPERATOR CLASS @extschema@.dayseries_map_ops
DEFAULT FOR TYPE @extschema@.dayseries_map USING hash AS
  OPERATOR 1 @extschema@.=,
  FUNCTION 1 @extschema@.dayseries_map_hash(@extschema@.dayseries_map),
  FUNCTION 2 @extschema@.dayseries_map_hash_extended(@extschema@.dayseries_map, bigint);

COMMENT ON OPERATOR CLASS @extschema@.dayseries_map_ops USING hash IS
  'Hashing, so that hash joins and hashed grouping work';

-- make

CREATE FUNCTION @extschema@.dayseries_map(label text, series @extschema@.dayseries)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_from_series';

COMMENT ON FUNCTION @extschema@.dayseries_map(text, @extschema@.dayseries) IS
  'A map of one label; empty where the series is; an empty label is an error (22023), one that is too long is (54000)';

-- ask

CREATE FUNCTION @extschema@.isempty(@extschema@.dayseries_map)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_isempty';

COMMENT ON FUNCTION @extschema@.isempty(@extschema@.dayseries_map) IS
  'Whether the map has no label';

CREATE FUNCTION @extschema@.cardinality(@extschema@.dayseries_map)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_cardinality';

COMMENT ON FUNCTION @extschema@.cardinality(@extschema@.dayseries_map) IS
  'Number of labels';

CREATE FUNCTION @extschema@.labels(@extschema@.dayseries_map)
RETURNS text[]
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_labels';

COMMENT ON FUNCTION @extschema@.labels(@extschema@.dayseries_map) IS
  'The labels, in the order of their bytes';

CREATE FUNCTION @extschema@.days(map @extschema@.dayseries_map, labels text[])
RETURNS @extschema@.dayset
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_days';

COMMENT ON FUNCTION @extschema@.days(@extschema@.dayseries_map, text[]) IS
  'The days on which any of these labels has a value above 0, NULL where the map has none of them';

CREATE FUNCTION @extschema@.dayseries_map_get(@extschema@.dayseries_map, text)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_get';

COMMENT ON FUNCTION @extschema@.dayseries_map_get(@extschema@.dayseries_map, text) IS
  'Function of the operator ->';

CREATE OPERATOR @extschema@.-> (
  LEFTARG = @extschema@.dayseries_map,
  RIGHTARG = text,
  FUNCTION = @extschema@.dayseries_map_get
);

COMMENT ON OPERATOR @extschema@.-> (@extschema@.dayseries_map, text) IS
  'The series of a label; NULL where there is none';

CREATE FUNCTION @extschema@.total_series(@extschema@.dayseries_map)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_total_series';

COMMENT ON FUNCTION @extschema@.total_series(@extschema@.dayseries_map) IS
  'The series of all labels added up; an error beyond bigint (22003)';

-- combine

CREATE FUNCTION @extschema@.dayseries_map_plus(@extschema@.dayseries_map, @extschema@.dayseries_map)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_plus';

COMMENT ON FUNCTION @extschema@.dayseries_map_plus(@extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'Function of the operator +';

CREATE OPERATOR @extschema@.+ (
  LEFTARG = @extschema@.dayseries_map,
  RIGHTARG = @extschema@.dayseries_map,
  FUNCTION = @extschema@.dayseries_map_plus,
  COMMUTATOR = OPERATOR(@extschema@.+)
);

COMMENT ON OPERATOR @extschema@.+ (@extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'Sum label by label and day by day; an error beyond bigint (22003)';

CREATE FUNCTION @extschema@.dayseries_map_minus(@extschema@.dayseries_map, @extschema@.dayseries_map)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_minus';

COMMENT ON FUNCTION @extschema@.dayseries_map_minus(@extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'Function of the operator -';

CREATE OPERATOR @extschema@.- (
  LEFTARG = @extschema@.dayseries_map,
  RIGHTARG = @extschema@.dayseries_map,
  FUNCTION = @extschema@.dayseries_map_minus
);

COMMENT ON OPERATOR @extschema@.- (@extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'Difference label by label and day by day; an error beyond bigint (22003)';

CREATE FUNCTION @extschema@.dayseries_map_negative(@extschema@.dayseries_map)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_negative';

COMMENT ON FUNCTION @extschema@.dayseries_map_negative(@extschema@.dayseries_map) IS
  'Function of the operator - with one operand';

CREATE OPERATOR @extschema@.- (
  RIGHTARG = @extschema@.dayseries_map,
  FUNCTION = @extschema@.dayseries_map_negative
);

COMMENT ON OPERATOR @extschema@.- (NONE, @extschema@.dayseries_map) IS
  'Every value with the other sign; an error beyond bigint (22003)';

CREATE FUNCTION @extschema@.dayseries_map_slice(@extschema@.dayseries_map, daterange)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_slice';

COMMENT ON FUNCTION @extschema@.dayseries_map_slice(@extschema@.dayseries_map, daterange) IS
  'Function of the operator * with a daterange';

CREATE OPERATOR @extschema@.* (
  LEFTARG = @extschema@.dayseries_map,
  RIGHTARG = daterange,
  FUNCTION = @extschema@.dayseries_map_slice
);

COMMENT ON OPERATOR @extschema@.* (@extschema@.dayseries_map, daterange) IS
  'The days within the range, and the labels that have any there';

CREATE FUNCTION @extschema@.by_category(@extschema@.dayseries_map)
RETURNS @extschema@.dayseries_map
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'by_category';

COMMENT ON FUNCTION @extschema@.by_category(@extschema@.dayseries_map) IS
  'The map with event names replaced by their categories in event_taxonomy, as the query''s snapshot sees it; those of a category are added up, names without one come under unknown; an error beyond bigint (22003)';

-- open up

CREATE FUNCTION @extschema@.each(map @extschema@.dayseries_map, OUT label text, OUT series @extschema@.dayseries)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 8
AS 'MODULE_PATHNAME', 'dayseries_map_each';

COMMENT ON FUNCTION @extschema@.each(@extschema@.dayseries_map) IS
  'The labels with their series, in the order of the labels'' bytes';

CREATE FUNCTION @extschema@.each_month(map @extschema@.dayseries_map, OUT month date, OUT part @extschema@.dayseries_map)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 12
AS 'MODULE_PATHNAME', 'each_month';

COMMENT ON FUNCTION @extschema@.each_month(@extschema@.dayseries_map) IS
  'The map cut by calendar month: the first days of the months that have something in them, in order, and what they have; an error where the month begins before the first date (22008)';

CREATE FUNCTION @extschema@.labels_under(map @extschema@.dayseries_map, prefix text)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'labels_under';

COMMENT ON FUNCTION @extschema@.labels_under(@extschema@.dayseries_map, text) IS
  'The labels that begin with the prefix and go on, without the prefix, and their series';

CREATE FUNCTION @extschema@.dayseries_map_to_json(@extschema@.dayseries_map)
RETURNS json
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_to_json';

COMMENT ON FUNCTION @extschema@.dayseries_map_to_json(@extschema@.dayseries_map) IS
  'As a JSON object of objects: {"app_open": {"2026-01-01": 3}}';

CREATE FUNCTION @extschema@.dayseries_map_to_jsonb(@extschema@.dayseries_map)
RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_to_jsonb';

COMMENT ON FUNCTION @extschema@.dayseries_map_to_jsonb(@extschema@.dayseries_map) IS
  'As a JSON object of objects: {"app_open": {"2026-01-01": 3}}';

CREATE CAST (@extschema@.dayseries_map AS json)
WITH FUNCTION @extschema@.dayseries_map_to_json(@extschema@.dayseries_map);

COMMENT ON CAST (@extschema@.dayseries_map AS json) IS
  'An object of objects: values by date, by label';

CREATE CAST (@extschema@.dayseries_map AS jsonb)
WITH FUNCTION @extschema@.dayseries_map_to_jsonb(@extschema@.dayseries_map);

COMMENT ON CAST (@extschema@.dayseries_map AS jsonb) IS
  'An object of objects: values by date, by label';

-- aggregates

CREATE FUNCTION @extschema@.dayseries_map_agg_transfn(@extschema@.dayseries_map, text, date, bigint)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_agg_transfn';

COMMENT ON FUNCTION @extschema@.dayseries_map_agg_transfn(@extschema@.dayseries_map, text, date, bigint) IS
  'Transition function of dayseries_map_agg';

CREATE FUNCTION @extschema@.dayseries_map_sum_transfn(@extschema@.dayseries_map, @extschema@.dayseries_map)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_sum_transfn';

COMMENT ON FUNCTION @extschema@.dayseries_map_sum_transfn(@extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'Transition and combine function of sum(dayseries_map)';

CREATE FUNCTION @extschema@.dayseries_map_sum_invfn(@extschema@.dayseries_map, @extschema@.dayseries_map)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_sum_invfn';

COMMENT ON FUNCTION @extschema@.dayseries_map_sum_invfn(@extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'Inverse transition function of sum(dayseries_map)';

CREATE FUNCTION @extschema@.dayseries_map_count_transfn(@extschema@.dayseries_map, @extschema@.dayseries_map)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_count_transfn';

COMMENT ON FUNCTION @extschema@.dayseries_map_count_transfn(@extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'Transition function of count_by_day(dayseries_map)';

CREATE FUNCTION @extschema@.dayseries_map_sum_finalfn(@extschema@.dayseries_map)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dayseries_map_sum_finalfn';

COMMENT ON FUNCTION @extschema@.dayseries_map_sum_finalfn(@extschema@.dayseries_map) IS
  'Final function of the aggregates that make a dayseries_map';

CREATE AGGREGATE @extschema@.dayseries_map_agg(label text, day date, value bigint) (
  SFUNC = @extschema@.dayseries_map_agg_transfn,
  STYPE = @extschema@.dayseries_map,
  SSPACE = 4096,
  FINALFUNC = @extschema@.dayseries_map_sum_finalfn,
  COMBINEFUNC = @extschema@.dayseries_map_sum_transfn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.dayseries_map_agg(text, date, bigint) IS
  'The sum of values for each label on each day; rows where label, day or value is NULL do not count, NULL where none does';

CREATE AGGREGATE @extschema@.sum(@extschema@.dayseries_map) (
  SFUNC = @extschema@.dayseries_map_sum_transfn,
  STYPE = @extschema@.dayseries_map,
  SSPACE = 4096,
  FINALFUNC = @extschema@.dayseries_map_sum_finalfn,
  COMBINEFUNC = @extschema@.dayseries_map_sum_transfn,
  MSFUNC = @extschema@.dayseries_map_sum_transfn,
  MINVFUNC = @extschema@.dayseries_map_sum_invfn,
  MSTYPE = @extschema@.dayseries_map,
  MFINALFUNC = @extschema@.dayseries_map_sum_finalfn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.sum(@extschema@.dayseries_map) IS
  'The sum of maps, label by label and day by day; NULLs do not count, NULL where there is no other; an error beyond bigint (22003)';

CREATE FUNCTION @extschema@.dayseries_map_sum_label_transfn(@extschema@.dayseries, @extschema@.dayseries_map, text)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'dayseries_map_sum_label_transfn';

COMMENT ON FUNCTION @extschema@.dayseries_map_sum_label_transfn(@extschema@.dayseries, @extschema@.dayseries_map, text) IS
  'Transition function of sum(dayseries_map, text)';

CREATE AGGREGATE @extschema@.sum(map @extschema@.dayseries_map, label text) (
  SFUNC = @extschema@.dayseries_map_sum_label_transfn,
  STYPE = @extschema@.dayseries,
  SSPACE = 1024,
  FINALFUNC = @extschema@.dayseries_sum_finalfn,
  COMBINEFUNC = @extschema@.dayseries_sum_transfn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.sum(@extschema@.dayseries_map, text) IS
  'The sum of the series of a label, or of all labels where it is NULL, day by day: as sum(map -> label) and total_series(sum(map)) without their copies; NULL where there is nothing to add; an error beyond bigint (22003)';

CREATE AGGREGATE @extschema@.count_by_day(@extschema@.dayseries_map) (
  SFUNC = @extschema@.dayseries_map_count_transfn,
  STYPE = @extschema@.dayseries_map,
  SSPACE = 4096,
  FINALFUNC = @extschema@.dayseries_map_sum_finalfn,
  COMBINEFUNC = @extschema@.dayseries_map_sum_transfn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.count_by_day(@extschema@.dayseries_map) IS
  'For each label and day, how many of the maps have a value above 0 there; NULLs do not count, NULL where there is no other';

-- sql/library/bridge.sql

-- From sets of days to numbers by day.

CREATE FUNCTION @extschema@.count_by_day_transfn(state @extschema@.dayseries, days @extschema@.dayset)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'count_by_day_transfn';

COMMENT ON FUNCTION @extschema@.count_by_day_transfn(@extschema@.dayseries, @extschema@.dayset) IS
  'Transition function of count_by_day(dayset)';

CREATE FUNCTION @extschema@.count_by_day_combinefn(state @extschema@.dayseries, other @extschema@.dayseries)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'count_by_day_combinefn';

COMMENT ON FUNCTION @extschema@.count_by_day_combinefn(@extschema@.dayseries, @extschema@.dayseries) IS
  'Combine function of count_by_day(dayset)';

CREATE AGGREGATE @extschema@.count_by_day(days @extschema@.dayset) (
  SFUNC = @extschema@.count_by_day_transfn,
  STYPE = @extschema@.dayseries,
  SSPACE = 4096,
  COMBINEFUNC = @extschema@.count_by_day_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.count_by_day(@extschema@.dayset) IS
  'On each day, how many of the sets have it; nulls are skipped, NULL where there is none';

CREATE FUNCTION @extschema@.window_counts_transfn(state @extschema@.dayseries, days @extschema@.dayset, n integer, within daterange)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'window_counts_transfn';

COMMENT ON FUNCTION @extschema@.window_counts_transfn(@extschema@.dayseries, @extschema@.dayset, integer, daterange) IS
  'Transition function of window_counts()';

CREATE AGGREGATE @extschema@.window_counts(days @extschema@.dayset, n integer, within daterange) (
  SFUNC = @extschema@.window_counts_transfn,
  STYPE = @extschema@.dayseries,
  SSPACE = 4096,
  COMBINEFUNC = @extschema@.count_by_day_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.window_counts(@extschema@.dayset, integer, daterange) IS
  'On each day of the range, how many of the sets have a day of the range among the n days (1 to 366, others are an error, 22023) that end with it; null sets are skipped, NULL where there is none; n and the range must not be null (22004)';

-- sql/library/user_days.sql

-- The days of users, of many rows with sums of theirs.

CREATE FUNCTION @extschema@.user_days_transfn(state bytea, user_id uuid, map @extschema@.dayseries_map, labels text[], names text[], others text)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'user_days_transfn';

COMMENT ON FUNCTION @extschema@.user_days_transfn(bytea, uuid, @extschema@.dayseries_map, text[], text[], text) IS
  'Transition function of user_days';

CREATE FUNCTION @extschema@.user_days_combinefn(state bytea, other bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'user_days_combinefn';

COMMENT ON FUNCTION @extschema@.user_days_combinefn(bytea, bytea) IS
  'Combine function of user_days';

CREATE AGGREGATE @extschema@.user_days(user_id uuid, map @extschema@.dayseries_map, labels text[], names text[], others text) (
  SFUNC = @extschema@.user_days_transfn,
  STYPE = bytea,
  SSPACE = 8192,
  COMBINEFUNC = @extschema@.user_days_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.user_days(uuid, @extschema@.dayseries_map, text[], text[], text) IS
  'Of maps of users, the days on which a label has a value above 0, by user and name, for user_days_found(): each label of the array under the name of the same number, not at all where that is null, and labels that are not in it under others, unless that is null; where labels is null, each under itself; as many names as labels (2202E); null users and maps are skipped, labels, names and others are those of the first row; part of the reports';

CREATE FUNCTION @extschema@.user_days_found(found bytea, past daterange, OUT name text, OUT user_id uuid, OUT days @extschema@.dayset)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 10000
AS 'MODULE_PATHNAME', 'user_days_found';

COMMENT ON FUNCTION @extschema@.user_days_found(bytea, daterange) IS
  'What user_days() found on the days of the range, as rows, maybe with no days; other bytes are an error (22P03); part of the reports';

CREATE FUNCTION @extschema@.user_day_counts_transfn(state bytea, user_id uuid, map @extschema@.dayseries_map, labels text[], names text[], others text, past daterange, period text, week_start integer)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'user_day_counts_transfn';

COMMENT ON FUNCTION @extschema@.user_day_counts_transfn(bytea, uuid, @extschema@.dayseries_map, text[], text[], text, daterange, text, integer) IS
  'Transition function of user_day_counts';

CREATE FUNCTION @extschema@.user_day_counts_finalfn(state bytea)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'user_day_counts_finalfn';

COMMENT ON FUNCTION @extschema@.user_day_counts_finalfn(bytea) IS
  'Final function of user_day_counts';

CREATE AGGREGATE @extschema@.user_day_counts(user_id uuid, map @extschema@.dayseries_map, labels text[], names text[], others text, past daterange, period text, week_start integer) (
  SFUNC = @extschema@.user_day_counts_transfn,
  STYPE = bytea,
  SSPACE = 8192,
  FINALFUNC = @extschema@.user_day_counts_finalfn,
  COMBINEFUNC = @extschema@.user_days_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.user_day_counts(uuid, @extschema@.dayseries_map, text[], text[], text, daterange, text, integer) IS
  'What active_period_counts() makes of each name''s sets of days as user_days() finds them, cut to the days of the range, under labels that begin with the name and a slash; of all arguments but the first two those of the first row; NULL where there is none; part of the reports';

-- sql/library/figures.sql

-- Sums over users of what their days make: each user has a set of days for each of some labels,
-- and the aggregates add up, by label and day, what the sets after a change have more than those before.

CREATE FUNCTION @extschema@.figures_combinefn(state @extschema@.dayseries_map, other @extschema@.dayseries_map)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'figures_combinefn';

COMMENT ON FUNCTION @extschema@.figures_combinefn(@extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'Combine function of activity_counts, period_counts, cohort_counts, event_user_counts, active_day_counts, active_period_counts and retention_counts';

CREATE FUNCTION @extschema@.activity_counts_transfn(state @extschema@.dayseries_map, before @extschema@.dayset, after @extschema@.dayset)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'activity_counts_transfn';

COMMENT ON FUNCTION @extschema@.activity_counts_transfn(@extschema@.dayseries_map, @extschema@.dayset, @extschema@.dayset) IS
  'Transition function of activity_counts';

CREATE AGGREGATE @extschema@.activity_counts(before @extschema@.dayset, after @extschema@.dayset) (
  SFUNC = @extschema@.activity_counts_transfn,
  STYPE = @extschema@.dayseries_map,
  SSPACE = 8192,
  FINALFUNC = @extschema@.dayseries_map_sum_finalfn,
  COMBINEFUNC = @extschema@.figures_combinefn,
  INITCOND = '{}',
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.activity_counts(@extschema@.dayset, @extschema@.dayset) IS
  'How many more sets of active days there are after than before that have each day (dau), or one of the 7, 28, 30 days that end with it (wau, active_28d, mau); NULL is no days, {} where nothing changes; an error where a window ends after the last date (22008)';

CREATE FUNCTION @extschema@.period_counts_transfn(state @extschema@.dayseries_map, before @extschema@.dayset, after @extschema@.dayset, week_start integer)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'period_counts_transfn';

COMMENT ON FUNCTION @extschema@.period_counts_transfn(@extschema@.dayseries_map, @extschema@.dayset, @extschema@.dayset, integer) IS
  'Transition function of period_counts';

CREATE AGGREGATE @extschema@.period_counts(before @extschema@.dayset, after @extschema@.dayset, week_start integer) (
  SFUNC = @extschema@.period_counts_transfn,
  STYPE = @extschema@.dayseries_map,
  SSPACE = 16384,
  FINALFUNC = @extschema@.dayseries_map_sum_finalfn,
  COMBINEFUNC = @extschema@.figures_combinefn,
  INITCOND = '{}',
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.period_counts(@extschema@.dayset, @extschema@.dayset, integer) IS
  'How many more sets of active days there are after than before of which each day is the first active one of its week, month, quarter (weekly, monthly, quarterly) or of all (lifecycle/new), and of those the ones that were active in the period before too (lifecycle/returning for weeks, lifecycle/returning_months, _quarters, and _days for active days after active days); weeks begin on week_start, 1 Monday to 7 Sunday (22023, NULL 22004); NULL is no days, {} where nothing changes';

CREATE FUNCTION @extschema@.cohort_counts_transfn(state @extschema@.dayseries_map, before @extschema@.dayset, after @extschema@.dayset, week_start integer)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cohort_counts_transfn';

COMMENT ON FUNCTION @extschema@.cohort_counts_transfn(@extschema@.dayseries_map, @extschema@.dayset, @extschema@.dayset, integer) IS
  'Transition function of cohort_counts';

CREATE AGGREGATE @extschema@.cohort_counts(before @extschema@.dayset, after @extschema@.dayset, week_start integer) (
  SFUNC = @extschema@.cohort_counts_transfn,
  STYPE = @extschema@.dayseries_map,
  SSPACE = 16384,
  FINALFUNC = @extschema@.dayseries_map_sum_finalfn,
  COMBINEFUNC = @extschema@.figures_combinefn,
  INITCOND = '{}',
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.cohort_counts(@extschema@.dayset, @extschema@.dayset, integer) IS
  'How many more sets of active days there are after than before of which each day is the first active one of its week, by cohort: a label such as cohorts/2026-01-05 has the first day of the week in which a set was first active; weeks begin on week_start, 1 Monday to 7 Sunday (22023, NULL 22004); NULL is no days, {} where nothing changes; an error for a week without a first day (22008)';

CREATE FUNCTION @extschema@.event_user_counts_transfn(state @extschema@.dayseries_map, before @extschema@.dayseries_map, change @extschema@.dayseries_map)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'event_user_counts_transfn';

COMMENT ON FUNCTION @extschema@.event_user_counts_transfn(@extschema@.dayseries_map, @extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'Transition function of event_user_counts';

CREATE AGGREGATE @extschema@.event_user_counts(before @extschema@.dayseries_map, change @extschema@.dayseries_map) (
  SFUNC = @extschema@.event_user_counts_transfn,
  STYPE = @extschema@.dayseries_map,
  SSPACE = 8192,
  FINALFUNC = @extschema@.dayseries_map_sum_finalfn,
  COMBINEFUNC = @extschema@.figures_combinefn,
  INITCOND = '{}',
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.event_user_counts(@extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'For each label and day, in how many of the maps a value comes to be above 0 by the change, less those where it ceases to; NULL is an empty map, {} where nothing changes; an error where before + change is beyond bigint (22003)';

CREATE FUNCTION @extschema@.active_day_counts_transfn(state @extschema@.dayseries_map, days @extschema@.dayset, period text, week_start integer)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'active_day_counts_transfn';

COMMENT ON FUNCTION @extschema@.active_day_counts_transfn(@extschema@.dayseries_map, @extschema@.dayset, text, integer) IS
  'Transition function of active_day_counts';

CREATE AGGREGATE @extschema@.active_day_counts(days @extschema@.dayset, period text, week_start integer) (
  SFUNC = @extschema@.active_day_counts_transfn,
  STYPE = @extschema@.dayseries_map,
  SSPACE = 4096,
  FINALFUNC = @extschema@.dayseries_map_sum_finalfn,
  COMBINEFUNC = @extschema@.figures_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.active_day_counts(@extschema@.dayset, text, integer) IS
  'By number of days, from 1, on the first day of each period (day, week, month, quarter): how many of the sets have so many days in it; weeks begin on week_start, 1 Monday to 7 Sunday (22023, NULL 22004); null sets are skipped, NULL where there is none; an error for a week without a first day (22008)';

CREATE FUNCTION @extschema@.active_day_counts_transfn(state @extschema@.dayseries_map, days @extschema@.dayset, period text, week_start integer, within daterange)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'active_day_counts_transfn';

COMMENT ON FUNCTION @extschema@.active_day_counts_transfn(@extschema@.dayseries_map, @extschema@.dayset, text, integer, daterange) IS
  'Transition function of active_day_counts';

CREATE AGGREGATE @extschema@.active_day_counts(days @extschema@.dayset, period text, week_start integer, within daterange) (
  SFUNC = @extschema@.active_day_counts_transfn,
  STYPE = @extschema@.dayseries_map,
  SSPACE = 4096,
  FINALFUNC = @extschema@.dayseries_map_sum_finalfn,
  COMBINEFUNC = @extschema@.figures_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.active_day_counts(@extschema@.dayset, text, integer, daterange) IS
  'The same as active_day_counts() of days * within, without making these; within must not be null (22004)';

CREATE FUNCTION @extschema@.active_period_counts_transfn(state @extschema@.dayseries_map, days @extschema@.dayset, period text, week_start integer)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'active_period_counts_transfn';

COMMENT ON FUNCTION @extschema@.active_period_counts_transfn(@extschema@.dayseries_map, @extschema@.dayset, text, integer) IS
  'Transition function of active_period_counts';

CREATE AGGREGATE @extschema@.active_period_counts(days @extschema@.dayset, period text, week_start integer) (
  SFUNC = @extschema@.active_period_counts_transfn,
  STYPE = @extschema@.dayseries_map,
  SSPACE = 4096,
  FINALFUNC = @extschema@.dayseries_map_sum_finalfn,
  COMBINEFUNC = @extschema@.figures_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.active_period_counts(@extschema@.dayset, text, integer) IS
  'How many of the sets have each day as the first active one of its period (day, week, month, quarter; label active), of all (new), and of a period after an active one (returning); weeks begin on week_start, 1 Monday to 7 Sunday (22023, NULL 22004); null sets are skipped, NULL where there is none';

CREATE FUNCTION @extschema@.active_period_counts_transfn(state @extschema@.dayseries_map, days @extschema@.dayset, period text, week_start integer, within daterange)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'active_period_counts_transfn';

COMMENT ON FUNCTION @extschema@.active_period_counts_transfn(@extschema@.dayseries_map, @extschema@.dayset, text, integer, daterange) IS
  'Transition function of active_period_counts';

CREATE AGGREGATE @extschema@.active_period_counts(days @extschema@.dayset, period text, week_start integer, within daterange) (
  SFUNC = @extschema@.active_period_counts_transfn,
  STYPE = @extschema@.dayseries_map,
  SSPACE = 4096,
  FINALFUNC = @extschema@.dayseries_map_sum_finalfn,
  COMBINEFUNC = @extschema@.figures_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.active_period_counts(@extschema@.dayset, text, integer, daterange) IS
  'The same as active_period_counts() of days * within, without making these; within must not be null (22004)';

CREATE FUNCTION @extschema@.retention_counts_transfn(state @extschema@.dayseries_map, started @extschema@.dayset, back @extschema@.dayset, period text, week_start integer, unbounded boolean)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'retention_counts_transfn';

COMMENT ON FUNCTION @extschema@.retention_counts_transfn(@extschema@.dayseries_map, @extschema@.dayset, @extschema@.dayset, text, integer, boolean) IS
  'Transition function of retention_counts';

CREATE AGGREGATE @extschema@.retention_counts(started @extschema@.dayset, back @extschema@.dayset, period text, week_start integer, unbounded boolean) (
  SFUNC = @extschema@.retention_counts_transfn,
  STYPE = @extschema@.dayseries_map,
  SSPACE = 16384,
  FINALFUNC = @extschema@.dayseries_map_sum_finalfn,
  COMBINEFUNC = @extschema@.figures_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.retention_counts(@extschema@.dayset, @extschema@.dayset, text, integer, boolean) IS
  'By cohort, the period (day, week, month, quarter) of the first day of started, under whose first day as a label: how many of the sets back have each day as the first active one of its period, from the cohort''s on, or, where unbounded, as the last of all; label size has how many there are in each cohort, on its first day; weeks begin on week_start, 1 Monday to 7 Sunday (22023, NULL 22004); null and empty sets started are skipped, NULL where there is none; an error for a period without a first day (22008)';

CREATE FUNCTION @extschema@.retention_counts_transfn(state @extschema@.dayseries_map, started @extschema@.dayset, back @extschema@.dayset, period text, week_start integer, unbounded boolean, within daterange)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'retention_counts_transfn';

COMMENT ON FUNCTION @extschema@.retention_counts_transfn(@extschema@.dayseries_map, @extschema@.dayset, @extschema@.dayset, text, integer, boolean, daterange) IS
  'Transition function of retention_counts';

CREATE AGGREGATE @extschema@.retention_counts(started @extschema@.dayset, back @extschema@.dayset, period text, week_start integer, unbounded boolean, within daterange) (
  SFUNC = @extschema@.retention_counts_transfn,
  STYPE = @extschema@.dayseries_map,
  SSPACE = 16384,
  FINALFUNC = @extschema@.dayseries_map_sum_finalfn,
  COMBINEFUNC = @extschema@.figures_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.retention_counts(@extschema@.dayset, @extschema@.dayset, text, integer, boolean, daterange) IS
  'The same as retention_counts() of started * within and back * within, without making these; within must not be null (22004)';

-- sql/library/aggregates.sql

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

-- sql/library/sequences.sql

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

-- sql/library/funnel.sql

-- What funnel() is made of. A search returns the time of the latest entry, then
-- the time of each step reached.
CREATE FUNCTION @extschema@.funnel_end(steps text[], within interval, modes text[], from_ts timestamptz, to_ts timestamptz)
RETURNS timestamptz
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'funnel_end';

COMMENT ON FUNCTION @extschema@.funnel_end(text[], interval, text[], timestamptz, timestamptz) IS
  'Checks the arguments of funnel(), and says until when its last step may be taken: to_ts plus the window, or infinity';

CREATE FUNCTION @extschema@.funnel_search_transfn(internal, text[], interval, text[], timestamptz, timestamptz, timestamptz, text)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'funnel_search_transfn';

COMMENT ON FUNCTION @extschema@.funnel_search_transfn(internal, text[], interval, text[], timestamptz, timestamptz, timestamptz, text) IS
  'Transition function of funnel_search';

CREATE FUNCTION @extschema@.funnel_search_finalfn(internal)
RETURNS timestamptz[]
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'funnel_search_finalfn';

COMMENT ON FUNCTION @extschema@.funnel_search_finalfn(internal) IS
  'Final function of funnel_search';

CREATE AGGREGATE @extschema@.funnel_search(steps text[], within interval, modes text[], from_ts timestamptz, to_ts timestamptz, event_ts timestamptz, event_name text) (
  SFUNC = @extschema@.funnel_search_transfn,
  STYPE = internal,
  SSPACE = 128,
  FINALFUNC = @extschema@.funnel_search_finalfn,
  COMBINEFUNC = @extschema@.window_funnel_combinefn,
  SERIALFUNC = @extschema@.window_funnel_serialfn,
  DESERIALFUNC = @extschema@.window_funnel_deserialfn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.funnel_search(text[], interval, text[], timestamptz, timestamptz, timestamptz, text) IS
  'window_funnel_times over events told apart by name, after the time of the latest entry; null where there was no entry; part of funnel()';

CREATE FUNCTION @extschema@.funnel_search_ordered(steps text[], within interval, modes text[], from_ts timestamptz, to_ts timestamptz, event_ts timestamptz, event_name text)
RETURNS timestamptz[]
LANGUAGE c IMMUTABLE WINDOW PARALLEL SAFE
AS 'MODULE_PATHNAME', 'funnel_search_ordered';

COMMENT ON FUNCTION @extschema@.funnel_search_ordered(text[], interval, text[], timestamptz, timestamptz, timestamptz, text) IS
  'funnel_search as a window function over rows in order of event_ts: what was found, at the first row where that is certain, null elsewhere; part of funnel()';

-- The same for users, along their timelines, in batches that parallel workers
-- share out.
CREATE FUNCTION @extschema@.funnel_users_transfn(internal, uuid, text[], interval, text[], timestamptz, timestamptz, timestamptz)
RETURNS internal
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'funnel_users_transfn';

COMMENT ON FUNCTION @extschema@.funnel_users_transfn(internal, uuid, text[], interval, text[], timestamptz, timestamptz, timestamptz) IS
  'Transition function of funnel_users';

CREATE FUNCTION @extschema@.funnel_users_combinefn(internal, internal)
RETURNS internal
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'funnel_users_combinefn';

COMMENT ON FUNCTION @extschema@.funnel_users_combinefn(internal, internal) IS
  'Combine function of funnel_users';

CREATE FUNCTION @extschema@.funnel_users_serialfn(internal)
RETURNS bytea
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'funnel_users_serialfn';

COMMENT ON FUNCTION @extschema@.funnel_users_serialfn(internal) IS
  'Serialisation function of funnel_users';

CREATE FUNCTION @extschema@.funnel_users_deserialfn(bytea, internal)
RETURNS internal
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'funnel_users_deserialfn';

COMMENT ON FUNCTION @extschema@.funnel_users_deserialfn(bytea, internal) IS
  'Deserialisation function of funnel_users';

CREATE FUNCTION @extschema@.funnel_users_finalfn(internal)
RETURNS bytea
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'funnel_users_finalfn';

COMMENT ON FUNCTION @extschema@.funnel_users_finalfn(internal) IS
  'Final function of funnel_users';

CREATE AGGREGATE @extschema@.funnel_users(user_id uuid, steps text[], within interval, modes text[], from_ts timestamptz, to_ts timestamptz, end_ts timestamptz) (
  SFUNC = @extschema@.funnel_users_transfn,
  STYPE = internal,
  FINALFUNC = @extschema@.funnel_users_finalfn,
  COMBINEFUNC = @extschema@.funnel_users_combinefn,
  SERIALFUNC = @extschema@.funnel_users_serialfn,
  DESERIALFUNC = @extschema@.funnel_users_deserialfn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.funnel_users(uuid, text[], interval, text[], timestamptz, timestamptz, timestamptz) IS
  'Looks for the funnel in fct_event along the timeline of each user given, no further than needed; the result is for funnel_found(); part of funnel()';

CREATE FUNCTION @extschema@.funnel_found(found bytea, OUT user_id uuid, OUT times timestamptz[])
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 10000
AS 'MODULE_PATHNAME', 'funnel_found';

COMMENT ON FUNCTION @extschema@.funnel_found(bytea) IS
  'What funnel_users() found, as users with the times of funnel_search(); part of funnel()';

CREATE FUNCTION @extschema@.has_timeline(dimension text, key text)
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  events  CONSTANT regclass := '@extschema@.fct_event';
  members CONSTANT regclass := format('@extschema@.%I', dimension);
BEGIN
  RETURN has_table_privilege(members, 'SELECT')
    AND NOT row_security_active(members)
    AND EXISTS (
      SELECT FROM pg_constraint AS c
      WHERE c.contype = 'f' AND c.conrelid = events AND c.confrelid = members AND c.convalidated
    )
    AND EXISTS (
      SELECT FROM pg_index AS i
      WHERE i.indrelid = events AND i.indisvalid AND i.indpred IS NULL
        AND pg_get_indexdef(i.indexrelid, 1, true) = key
        AND pg_get_indexdef(i.indexrelid, 2, true) = 'event_ts'
    );
END
$function$;

COMMENT ON FUNCTION @extschema@.has_timeline(text, text) IS
  'Whether the events of each row of dim_user or dim_account can be found in order of time by an index, and no event is missed by going through the rows that the reader can see; part of funnel()';

CREATE FUNCTION @extschema@.funnel(
  steps    text[],
  within   interval,
  from_ts  timestamptz,
  to_ts    timestamptz,
  modes    text[] DEFAULT '{}',
  segment  text DEFAULT NULL
)
RETURNS TABLE (
  segment_value                text,
  step                         integer,
  event_name                   text,
  users                        bigint,
  conversion_from_first        numeric,
  conversion_from_previous     numeric,
  median_seconds_from_previous numeric,
  immature_users               bigint
)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET work_mem = '64MB'
SET min_parallel_table_scan_size = 0
SET jit = off
AS $function$
DECLARE
  end_ts       CONSTANT timestamptz := @extschema@.funnel_end(steps, within, modes, from_ts, to_ts);
  segments     CONSTANT text[] := '{plan_tier,region,account_id,source,role,country}';
  -- The rows to read: under strict_order, all of a user's.
  rows_to_read CONSTANT text := 'e.event_ts >= $4 AND e.event_ts <= $6 AND $4 < $5'
    || CASE WHEN 'strict_order' = ANY (modes) THEN '' ELSE ' AND e.event_name = ANY ($1)' END;
  -- User by user along the timeline, no further than needed.
  by_timeline  CONSTANT text := $query$
    SELECT f.user_id, f.times
    FROM (
      SELECT @extschema@.funnel_users(u.user_id, $1, $2, $3, $4, $5, $6) AS found
      FROM @extschema@.dim_user AS u
      WHERE $4 < $5
    ) AS a
    CROSS JOIN @extschema@.funnel_found(a.found) AS f $query$;
  -- All of the period's rows at once.
  by_hash      CONSTANT text := format($query$
    SELECT
      e.user_id,
      @extschema@.funnel_search($1, $2, $3, $4, $5, e.event_ts, e.event_name) AS times
    FROM @extschema@.fct_event AS e
    WHERE %s
    GROUP BY e.user_id $query$, rows_to_read);
  n_users      double precision;
  search_all   text := by_hash;
  last_event   timestamptz;
BEGIN
  IF segment <> ALL (segments) THEN
    RAISE invalid_parameter_value USING
      MESSAGE = format('segment "%s" does not exist', segment),
      HINT = format('Segments are %s.', array_to_string(segments, ', '));
  END IF;

  -- Both ways give the same. A row found along a timeline costs as much as
  -- several read one after the other, so it pays where there are many rows a
  -- user and most searches are soon done, going by a sample of users.
  IF @extschema@.has_timeline('dim_user'::text, 'user_id'::text) THEN
    SELECT greatest(c.reltuples, 1) INTO n_users FROM pg_class AS c WHERE c.oid = '@extschema@.dim_user'::regclass;
    EXECUTE format($query$
      WITH sample AS MATERIALIZED (
        SELECT u.user_id FROM @extschema@.dim_user AS u TABLESAMPLE SYSTEM (%s) REPEATABLE (1) LIMIT 100
      )
      SELECT CASE WHEN avg(CASE WHEN cardinality(f.times) > cardinality($1) THEN 8 ELSE n.n_rows END) + 2 < avg(n.n_rows) * 0.15 THEN $7 ELSE $8 END
      FROM sample AS s
      CROSS JOIN LATERAL (
        SELECT count(*) AS n_rows
        FROM (
          SELECT
          FROM @extschema@.fct_event AS e
          WHERE e.user_id = s.user_id AND e.event_ts >= $4 AND e.event_ts <= $6
          LIMIT 1000
        ) AS in_period
      ) AS n
      LEFT JOIN (
        SELECT f.*
        FROM (SELECT @extschema@.funnel_users(user_id, $1, $2, $3, $4, $5, $6) AS found FROM sample) AS a
        CROSS JOIN @extschema@.funnel_found(a.found) AS f
      ) AS f USING (user_id) $query$, least(100, 100 * 200 / n_users)::real)
    INTO search_all
    USING steps, within, modes, from_ts, to_ts, end_ts, by_timeline, by_hash;
  END IF;

  -- Events of the future say nothing about what is still to come.
  IF @extschema@.has_timeline('dim_account'::text, 'account_id'::text) THEN
    SELECT max(latest.event_ts)
    INTO last_event
    FROM @extschema@.dim_account AS a
    CROSS JOIN LATERAL (
      SELECT max(e.event_ts) AS event_ts
      FROM @extschema@.fct_event AS e
      WHERE e.account_id = a.account_id AND e.event_ts <= now()
    ) AS latest;
  ELSE
    SELECT max(e.event_ts) INTO last_event FROM @extschema@.fct_event AS e WHERE e.event_ts <= now();
  END IF;

  RETURN QUERY EXECUTE format($query$
    WITH searches AS MATERIALIZED (
      SELECT user_id, times FROM (%1$s) AS all_users WHERE times IS NOT NULL
    ),
    reached AS MATERIALIZED (
      SELECT
        %2$s AS segment_value,
        s.times,
        cardinality(s.times) - 1 AS reached,
        coalesce($2 > $8 - s.times[1], true) AS is_open
      FROM searches AS s
      %3$s
    ),
    steps AS (
      SELECT
        r.segment_value,
        n AS step,
        count(*) AS users,
        percentile_cont(0.5) WITHIN GROUP (
          ORDER BY CASE WHEN n > 1 THEN date_part('epoch', r.times[n + 1] - r.times[n]) END
        ) AS median,
        count(*) FILTER (WHERE r.reached = n AND r.is_open AND n < $7) AS immature_users
      FROM reached AS r
      CROSS JOIN generate_series(1, $7) AS n
      WHERE n <= r.reached
      GROUP BY r.segment_value, n
    ),
    grid AS (
      SELECT s.segment_value, n AS step
      FROM (%4$s) AS s
      CROSS JOIN generate_series(1, $7) AS n
    )
    SELECT
      g.segment_value,
      g.step,
      $1[array_lower($1, 1) + g.step - 1],
      coalesce(s.users, 0),
      round(coalesce(s.users, 0)::numeric / nullif(first_value(coalesce(s.users, 0)) OVER steps_of_segment, 0), 4),
      round(coalesce(s.users, 0)::numeric / nullif(lag(coalesce(s.users, 0)) OVER steps_of_segment, 0), 4),
      trim_scale(round(s.median::numeric, 6)),
      coalesce(s.immature_users, 0)
    FROM grid AS g
    LEFT JOIN steps AS s ON s.step = g.step AND s.segment_value IS NOT DISTINCT FROM g.segment_value
    WINDOW steps_of_segment AS (PARTITION BY g.segment_value ORDER BY g.step)
    ORDER BY g.segment_value, g.step $query$,
    search_all,
    CASE
      WHEN segment IS NULL THEN 'NULL::text'
      WHEN segment IN ('account_id', 'source') THEN format('entry.%I::text', segment)
      WHEN segment IN ('plan_tier', 'region') THEN format('a.%I::text', segment)
      ELSE format('u.%I::text', segment)
    END,
    CASE
      WHEN segment IN ('role', 'country') THEN 'LEFT JOIN @extschema@.dim_user AS u ON u.user_id = s.user_id'
      WHEN segment IS NOT NULL THEN $query$
        CROSS JOIN LATERAL (
          SELECT e.account_id, e.source
          FROM @extschema@.fct_event AS e
          WHERE e.user_id = s.user_id AND e.event_ts = s.times[2] AND e.event_name = $1[array_lower($1, 1)]
          ORDER BY e.event_id
          LIMIT 1
        ) AS entry
        LEFT JOIN @extschema@.dim_account AS a ON a.account_id = entry.account_id $query$
    END,
    CASE WHEN segment IS NULL THEN 'SELECT NULL::text AS segment_value' ELSE 'SELECT DISTINCT segment_value FROM reached' END)
  USING steps, within, modes, from_ts, to_ts, end_ts, cardinality(steps), last_event;
END
$function$;

COMMENT ON FUNCTION @extschema@.funnel(text[], interval, timestamptz, timestamptz, text[], text) IS
  'How many users went how far through a list of events, each within the window given from the first one, which counts from from_ts until before to_ts; modes as for window_funnel; segments: plan_tier, region, account_id, source (of the entry), role, country (of the user); rates are null where there is nobody to divide by';

-- sql/library/model.sql

-- The model: tables, triggers and views that belong to whoever installs.
--
-- The script of a trusted extension runs as a superuser, and the installer's
-- own tables, which it adopts, may run code of the installer's. So all that is
-- done to the model is done as its owner; the superuser reads catalogs only.

CREATE FUNCTION @extschema@.usage_execute_as(role regrole, command text)
RETURNS text
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'usage_execute_as';

COMMENT ON FUNCTION @extschema@.usage_execute_as(regrole, text) IS
  'Run a command with the rights of a role that the caller is a member of (42501 otherwise), and with no others; returns the first column of its first row, null where there is none';

CREATE FUNCTION @extschema@.usage_installing()
RETURNS boolean
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'usage_installing';

COMMENT ON FUNCTION @extschema@.usage_installing() IS
  'Whether the script of this extension is running; true only inside CREATE or ALTER EXTENSION';

CREATE FUNCTION @extschema@.usage_check_version(model_version text, upgrading boolean)
RETURNS void
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  library_version CONSTANT text := @extschema@.usage_library_version();
  -- The oldest model whose tables are as the library needs them: it goes on
  -- working, with the views it has, until it is upgraded.
  oldest_version CONSTANT text := '1.0';
  problem text;
  way_out text;
BEGIN
  IF model_version IS NULL OR model_version !~ '^[0-9]{1,9}([.][0-9]{1,9})*$' THEN
    problem := 'of an unknown version';
    way_out := 'Restore what usage_settings.model_version held.';
  ELSIF string_to_array(model_version, '.')::integer[] > string_to_array(library_version, '.')::integer[] THEN
    problem := format('of version %s, newer than the library''s %s', model_version, library_version);
    way_out := 'Install the newer library, then run ALTER EXTENSION usage_analytics UPDATE.';
  ELSIF string_to_array(model_version, '.')::integer[] < string_to_array(oldest_version, '.')::integer[] AND NOT upgrading THEN
    problem := format('of version %s, older than the library''s %s', model_version, library_version);
    way_out := 'Call @extschema@.upgrade_usage_model().';
  ELSE
    RETURN;
  END IF;
  RAISE EXCEPTION USING
    ERRCODE = 'object_not_in_prerequisite_state',
    MESSAGE = 'the usage model is ' || problem,
    HINT = way_out;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_check_version(text, boolean) IS
  'Error (55000) unless a model of that version goes with the library: not a newer one, nor one so old that its tables are other ones, but where it is about to be upgraded';

CREATE FUNCTION @extschema@.usage_check_owner()
RETURNS regrole
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  owner regrole;
BEGIN
  SELECT relowner INTO owner FROM pg_class WHERE oid = to_regclass('@extschema@.usage_settings');
  IF owner IS NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = 'there is no usage model',
      HINT = 'Call @extschema@.create_usage_model().';
  END IF;
  IF NOT pg_has_role(owner, 'USAGE') THEN
    RAISE EXCEPTION USING
      ERRCODE = 'insufficient_privilege',
      MESSAGE = 'must be owner of the usage model',
      DETAIL = format('It belongs to role %s.', owner);
  END IF;
  PERFORM @extschema@.usage_check_version(
    @extschema@.usage_execute_as(owner, 'SELECT model_version FROM @extschema@.usage_settings'::text), false);
  RETURN owner;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_check_owner() IS
  'The role that owns the model; an error unless the caller is a member of it (42501), and the model is there and goes with the library (55000)';

CREATE FUNCTION @extschema@.usage_model_check(relation regclass, kind text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  there pg_class;
BEGIN
  SELECT * INTO there FROM pg_class WHERE oid = relation;
  IF there.relkind <> ALL (CASE kind WHEN 'view' THEN '{v}' ELSE '{r,p}' END::"char"[]) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'wrong_object_type',
      MESSAGE = format('relation %s exists and is not a %s', relation, kind),
      HINT = 'Rename it, or install the extension in another schema.';
  END IF;
  IF there.relowner <> current_user::regrole THEN
    RAISE EXCEPTION USING
      ERRCODE = 'insufficient_privilege',
      MESSAGE = format('%s %s exists and does not belong to role %s', kind, relation, current_user::regrole),
      HINT = 'Rename it, have its owner install the extension, or install it in another schema.';
  END IF;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_model_check(regclass, text) IS
  'Error unless an existing relation is a table or a view, as said (42809), of the current role (42501); part of create_usage_model()';

-- An existing table against the statement that would make it.
CREATE FUNCTION @extschema@.usage_model_adopt(relation regclass, statement text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
DECLARE
  wanted record;
BEGIN
  FOR wanted IN
    SELECT model.part[1] AS name,
           model.part[2]::regtype AS type,
           model.part[3] IS NOT NULL AS not_null,
           rtrim(model.part[4], ',') AS default_value,
           there.atttypid AS type_there,
           format_type(there.atttypid, there.atttypmod) AS type_name_there,
           there.atttypmod AS typmod_there,
           there.attnotnull AS not_null_there,
           there.atthasdef OR there.attidentity <> '' AS has_default
      FROM regexp_matches(statement, '^  (\w+) +(\w+)( NOT NULL)?(?: DEFAULT (.+)|,)?$', 'gn')
           WITH ORDINALITY AS model (part, number)
      LEFT JOIN pg_attribute AS there
        ON there.attrelid = relation AND there.attname = model.part[1]
           AND there.attnum > 0 AND NOT there.attisdropped
     ORDER BY model.number
  LOOP
    IF wanted.type_there IS DISTINCT FROM wanted.type OR wanted.typmod_there <> -1 THEN
      RAISE EXCEPTION USING
        ERRCODE = 'datatype_mismatch',
        MESSAGE = format('table %s exists and its column %I is not as the usage model needs it', relation, wanted.name),
        DETAIL = format('The column should be of type %s; %s.', wanted.type,
                        coalesce('it is of type ' || wanted.type_name_there, 'there is none')),
        HINT = 'Alter the table, rename it, or install the extension in another schema.';
    END IF;
    IF wanted.default_value IS NOT NULL AND NOT wanted.has_default THEN
      EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', relation, wanted.name, wanted.default_value);
    END IF;
    IF wanted.not_null AND NOT wanted.not_null_there THEN
      EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', relation, wanted.name);
    END IF;
  END LOOP;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_model_adopt(regclass, text) IS
  'Take an existing table into the model: supplies missing defaults and NOT NULLs, an error where a column is missing or of another type (42804); part of create_usage_model()';

-- A constraint or an index of the same name is the owner's version of it, and
-- stays; so does one of another name that does the same.
CREATE FUNCTION @extschema@.usage_model_has(relation regclass, kind text, statement text)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
DECLARE
  wanted_name text;
  wanted_keys text[];
BEGIN
  CASE kind
    WHEN 'ADD CONSTRAINT' THEN
      wanted_name := substring(statement FROM ' ADD CONSTRAINT (\w+)');
      wanted_keys := string_to_array(substring(statement FROM ' KEY \(([\w, ]+)\)'), ', ');
      RETURN EXISTS (
        SELECT
          FROM pg_constraint AS there,
               LATERAL (SELECT array_agg(attname::text ORDER BY place)
                          FROM unnest(there.conkey) WITH ORDINALITY AS key (attnum, place)
                          JOIN pg_attribute
                            ON attrelid = relation AND pg_attribute.attnum = key.attnum) AS key (names)
         WHERE there.conrelid = relation
           AND (there.conname = wanted_name
                -- A primary key may hold more columns.
                OR (statement LIKE '% PRIMARY KEY %' AND there.contype = 'p' AND key.names @> wanted_keys)
                OR (statement LIKE '% FOREIGN KEY %' AND there.contype = 'f' AND key.names = wanted_keys
                    AND there.confrelid = to_regclass('@extschema@.' || substring(statement FROM '(\w+) \([\w, ]+\)[^()]*$')))));
    WHEN 'CREATE INDEX' THEN
      wanted_name := substring(statement FROM '^CREATE (?:UNIQUE )?INDEX (\w+)');
      wanted_keys := string_to_array(substring(statement FROM ' \(([\w, ]+)\)(?: INCLUDE \([\w, ]+\))?$'), ', ');
      RETURN EXISTS (
        SELECT
          FROM pg_index AS there
          JOIN pg_class AS index
            ON index.oid = there.indexrelid
          JOIN pg_am AS method
            ON method.oid = index.relam
         WHERE there.indrelid = relation
           AND (index.relname = wanted_name
                OR (statement NOT LIKE 'CREATE UNIQUE %'
                    AND method.amname IN ('btree', substring(statement FROM ' USING (\w+)'))
                    AND there.indisvalid
                    AND there.indpred IS NULL
                    AND wanted_keys = ARRAY(SELECT pg_get_indexdef(index.oid, place, false)
                                              FROM generate_series(1, least(there.indnkeyatts, cardinality(wanted_keys))) AS place
                                             ORDER BY place))));
    WHEN 'COMMENT ON TABLE' THEN
      RETURN obj_description(relation, 'pg_class') IS NOT NULL;
    WHEN 'COMMENT ON COLUMN' THEN
      RETURN EXISTS (
        SELECT
          FROM pg_attribute
          JOIN pg_class
            ON pg_class.oid = attrelid
         WHERE attrelid = relation
           AND relkind IN ('r', 'p')
           AND attname = substring(statement FROM '[.](\w+) IS ')
           AND col_description(relation, attnum) IS NOT NULL);
    ELSE
      RETURN false;
  END CASE;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_model_has(regclass, text, text) IS
  'Whether a table has what a statement of the model would add to it; part of create_usage_model()';

-- What is derived is not adopted: a new library makes it anew, since the
-- columns of its own types went with the old one. So does a call by hand where
-- a part of it is missing. A table of another meaning must not be lost.
CREATE FUNCTION @extschema@.usage_model_drop_derived(installing boolean)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
DECLARE
  prefix CONSTANT text := '@extschema@.';
  relation regclass;
  statement text;
  other_column name;
  missing boolean := installing;
  tables text;
  views text;
BEGIN
  FOR relation, statement IN
    SELECT to_regclass(prefix || substring(substr(script.statement, length('CREATE TABLE ' || prefix) + 1) FROM '^\w+')),
           script.statement
      FROM @extschema@.usage_model_script() AS script
     WHERE script.topic = 'rollups' AND script.statement LIKE 'CREATE TABLE %'
  LOOP
    IF relation IS NULL THEN
      missing := true;
      CONTINUE;
    END IF;
    PERFORM @extschema@.usage_model_check(relation, 'table'::text);
    SELECT attname INTO other_column
      FROM pg_attribute
     WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
       AND statement !~ ('\n  ' || attname || ' ')
     ORDER BY attnum
     LIMIT 1;
    IF FOUND OR to_regclass(prefix || 'usage_settings') IS NULL THEN
      RAISE EXCEPTION USING
        ERRCODE = 'duplicate_table',
        MESSAGE = format('table %s exists and is not derived from events', relation),
        DETAIL = coalesce('Its column ' || quote_ident(other_column) || ' is none of the usage model''s', 'There is no usage_settings')
                 || ', and a derived table is dropped and made anew.',
        HINT = 'Rename or drop it, or install the extension in another schema.';
    END IF;
    -- DROP EXTENSION ... CASCADE leaves the tables without the columns of its types.
    missing := missing OR EXISTS (
      SELECT
        FROM regexp_matches(statement, '\n  (\w+) ', 'g') AS wanted (names)
       WHERE NOT EXISTS (SELECT
                           FROM pg_attribute
                          WHERE attrelid = relation AND attname = wanted.names[1] AND NOT attisdropped));
    tables := concat_ws(', ', tables, relation);
  END LOOP;

  IF missing AND NOT installing THEN
    SELECT string_agg(relid::text, ', ') INTO views
      FROM (SELECT to_regclass(prefix || substring(substr(script.statement, length('CREATE VIEW ' || prefix) + 1) FROM '^\w+')) AS relid
              FROM @extschema@.usage_model_script() AS script
             WHERE script.statement LIKE 'CREATE VIEW %') AS views
     WHERE relid IS NOT NULL;
    IF views IS NOT NULL THEN
      EXECUTE 'DROP VIEW ' || views;
    END IF;
  END IF;
  IF missing AND tables IS NOT NULL THEN
    EXECUTE 'DROP TABLE ' || tables;
  END IF;
  RETURN missing;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_model_drop_derived(boolean) IS
  'Drop the tables that are derived from events where all are to be made anew, and return whether they are; an error where one of that name holds something else (42P07) or something of the owner''s depends on one (2BP01); part of create_usage_model()';

CREATE FUNCTION @extschema@.create_usage_model()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
SET client_min_messages = warning
AS $function$
DECLARE
  prefix CONSTANT text := '@extschema@.';
  installing CONSTANT boolean := @extschema@.usage_installing();
  settings CONSTANT regclass := to_regclass(prefix || 'usage_settings');
  schema oid;
  owner regrole;
  model_version text;
  command text;
  kind text;
  topic text;
  relation regclass;
  rebuild boolean;
BEGIN
  -- pg_dump's output sets both in the session, whatever its format; the model
  -- comes with the dump.
  IF (SELECT count(*) = 2
        FROM pg_settings
       WHERE name IN ('row_security', 'xmloption') AND source = 'session') THEN
    RAISE WARNING USING
      MESSAGE = 'usage model not created: a dump is being restored',
      HINT = 'If that is not so, call @extschema@.create_usage_model() in another session.';
    RETURN;
  END IF;
  IF starts_with(current_setting('application_name'), 'citus_internal') THEN
    RAISE WARNING 'usage model not created: Citus brings it from its coordinator';
    RETURN;
  END IF;

  -- From here on as the owner: the installer, or whose model it is already.
  SELECT extnamespace, extowner INTO schema, owner FROM pg_extension WHERE extname = 'usage_analytics';
  IF settings IS NOT NULL AND NOT installing THEN
    SELECT relowner INTO owner FROM pg_class WHERE oid = settings;
  END IF;
  IF owner <> current_user::regrole THEN
    IF NOT pg_has_role(owner, 'USAGE') THEN
      RAISE EXCEPTION USING
        ERRCODE = 'insufficient_privilege',
        MESSAGE = 'must be owner of the usage model',
        DETAIL = format('It belongs to role %s.', owner);
    END IF;
    PERFORM @extschema@.usage_execute_as(owner, 'SELECT @extschema@.create_usage_model()'::text);
    RETURN;
  END IF;
  IF installing AND NOT has_schema_privilege(schema, 'CREATE') THEN
    RAISE EXCEPTION USING
      ERRCODE = 'insufficient_privilege',
      MESSAGE = format('permission denied for schema %s', schema::regnamespace),
      DETAIL = 'The tables and views of the usage model belong to whoever installs it, who must be allowed to create them.',
      HINT = 'Install in a schema of your own: CREATE EXTENSION usage_analytics SCHEMA ... .';
  END IF;

  IF EXISTS (SELECT
               FROM pg_attribute
              WHERE attrelid = settings AND attname = 'model_version' AND atttypid = 'text'::regtype) THEN
    EXECUTE 'SELECT model_version FROM @extschema@.usage_settings LIMIT 1' INTO model_version;
    IF model_version IS NOT NULL THEN
      PERFORM @extschema@.usage_check_version(model_version, true);
    END IF;
  END IF;

  rebuild := @extschema@.usage_model_drop_derived(installing);
  IF rebuild AND to_regclass(prefix || 'fct_event') IS NOT NULL
     AND current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION USING
      ERRCODE = 'active_sql_transaction',
      MESSAGE = 'a usage model with events must be created at isolation level READ COMMITTED',
      DETAIL = 'Events that commit before its triggers are there have to be seen.';
  END IF;

  FOR command, topic IN
    SELECT script.statement, script.topic FROM @extschema@.usage_model_script() AS script ORDER BY step
  LOOP
    kind := substring(command FROM '^(?:CREATE TABLE|CREATE VIEW|COMMENT ON \w+)');
    kind := coalesce(kind, substring(command FROM '^ALTER TABLE [^\n]* (ADD CONSTRAINT) '));
    IF command ~ '^CREATE (UNIQUE )?INDEX ' THEN
      kind := 'CREATE INDEX';
    END IF;
    relation := to_regclass(prefix || substring(substr(command, strpos(command, prefix) + length(prefix)) FROM '^\w+'));

    IF topic = 'rollups' AND NOT rebuild AND command !~ 'CREATE OR REPLACE' THEN
      CONTINUE;  -- derived, and there
    ELSIF kind = 'CREATE TABLE' AND relation IS NOT NULL THEN
      PERFORM @extschema@.usage_model_check(relation, 'table'::text);
      PERFORM @extschema@.usage_model_adopt(relation, command);
    ELSIF kind = 'CREATE VIEW' AND relation IS NOT NULL THEN
      PERFORM @extschema@.usage_model_check(relation, 'view'::text);
      -- Inside the script, only a member may be replaced.
      IF installing THEN
        EXECUTE format('ALTER EXTENSION usage_analytics ADD VIEW %s', relation);
      END IF;
      BEGIN
        EXECUTE regexp_replace(command, '^CREATE', 'CREATE OR REPLACE');
      EXCEPTION WHEN invalid_table_definition THEN
        RAISE EXCEPTION USING
          ERRCODE = 'invalid_table_definition',
          MESSAGE = format('view %s exists with other columns than the usage model''s', relation),
          DETAIL = format('To replace it would fail: %s.', SQLERRM),
          HINT = 'Rename or drop it, or install the extension in another schema.';
      END;
    ELSIF kind IS NULL OR relation IS NULL OR NOT @extschema@.usage_model_has(relation, kind, command) THEN
      EXECUTE command;
    END IF;
  END LOOP;

  IF rebuild THEN
    PERFORM @extschema@.rebuild_rollups();
  END IF;

  -- Tables that are new need the policies that the others have.
  IF EXISTS (SELECT
               FROM pg_policy
              WHERE polrelid = '@extschema@.dim_account'::regclass AND polname = 'usage_account_access') THEN
    PERFORM @extschema@.enable_account_security();
  END IF;

  -- Release what the script has made: it belongs to the installer alone.
  IF installing THEN
    FOR command IN
      SELECT format('ALTER EXTENSION usage_analytics DROP %s %s',
                    CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, pg_class.oid::regclass)
        FROM pg_depend
        JOIN pg_class
          ON pg_class.oid = pg_depend.objid
       WHERE pg_depend.classid = 'pg_class'::regclass
         AND pg_depend.refclassid = 'pg_extension'::regclass
         AND pg_depend.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'usage_analytics')
         AND pg_depend.deptype = 'e'
    LOOP
      EXECUTE command;
    END LOOP;
  END IF;
END
$function$;

COMMENT ON FUNCTION @extschema@.create_usage_model() IS
  'Create what is missing of the tables, triggers and views, as their owner, and adopt tables of the owner''s that have the columns; does nothing, with a warning, while a dump is being restored or Citus propagates the extension';

CREATE FUNCTION @extschema@.upgrade_usage_model()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF to_regclass('@extschema@.usage_settings') IS NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = 'there is no usage model to upgrade',
      HINT = 'Call @extschema@.create_usage_model().';
  END IF;
  PERFORM @extschema@.create_usage_model();
END
$function$;

COMMENT ON FUNCTION @extschema@.upgrade_usage_model() IS
  'Bring the model up to the version of the library, after ALTER EXTENSION usage_analytics UPDATE; an error where there is no model (55000) or a newer one (55000)';

-- sql/library/settings.sql

CREATE FUNCTION @extschema@.set_usage_time_zone(time_zone text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  owner CONSTANT regrole := @extschema@.usage_check_owner();
  zone text;
BEGIN
  IF time_zone IS NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'null_value_not_allowed',
      MESSAGE = 'the reporting time zone must not be null';
  END IF;
  SELECT name INTO zone
    FROM pg_timezone_names
   WHERE lower(name) = lower(time_zone)
   ORDER BY name
   LIMIT 1;
  IF zone IS NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'invalid_parameter_value',
      MESSAGE = format('time zone "%s" not recognized', time_zone),
      HINT = 'See pg_timezone_names for the names there are.';
  END IF;
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION USING
      ERRCODE = 'active_sql_transaction',
      MESSAGE = 'set_usage_time_zone() must be called at isolation level READ COMMITTED',
      DETAIL = 'It has to see what committed before it got its lock.';
  END IF;
  -- In this order, as in all of the maintenance: folds skip, purges wait.
  PERFORM @extschema@.usage_lock_rollups(true);
  PERFORM @extschema@.usage_execute_as(owner, 'LOCK TABLE @extschema@.dim_user IN ACCESS SHARE MODE'::text);
  PERFORM @extschema@.usage_execute_as(owner, 'LOCK TABLE @extschema@.fct_event IN SHARE MODE'::text);
  IF @extschema@.usage_execute_as(owner, 'SELECT purged_before FROM @extschema@.usage_rollup_state'::text) IS NOT NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = 'the reporting time zone cannot be changed any more',
      DETAIL = 'Raw events were purged, so their days cannot be found anew.';
  END IF;
  PERFORM @extschema@.usage_execute_as(owner,
    'UPDATE @extschema@.usage_settings SET time_zone = ' || quote_literal(zone));
  PERFORM @extschema@.usage_forget_settings('@extschema@.fct_event'::regclass);
  PERFORM @extschema@.rebuild_rollups();
END
$function$;

COMMENT ON FUNCTION @extschema@.set_usage_time_zone(text) IS
  'Set the reporting time zone, a name of pg_timezone_names (22023 otherwise), as a member of the model''s owner (42501 otherwise), and rebuild the rollups; writers of events wait meanwhile; refused once raw events were purged (55000), and at other isolation levels than READ COMMITTED (25001)';

CREATE FUNCTION @extschema@.set_usage_week_start(week_start integer)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  owner CONSTANT regrole := @extschema@.usage_check_owner();
BEGIN
  IF week_start IS NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'null_value_not_allowed',
      MESSAGE = 'the first day of a week must not be null';
  END IF;
  IF week_start NOT BETWEEN 1 AND 7 THEN
    RAISE EXCEPTION USING
      ERRCODE = 'invalid_parameter_value',
      MESSAGE = format('week_start must be from 1 (Monday) to 7 (Sunday), not %s', week_start);
  END IF;
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION USING
      ERRCODE = 'active_sql_transaction',
      MESSAGE = 'set_usage_week_start() must be called at isolation level READ COMMITTED',
      DETAIL = 'It has to see what committed before it got its lock.';
  END IF;
  PERFORM @extschema@.usage_lock_rollups(true);
  PERFORM @extschema@.usage_execute_as(owner,
    'UPDATE @extschema@.usage_settings SET week_start = ' || week_start);
  PERFORM @extschema@.usage_execute_as(owner, 'SELECT @extschema@.usage_sum_up()'::text);
END
$function$;

COMMENT ON FUNCTION @extschema@.set_usage_week_start(integer) IS
  'Set the first day of a week, 1 Monday to 7 Sunday (22023 otherwise), as a member of the model''s owner (42501 otherwise), and make anew what depends on weeks, from the rollups; at READ COMMITTED only (25001)';

-- sql/library/lags.sql

-- Lags from happening to arriving, in buckets.

CREATE FUNCTION @extschema@.lag_bucket(event_ts timestamptz, ingested_at timestamptz)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'lag_bucket';

COMMENT ON FUNCTION @extschema@.lag_bucket(timestamptz, timestamptz) IS
  'The bucket of the lag between two moments, -2024 to 2024, in the order of lags; infinite moments are an error (22008)';

CREATE FUNCTION @extschema@.lag_bucket(lag interval)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'lag_bucket_of_interval';

COMMENT ON FUNCTION @extschema@.lag_bucket(interval) IS
  'The bucket of a lag, -2024 to 2024, in the order of lags: 0 is no lag; 1024, 1168 and 1220 end with exactly 1, 24 and 72 hours, their ends included; each doubling has 32 of equal width, those of negative lags mirrored. Months count as 30 days; an error (22008) beyond what two timestamps can have';

CREATE FUNCTION @extschema@.lag_bucket_upper(bucket integer)
RETURNS interval
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'lag_bucket_upper';

COMMENT ON FUNCTION @extschema@.lag_bucket_upper(integer) IS
  'The longest lag of a bucket, in whole microseconds; an error (22023) where there is no such bucket';

CREATE FUNCTION @extschema@.lag_bucket_middle(bucket integer)
RETURNS interval
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'lag_bucket_middle';

COMMENT ON FUNCTION @extschema@.lag_bucket_middle(integer) IS
  'The lag in the middle of a bucket, which stands for those in it: they differ from it by 1/64 of themselves and half a microsecond at most; an error (22023) where there is no such bucket';

CREATE FUNCTION @extschema@.late_counts(lags @extschema@.dayseries_map[])
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'late_counts';

COMMENT ON FUNCTION @extschema@.late_counts(@extschema@.dayseries_map[]) IS
  'Of maps of events by source and lag, as usage_totals.lags, added up: the number of events a day, of all (events) and of those that came more than 1, 24 and 72 hours late (late_1h, late_24h, late_72h)';

CREATE FUNCTION @extschema@.lag_distribution(
  lags @extschema@.dayseries_map[],
  days daterange DEFAULT '(,)',
  by_source boolean DEFAULT true,
  OUT source text,
  OUT up_to bigint[],
  OUT happened_before timestamp,
  OUT arrived_before timestamp
)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
ROWS 5
AS 'MODULE_PATHNAME', 'lag_distribution';

COMMENT ON FUNCTION @extschema@.lag_distribution(@extschema@.dayseries_map[], daterange, boolean) IS
  'Of maps of events by source and lag, as usage_totals.lags, added up: for each source with events on those days, or for all together where by_source is false, the number of events whose lag is in a bucket or below it, as an array subscripted by bucket, -2024 to 2024; and local times before which they all happened, the end of a day, and arrived, give or take changes of the zone''s offset';

-- sql/library/changes.sql

-- What the rollups hold, as a change: what pending rows make of both levels, or
-- what the second level is made of. Folds, live views, rebuilds and proofs all
-- ask here, so that there is one definition.
--
-- The second level sums, over users, functions of each user's days and counts:
-- activity_counts() and the like. What is pending of a user therefore adds
-- f(after) - f(before). What is settled, made anew, is f(days) - f(nothing).

CREATE FUNCTION @extschema@.usage_changes(
  parts text[],
  source text DEFAULT 'pending'
)
RETURNS TABLE (
  account_id  uuid,
  user_id     uuid,
  month       date,
  days        @extschema@.dayset,
  events      @extschema@.dayseries_map,
  seconds     @extschema@.dayseries_map,
  sources     @extschema@.dayseries_map,
  lags        @extschema@.dayseries_map,
  event_users @extschema@.dayseries_map,
  dau         @extschema@.dayseries,
  wau         @extschema@.dayseries,
  active_28d  @extschema@.dayseries,
  mau         @extschema@.dayseries,
  weekly      @extschema@.dayseries,
  monthly     @extschema@.dayseries,
  quarterly   @extschema@.dayseries,
  lifecycle   @extschema@.dayseries_map,
  cohorts     @extschema@.dayseries_map,
  place       tid
)
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100 ROWS 100
AS 'MODULE_PATHNAME', 'usage_changes';

COMMENT ON FUNCTION @extschema@.usage_changes(text[], text) IS
  'What the rollups are changed by: source pending, what is pending; settled, what the settled first level makes of the second; outside totals, what usage_totals does not tell the reader: what is pending and, where row security hides usage_totals, all that is settled as well. Parts: months and days (of the first level, a row per account, user and month, and per account and user with the days after it), accounts and totals (of the second, without and with null accounts; with those figures of events, seconds, sources, or sums for the three, lags (of totals only), event_users, activity, periods and cohorts that are among the parts); place says where the settled row of a month, or of days, stands, NULL where there is none';

CREATE FUNCTION @extschema@.usage_changes_by_query(
  parts text[],
  source text
)
RETURNS TABLE (
  account_id  uuid,
  user_id     uuid,
  month       date,
  days        @extschema@.dayset,
  events      @extschema@.dayseries_map,
  seconds     @extschema@.dayseries_map,
  sources     @extschema@.dayseries_map,
  lags        @extschema@.dayseries_map,
  event_users @extschema@.dayseries_map,
  dau         @extschema@.dayseries,
  wau         @extschema@.dayseries,
  active_28d  @extschema@.dayseries,
  mau         @extschema@.dayseries,
  weekly      @extschema@.dayseries,
  monthly     @extschema@.dayseries,
  quarterly   @extschema@.dayseries,
  lifecycle   @extschema@.dayseries_map,
  cohorts     @extschema@.dayseries_map,
  place       tid
)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
SET search_path = pg_catalog, pg_temp
-- Nothing tells the planner how much is pending. What is to be looked up row by
-- row says so itself, and the cost of what is off is no reason to compile.
SET enable_nestloop = off
SET jit = off
AS $function$
#variable_conflict use_column
DECLARE
  of_pending CONSTANT boolean := source IN ('pending', 'outside totals');
  of_settled CONSTANT boolean := source = 'settled'
                                 OR source = 'outside totals' AND row_security_active('@extschema@.usage_totals');
  with_months CONSTANT boolean := 'months' = ANY (parts);
  with_days CONSTANT boolean := 'days' = ANY (parts);
  with_accounts CONSTANT boolean := 'accounts' = ANY (parts);
  with_totals CONSTANT boolean := 'totals' = ANY (parts);
  with_events CONSTANT boolean := parts && '{sums,events}';
  with_seconds CONSTANT boolean := parts && '{sums,seconds}';
  with_sources CONSTANT boolean := parts && '{sums,sources}';
  with_lags CONSTANT boolean := 'lags' = ANY (parts);
  with_event_users CONSTANT boolean := 'event_users' = ANY (parts);
  with_activity CONSTANT boolean := 'activity' = ANY (parts);
  with_periods CONSTANT boolean := 'periods' = ANY (parts);
  with_cohorts CONSTANT boolean := 'cohorts' = ANY (parts);
  with_figures CONSTANT boolean := with_activity OR with_periods OR with_cohorts;
  with_sums CONSTANT boolean := with_events OR with_seconds OR with_sources;
  -- Where settled months are read anyway, they say which days change.
  by_months CONSTANT boolean := with_months OR with_event_users;
  with_account_days CONSTANT boolean := with_days OR with_figures OR with_totals AND with_event_users;
  first_weekday integer;
BEGIN
  IF NOT of_settled AND NOT EXISTS (SELECT FROM @extschema@.usage_pending) THEN
    RETURN;
  END IF;
  SELECT week_start INTO STRICT first_weekday FROM @extschema@.usage_settings;

  RETURN QUERY
  WITH account_months AS MATERIALIZED (
    -- The sums of users' months under an account, and what they are before
    SELECT changed.account_id,
           changed.user_id,
           changed.month,
           rollup.place,
           rollup.events AS before,
           changed.events,
           changed.seconds,
           changed.sources,
           false AS settled
      FROM (SELECT account_id,
                   user_id,
                   month,
                   @extschema@.sum(events) AS events,
                   @extschema@.sum(seconds) FILTER (WHERE with_months) AS seconds,
                   @extschema@.sum(sources) FILTER (WHERE with_months) AS sources
              FROM @extschema@.usage_pending
             WHERE of_pending AND by_months
             GROUP BY account_id, user_id, month) AS changed
      -- by the index: what is pending concerns few users of many
      LEFT JOIN LATERAL (SELECT usage_rollup.ctid AS place,
                                usage_rollup.events
                           FROM @extschema@.usage_rollup
                          WHERE usage_rollup.account_id = changed.account_id
                            AND usage_rollup.user_id = changed.user_id
                            AND usage_rollup.month = changed.month
                         OFFSET 0) AS rollup
        ON true
    UNION ALL
    SELECT account_id,
           user_id,
           month,
           NULL,
           NULL,
           events,
           NULL,
           NULL,
           true
      FROM @extschema@.usage_rollup
     WHERE of_settled AND by_months
  ), sums AS (
    -- What needs no look at what is there before
    SELECT CASE WHEN with_accounts THEN account_id END AS account_id,
           month,
           @extschema@.sum(events) FILTER (WHERE with_events) AS events,
           @extschema@.sum(seconds) FILTER (WHERE with_seconds) AS seconds,
           @extschema@.sum(sources) FILTER (WHERE with_sources) AS sources
      FROM (SELECT account_id,
                   month,
                   events,
                   seconds,
                   sources
              FROM @extschema@.usage_pending
             WHERE of_pending AND with_sums
            UNION ALL
            SELECT account_id,
                   month,
                   events,
                   seconds,
                   sources
              FROM @extschema@.usage_rollup
             WHERE of_settled AND with_sums) AS rows
     GROUP BY 1, 2
  ), added AS MATERIALIZED (
    -- Where all that is pending adds, days can only come, as no settled sum is
    -- below 0; otherwise the sums of the months concerned have to be read.
    SELECT account_id,
           user_id,
           @extschema@.dayset_union(@extschema@.days(total)) AS days,
           bool_or(NOT @extschema@.isempty(@extschema@.days(OPERATOR(@extschema@.-) total))) AS recount
      FROM (SELECT account_id,
                   user_id,
                   @extschema@.total_series(events) AS total
              FROM @extschema@.usage_pending
             WHERE of_pending AND NOT by_months
            OFFSET 0) AS pending
     GROUP BY account_id, user_id
  ), months_to_recount AS (
    SELECT account_id,
           user_id,
           month,
           before,
           events
      FROM account_months
     WHERE by_months AND NOT settled
    UNION ALL
    SELECT months.account_id,
           months.user_id,
           months.month,
           rollup.events,
           months.events
      FROM (SELECT pending.account_id,
                   pending.user_id,
                   pending.month,
                   @extschema@.sum(pending.events) AS events
              FROM added
              JOIN @extschema@.usage_pending AS pending
                ON pending.account_id = added.account_id
               AND pending.user_id = added.user_id
             WHERE added.recount
             GROUP BY pending.account_id, pending.user_id, pending.month) AS months
      LEFT JOIN LATERAL (SELECT *
                           FROM @extschema@.usage_rollup
                          WHERE usage_rollup.account_id = months.account_id
                            AND usage_rollup.user_id = months.user_id
                            AND usage_rollup.month = months.month
                         OFFSET 0) AS rollup
        ON true
  ), touched AS (
    -- Days that come, or months whose days are others now
    SELECT account_id,
           user_id,
           NULL::@extschema@.dayset AS months,
           days
      FROM added
     WHERE NOT recount
    UNION ALL
    SELECT account_id,
           user_id,
           @extschema@.dayset_union(@extschema@.dayset(month, month + 31 - extract(day FROM month + 31)::integer)),
           @extschema@.dayset_union(after)
      FROM (SELECT account_id,
                   user_id,
                   month,
                   @extschema@.days(before) AS before,
                   @extschema@.days(coalesce(before OPERATOR(@extschema@.+) change, change)) AS after
              FROM (SELECT account_id,
                           user_id,
                           month,
                           @extschema@.total_series(before) AS before,
                           @extschema@.total_series(events) AS change
                      FROM months_to_recount
                    OFFSET 0) AS totals
            OFFSET 0) AS recounted
     WHERE coalesce(before, '{}') OPERATOR(@extschema@.<>) after
     GROUP BY account_id, user_id
  ), account_days AS MATERIALIZED (
    -- The days of users under an account, where they change
    SELECT account_id,
           user_id,
           place,
           before,
           CASE WHEN months IS NULL
                THEN coalesce(before OPERATOR(@extschema@.+) days, days)
                ELSE coalesce(before OPERATOR(@extschema@.-) months, '{}') OPERATOR(@extschema@.+) days
           END AS after,
           shared,
           false AS settled
      FROM (SELECT touched.account_id,
                   touched.user_id,
                   touched.months,
                   touched.days,
                   activity.place,
                   activity.days AS before,
                   coalesce(activity.shared,
                            (SELECT true
                               FROM @extschema@.user_activity
                              WHERE user_activity.user_id = touched.user_id
                              LIMIT 1),
                            false) AS shared
              FROM touched
              LEFT JOIN LATERAL (SELECT user_activity.ctid AS place,
                                        user_activity.days,
                                        user_activity.shared
                                   FROM @extschema@.user_activity
                                  WHERE user_activity.account_id = touched.account_id
                                    AND user_activity.user_id = touched.user_id
                                 OFFSET 0) AS activity
                ON true
             WHERE with_account_days
               AND (touched.months IS NOT NULL
                    OR activity.days IS NULL AND NOT @extschema@.isempty(touched.days)
                    OR NOT activity.days OPERATOR(@extschema@.@>) touched.days)
            OFFSET 0) AS changed
    UNION ALL
    SELECT account_id,
           user_id,
           NULL,
           NULL,
           days,
           shared,
           true
      FROM @extschema@.user_activity
     WHERE of_settled
  ), sharers AS MATERIALIZED (
    -- Users who have days under several accounts, to be counted once
    SELECT user_id,
           settled
      FROM account_days
     WHERE shared AND with_totals
    UNION
    SELECT user_id,
           false
      FROM account_days
     WHERE place IS NULL AND NOT settled AND with_totals
     GROUP BY user_id
    HAVING count(*) > 1
  ), user_days AS (
    SELECT before,
           after
      FROM account_days
     WHERE NOT EXISTS (SELECT
                         FROM sharers
                        WHERE sharers.user_id = account_days.user_id
                          AND sharers.settled = account_days.settled)
    UNION ALL
    SELECT @extschema@.dayset_union(before),
           @extschema@.dayset_union(after)
      FROM (SELECT user_id,
                   settled,
                   before,
                   after
              FROM account_days
              JOIN sharers USING (user_id, settled)
            UNION ALL
            -- Days under accounts where nothing is pending
            SELECT activity.user_id,
                   false,
                   activity.days,
                   activity.days
              FROM sharers
             CROSS JOIN LATERAL (SELECT *
                                   FROM @extschema@.user_activity
                                  WHERE user_activity.user_id = sharers.user_id
                                 OFFSET 0) AS activity
             WHERE NOT sharers.settled
               AND NOT EXISTS (SELECT
                                 FROM account_days
                                WHERE account_days.account_id = activity.account_id
                                  AND account_days.user_id = activity.user_id
                                  AND NOT account_days.settled)) AS parts
     GROUP BY user_id, settled
  ), month_sharers AS MATERIALIZED (
    SELECT user_id
      FROM @extschema@.user_activity
     WHERE shared AND with_totals AND with_event_users
    UNION
    SELECT user_id
      FROM sharers
     WHERE with_event_users
  ), user_months AS (
    SELECT month,
           before,
           events
      FROM account_months
     WHERE NOT EXISTS (SELECT
                         FROM month_sharers
                        WHERE month_sharers.user_id = account_months.user_id)
    UNION ALL
    SELECT month,
           @extschema@.sum(before),
           @extschema@.sum(events)
      FROM (SELECT user_id,
                   month,
                   settled,
                   before,
                   events
              FROM account_months
              JOIN month_sharers USING (user_id)
            UNION ALL
            -- Sums under accounts where nothing is pending
            SELECT changed.user_id,
                   changed.month,
                   false,
                   rollup.events,
                   NULL
              FROM (SELECT DISTINCT user_id,
                                    month
                      FROM account_months
                      JOIN month_sharers USING (user_id)
                     WHERE NOT settled) AS changed
             CROSS JOIN LATERAL (SELECT user_activity.account_id,
                                        usage_rollup.events
                                   FROM @extschema@.user_activity
                                  CROSS JOIN LATERAL (SELECT *
                                                        FROM @extschema@.usage_rollup
                                                       WHERE usage_rollup.account_id = user_activity.account_id
                                                         AND usage_rollup.user_id = changed.user_id
                                                         AND usage_rollup.month = changed.month
                                                      OFFSET 0) AS usage_rollup
                                  WHERE user_activity.user_id = changed.user_id
                                 OFFSET 0) AS rollup
             WHERE NOT EXISTS (SELECT
                                 FROM account_months
                                WHERE account_months.account_id = rollup.account_id
                                  AND account_months.user_id = changed.user_id
                                  AND account_months.month = changed.month
                                  AND NOT account_months.settled)) AS parts
     GROUP BY user_id, month, settled
  ), second_level AS (
    SELECT account_id,
           month,
           events,
           seconds,
           sources,
           NULL::@extschema@.dayseries_map AS lags,
           NULL::@extschema@.dayseries_map AS event_users,
           NULL::@extschema@.dayseries_map AS figures
      FROM sums
     WHERE with_accounts
    UNION ALL
    SELECT NULL,
           month,
           @extschema@.sum(events),
           @extschema@.sum(seconds),
           @extschema@.sum(sources),
           NULL,
           NULL,
           NULL
      FROM sums
     WHERE with_totals
     GROUP BY month
    UNION ALL
    SELECT account_id,
           month,
           NULL,
           NULL,
           NULL,
           NULL,
           @extschema@.event_user_counts(before, events),
           NULL
      FROM account_months
     WHERE with_accounts AND with_event_users
     GROUP BY account_id, month
    UNION ALL
    SELECT NULL,
           month,
           NULL,
           NULL,
           NULL,
           @extschema@.sum(lags),
           NULL,
           NULL
      FROM @extschema@.usage_pending
     WHERE with_totals AND with_lags AND of_pending
     GROUP BY month
    UNION ALL
    SELECT NULL,
           month,
           NULL,
           NULL,
           NULL,
           NULL,
           @extschema@.event_user_counts(before, events),
           NULL
      FROM user_months
     WHERE with_totals AND with_event_users
     GROUP BY month
    UNION ALL
    SELECT figures.account_id,
           cut.month,
           NULL,
           NULL,
           NULL,
           NULL,
           NULL,
           cut.part
      FROM (SELECT account_id,
                   @extschema@.activity_counts(before, after) FILTER (WHERE with_activity) AS activity,
                   @extschema@.period_counts(before, after, first_weekday) FILTER (WHERE with_periods) AS periods,
                   @extschema@.cohort_counts(before, after, first_weekday) FILTER (WHERE with_cohorts) AS cohorts
              FROM account_days
             WHERE with_accounts AND with_figures
             GROUP BY account_id
            UNION ALL
            SELECT NULL,
                   @extschema@.activity_counts(before, after) FILTER (WHERE with_activity),
                   @extschema@.period_counts(before, after, first_weekday) FILTER (WHERE with_periods),
                   @extschema@.cohort_counts(before, after, first_weekday) FILTER (WHERE with_cohorts)
              FROM user_days
             WHERE with_totals AND with_figures) AS figures
     CROSS JOIN LATERAL @extschema@.each_month(coalesce(figures.activity, '{}')
                                               OPERATOR(@extschema@.+) coalesce(figures.periods, '{}')
                                               OPERATOR(@extschema@.+) coalesce(figures.cohorts, '{}')) AS cut (month, part)
  )
  SELECT account_id,
         user_id,
         month,
         NULL::@extschema@.dayset,
         events,
         seconds,
         sources,
         NULL::@extschema@.dayseries_map,
         NULL::@extschema@.dayseries_map,
         NULL::@extschema@.dayseries,
         NULL::@extschema@.dayseries,
         NULL::@extschema@.dayseries,
         NULL::@extschema@.dayseries,
         NULL::@extschema@.dayseries,
         NULL::@extschema@.dayseries,
         NULL::@extschema@.dayseries,
         NULL::@extschema@.dayseries_map,
         NULL::@extschema@.dayseries_map,
         place
    FROM account_months
   WHERE with_months
  UNION ALL
  SELECT account_id,
         user_id,
         NULL,
         after,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         place
    FROM account_days
   WHERE with_days
  UNION ALL
  SELECT account_id,
         NULL,
         month,
         NULL,
         coalesce(@extschema@.sum(events), '{}'),
         coalesce(@extschema@.sum(seconds), '{}'),
         coalesce(@extschema@.sum(sources), '{}'),
         coalesce(@extschema@.sum(lags), '{}'),
         coalesce(@extschema@.sum(event_users), '{}'),
         coalesce(@extschema@.sum(figures OPERATOR(@extschema@.->) 'dau'::text), '{}'),
         coalesce(@extschema@.sum(figures OPERATOR(@extschema@.->) 'wau'::text), '{}'),
         coalesce(@extschema@.sum(figures OPERATOR(@extschema@.->) 'active_28d'::text), '{}'),
         coalesce(@extschema@.sum(figures OPERATOR(@extschema@.->) 'mau'::text), '{}'),
         coalesce(@extschema@.sum(figures OPERATOR(@extschema@.->) 'weekly'::text), '{}'),
         coalesce(@extschema@.sum(figures OPERATOR(@extschema@.->) 'monthly'::text), '{}'),
         coalesce(@extschema@.sum(figures OPERATOR(@extschema@.->) 'quarterly'::text), '{}'),
         coalesce(@extschema@.sum(@extschema@.labels_under(figures, 'lifecycle/'::text)), '{}'),
         coalesce(@extschema@.sum(@extschema@.labels_under(figures, 'cohorts/'::text)), '{}'),
         NULL
    FROM second_level
   GROUP BY account_id, month;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_changes_by_query(text[], text) IS
  'What usage_changes() returns, as one query that row security and rights apply to; what usage_changes() calls for all that is settled, for more pending rows than work_mem holds, and for readers with rights on some of it only';

-- sql/library/rollups.sql

-- Capture, fold and proof of the rollups.

CREATE FUNCTION @extschema@.usage_capture()
RETURNS trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'usage_capture';

COMMENT ON FUNCTION @extschema@.usage_capture() IS
  'Trigger function: appends to usage_pending what a statement on fct_event changes; AFTER, FOR EACH STATEMENT, with transition tables';

CREATE FUNCTION @extschema@.usage_capture_users()
RETURNS trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'usage_capture_users';

COMMENT ON FUNCTION @extschema@.usage_capture_users() IS
  'Trigger function: takes back all sums of users that are deleted from dim_user, AFTER DELETE, FOR EACH STATEMENT, with the old table; gives those of purged months to the new key of a user, AFTER UPDATE, FOR EACH ROW';

CREATE FUNCTION @extschema@.usage_capture_strays()
RETURNS trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'usage_capture_strays';

COMMENT ON FUNCTION @extschema@.usage_capture_strays() IS
  'Trigger function: appends to usage_strays users of dim_user whose account or key changes or who are deleted, AFTER UPDATE or DELETE, FOR EACH ROW; all who are in user_activity, AFTER TRUNCATE';

CREATE FUNCTION @extschema@.usage_forget_settings(event_table regclass)
RETURNS void
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'usage_forget_settings';

COMMENT ON FUNCTION @extschema@.usage_forget_settings(regclass) IS
  'Make all sessions read usage_settings anew once this transaction has committed; for members of the table owner''s role (42501)';

CREATE FUNCTION @extschema@.usage_lock_rollups(wait boolean)
RETURNS boolean
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'usage_lock_rollups';

COMMENT ON FUNCTION @extschema@.usage_lock_rollups(boolean) IS
  'Take the lock that lets one session at a time change the rollups, until the transaction ends; false where another has it and wait is false; for members of the owner''s role (42501)';

-- The second level, from the source settled, is added over one that is empty.
CREATE FUNCTION @extschema@.usage_apply_changes(source text)
RETURNS bigint
LANGUAGE c VOLATILE STRICT
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'usage_apply_changes';

COMMENT ON FUNCTION @extschema@.usage_apply_changes(text) IS
  'Add to the rollups what usage_changes() says of that source, for the model''s owner (42501); the number of pending rows taken; part of usage_fold() and usage_sum_up()';

-- The second level anew, from the first; usage_totals.lags stay, as they are
-- of this level only. The rollups are locked.
CREATE FUNCTION @extschema@.usage_sum_up()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  DELETE FROM @extschema@.account_rollup;
  UPDATE @extschema@.usage_totals
     SET events = '{}',
         seconds = '{}',
         sources = '{}',
         event_users = '{}',
         dau = '{}',
         wau = '{}',
         active_28d = '{}',
         mau = '{}',
         weekly = '{}',
         monthly = '{}',
         quarterly = '{}',
         lifecycle = '{}',
         cohorts = '{}';
  PERFORM @extschema@.usage_apply_changes('settled'::text);
  DELETE FROM @extschema@.usage_totals
   WHERE @extschema@.isempty(events)
     AND @extschema@.isempty(seconds)
     AND @extschema@.isempty(sources)
     AND @extschema@.isempty(event_users)
     AND @extschema@.isempty(dau)
     AND @extschema@.isempty(wau)
     AND @extschema@.isempty(active_28d)
     AND @extschema@.isempty(mau)
     AND @extschema@.isempty(weekly)
     AND @extschema@.isempty(monthly)
     AND @extschema@.isempty(quarterly)
     AND @extschema@.isempty(lifecycle)
     AND @extschema@.isempty(cohorts)
     AND @extschema@.isempty(lags);
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_sum_up() IS
  'Make the second level of the rollups anew from the first, for the model''s owner (42501), who has locked the rollups';

-- To plan what usage_changes() asks anew each time would take as long as a fold of a
-- hundred rows. One plan for all leaves out what it has no use for when it runs,
-- but would start parallel workers before that; and what is settled is looked up
-- by index, also where there was little of it when it was made.
CREATE FUNCTION @extschema@.usage_fold()
RETURNS bigint
LANGUAGE c VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET max_parallel_workers_per_gather = 0
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'usage_fold';

COMMENT ON FUNCTION @extschema@.usage_fold() IS
  'Fold what is pending as the model''s owner, for members of that role (42501); what usage_refresh() and the background worker run as the model''s owner';

CREATE FUNCTION @extschema@.usage_refresh()
RETURNS bigint
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'usage_refresh';

COMMENT ON FUNCTION @extschema@.usage_refresh() IS
  'Fold what is pending into the rollups; the number of pending rows folded, or 0 with a NOTICE where another fold is running; at READ COMMITTED only (25001), for members of the owner''s role (42501)';

-- sql/library/maintenance.sql

-- Proof and upkeep of the rollups.

CREATE FUNCTION @extschema@.usage_recount(clear text[], event_query text, expected bigint)
RETURNS bigint
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'usage_recount';

COMMENT ON FUNCTION @extschema@.usage_recount(text[], text, bigint) IS
  'Run commands that clear the rollups and append the sums of the query''s events to usage_pending, under one snapshot; the number of events; part of rebuild_rollups()';

CREATE FUNCTION @extschema@.usage_delete_raw(before date)
RETURNS bigint
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'usage_delete_raw';

COMMENT ON FUNCTION @extschema@.usage_delete_raw(date) IS
  'Delete the raw events of days before that one, and leave the rollups as they are; part of purge_events()';

-- Its cost lets it be evaluated last of a WHERE clause.
CREATE FUNCTION @extschema@.usage_tell(done text, expected bigint)
RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'usage_tell';

COMMENT ON FUNCTION @extschema@.usage_tell(text, bigint) IS
  'Always true; a NOTICE, such as ''deleted 2000000 events'', for every tenth of the events to expect, 0 where that is not known, but for no less than a million; part of what takes long';

CREATE FUNCTION @extschema@.usage_estimated_events()
RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN (SELECT greatest(sum(reltuples), 0)::bigint
            FROM pg_class
           WHERE relkind = 'r'
             AND oid IN (SELECT '@extschema@.fct_event'::regclass
                         UNION
                         SELECT relid FROM pg_partition_tree('@extschema@.fct_event')));
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_estimated_events() IS
  'About how many rows fct_event has, by the statistics of its last ANALYZE; part of telling of progress';

CREATE FUNCTION @extschema@.usage_check_row_security()
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  relation text;
BEGIN
  FOREACH relation IN ARRAY ARRAY['fct_event', 'dim_user', 'usage_pending', 'usage_rollup', 'user_activity',
                                 'account_rollup', 'usage_totals', 'usage_strays'] LOOP
    IF row_security_active('@extschema@.' || relation) THEN
      RAISE EXCEPTION USING
        ERRCODE = 'insufficient_privilege',
        MESSAGE = format('row security on table %s may hide rows from role %s', relation, current_user),
        HINT = 'For the owner, use ALTER TABLE ... NO FORCE ROW LEVEL SECURITY.';
    END IF;
  END LOOP;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_check_row_security() IS
  'Error (42501) where the caller may not see all events and rollups; part of what has to';

CREATE FUNCTION @extschema@.rebuild_rollups()
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  owner CONSTANT regrole := @extschema@.usage_check_owner();
  kept text;
  events bigint;
BEGIN
  IF owner <> current_user::regrole THEN
    RETURN @extschema@.usage_execute_as(owner, 'SELECT @extschema@.rebuild_rollups()'::text);
  END IF;
  PERFORM @extschema@.usage_check_row_security();
  PERFORM @extschema@.usage_lock_rollups(true);
  -- As TRUNCATE ... CASCADE does: users, events, then their rollups. Users are
  -- compared with, and from here on not truncated.
  LOCK TABLE @extschema@.dim_user, @extschema@.fct_event IN ACCESS SHARE MODE;
  SELECT format('%L::daterange', daterange(NULL, purged_before)) INTO kept
    FROM @extschema@.usage_rollup_state
   WHERE purged_before IS NOT NULL;

  -- Rollups of purged days stay: nothing could bring them back.
  events := @extschema@.usage_recount(
    CASE WHEN kept IS NULL THEN ARRAY[
      'DELETE FROM @extschema@.usage_pending',
      'DELETE FROM @extschema@.usage_rollup',
      'DELETE FROM @extschema@.user_activity',
      'DELETE FROM @extschema@.account_rollup',
      'DELETE FROM @extschema@.usage_totals',
      'DELETE FROM @extschema@.usage_strays']
    ELSE ARRAY[
      -- A row that is pending goes where it belongs: what it says of purged days stays.
      format('UPDATE @extschema@.usage_pending
                 SET events = events OPERATOR(@extschema@.*) %1$s,
                     seconds = seconds OPERATOR(@extschema@.*) %1$s,
                     sources = sources OPERATOR(@extschema@.*) %1$s,
                     lags = lags OPERATOR(@extschema@.*) %1$s', kept),
      format('UPDATE @extschema@.usage_rollup
                 SET events = events OPERATOR(@extschema@.*) %1$s,
                     seconds = seconds OPERATOR(@extschema@.*) %1$s,
                     sources = sources OPERATOR(@extschema@.*) %1$s
               WHERE month + 31 > upper(%1$s)', kept),
      'DELETE FROM @extschema@.usage_rollup
        WHERE @extschema@.isempty(events) AND @extschema@.isempty(seconds) AND @extschema@.isempty(sources)',
      format('UPDATE @extschema@.usage_totals
                 SET lags = lags OPERATOR(@extschema@.*) %1$s
               WHERE month + 31 > upper(%1$s)', kept),
      'DELETE FROM @extschema@.user_activity',
      'INSERT INTO @extschema@.user_activity (account_id, user_id, days, shared)
       SELECT account_id,
              user_id,
              @extschema@.dayset_union(@extschema@.days(@extschema@.total_series(events))),
              count(*) OVER (PARTITION BY user_id) > 1
         FROM @extschema@.usage_rollup
        GROUP BY account_id, user_id
       HAVING NOT @extschema@.isempty(@extschema@.dayset_union(@extschema@.days(@extschema@.total_series(events))))',
      'DELETE FROM @extschema@.usage_strays',
      'INSERT INTO @extschema@.usage_strays (user_id)
       SELECT DISTINCT activity.user_id
         FROM @extschema@.user_activity AS activity
         LEFT JOIN @extschema@.dim_user
           ON dim_user.user_id = activity.user_id
        WHERE dim_user.account_id IS NULL OR dim_user.account_id <> activity.account_id',
      'SELECT @extschema@.usage_sum_up()']
    END,
    'SELECT account_id, user_id, event_ts, ingested_at, duration_seconds, event_name, source FROM @extschema@.fct_event'
      || CASE WHEN kept IS NULL THEN '' ELSE format(' WHERE @extschema@.event_day(event_ts) >= upper(%s)', kept) END,
    @extschema@.usage_estimated_events());
  PERFORM @extschema@.usage_fold();
  RETURN events;
END
$function$;

COMMENT ON FUNCTION @extschema@.rebuild_rollups() IS
  'Make the rollups anew from raw events, while others read and write, and tell of its progress; the number of events counted. Days before usage_rollup_state.purged_before stay as they are. For members of the owner''s role (42501)';

CREATE FUNCTION @extschema@.verify_rollups(
  OUT relation text,
  OUT account_id uuid,
  OUT user_id uuid,
  OUT month date,
  OUT expected text,
  OUT found text
)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
  owner CONSTANT regrole := (SELECT relowner FROM pg_class WHERE oid = to_regclass('@extschema@.usage_rollup_state'));
  checked daterange;
  events_there bigint;
BEGIN
  -- Views and triggers of the owner's run as the owner.
  IF owner <> current_user::regrole AND pg_has_role(owner, 'USAGE') THEN
    RETURN QUERY
    SELECT difference.*
      FROM ROWS FROM (json_to_recordset(@extschema@.usage_execute_as(owner, 'SELECT json_agg(difference) FROM @extschema@.verify_rollups() AS difference'::text)::json)
                      AS (relation text, account_id uuid, user_id uuid, month date, expected text, found text)) AS difference;
    RETURN;
  END IF;
  PERFORM @extschema@.usage_check_row_security();
  SELECT daterange(purged_before, NULL) INTO checked FROM @extschema@.usage_rollup_state;
  events_there := @extschema@.usage_estimated_events();
  RETURN QUERY
  WITH expected AS MATERIALIZED (
    SELECT events.account_id,
           events.user_id,
           events.day + 1 - extract(day FROM events.day)::integer AS month,
           @extschema@.dayseries_map_agg(events.event_name, events.day, 1::bigint) AS events,
           @extschema@.dayseries_map_agg(events.event_name, events.day, events.duration_seconds::bigint) AS seconds,
           @extschema@.dayseries_map_agg(coalesce(events.source, 'unknown'), events.day, 1::bigint) AS sources
      FROM (SELECT account_id,
                   user_id,
                   event_name,
                   duration_seconds,
                   source,
                   @extschema@.event_day(event_ts) AS day
              FROM @extschema@.fct_event
            OFFSET 0) AS events
     WHERE events.day <@ checked
       AND @extschema@.usage_tell('recounted'::text, events_there)
     GROUP BY 1, 2, 3
  ), found AS MATERIALIZED (
    SELECT sliced.*
      FROM (SELECT account_id,
                   user_id,
                   month,
                   events OPERATOR(@extschema@.*) checked AS events,
                   seconds OPERATOR(@extschema@.*) checked AS seconds,
                   sources OPERATOR(@extschema@.*) checked AS sources
              FROM @extschema@.usage_live_rollup) AS sliced
     WHERE NOT (@extschema@.isempty(events) AND @extschema@.isempty(seconds) AND @extschema@.isempty(sources))
  ), expected_lags AS (
    SELECT events.day + 1 - extract(day FROM events.day)::integer AS month,
           @extschema@.dayseries_map_agg(events.source_and_lag, events.day, 1::bigint) AS lags
      FROM (SELECT concat(coalesce(source, 'unknown'), ' ', @extschema@.lag_bucket(event_ts, ingested_at)) AS source_and_lag,
                   @extschema@.event_day(event_ts) AS day
              FROM @extschema@.fct_event
            OFFSET 0) AS events
     WHERE events.day <@ checked
     GROUP BY 1
  ), found_lags AS (
    SELECT month,
           @extschema@.sum(lags OPERATOR(@extschema@.*) checked) AS lags
      FROM (SELECT month, lags FROM @extschema@.usage_totals
            UNION ALL
            SELECT month, lags FROM @extschema@.usage_pending) AS live
     GROUP BY month
  ), expected_days AS (
    SELECT account_id,
           user_id,
           @extschema@.dayset_union(@extschema@.days(@extschema@.total_series(events))) AS days
      FROM expected
     GROUP BY account_id, user_id
  ), found_days AS (
    SELECT account_id,
           user_id,
           days OPERATOR(@extschema@.*) checked AS days
      FROM @extschema@.usage_live_activity
  ), settled_days AS (
    SELECT account_id,
           user_id,
           @extschema@.dayset_union(@extschema@.days(@extschema@.total_series(events))) AS days
      FROM @extschema@.usage_rollup
     GROUP BY account_id, user_id
  ), shared_users AS (
    SELECT account_id,
           user_id,
           shared,
           count(*) OVER (PARTITION BY user_id) > 1 AS is_shared
      FROM @extschema@.user_activity
  ), second_level AS MATERIALIZED (
    SELECT account_id,
           month,
           concat_ws(' ', events, seconds, sources, event_users, dau, wau, active_28d, mau, weekly, monthly, quarterly, lifecycle, cohorts) AS figures
      FROM @extschema@.usage_changes('{accounts,totals,sums,event_users,activity,periods,cohorts}'::text[], 'settled'::text)
  ), expected_accounts AS (
    SELECT account_id, month, figures FROM second_level WHERE account_id IS NOT NULL
  ), found_accounts AS (
    SELECT account_id, month, concat_ws(' ', events, seconds, sources, event_users, dau, wau, active_28d, mau, weekly, monthly, quarterly, lifecycle, cohorts) AS figures FROM @extschema@.account_rollup
  ), expected_totals AS (
    SELECT month, figures FROM second_level WHERE account_id IS NULL
  ), found_totals AS (
    SELECT month, concat_ws(' ', events, seconds, sources, event_users, dau, wau, active_28d, mau, weekly, monthly, quarterly, lifecycle, cohorts) AS figures
      FROM @extschema@.usage_totals
     WHERE @extschema@.isempty(lags) OR NOT @extschema@.isempty(events) OR NOT @extschema@.isempty(mau)
  )
  -- The sums, with what is pending
  SELECT 'usage_rollup',
         account_id,
         user_id,
         month,
         concat_ws(' ', expected.events, expected.seconds, expected.sources),
         concat_ws(' ', found.events, found.seconds, found.sources)
    FROM expected
    FULL JOIN found USING (account_id, user_id, month)
   WHERE coalesce(expected.events, '{}') OPERATOR(@extschema@.<>) coalesce(found.events, '{}')
      OR coalesce(expected.seconds, '{}') OPERATOR(@extschema@.<>) coalesce(found.seconds, '{}')
      OR coalesce(expected.sources, '{}') OPERATOR(@extschema@.<>) coalesce(found.sources, '{}')
  UNION ALL
  SELECT 'usage_totals',
         NULL,
         NULL,
         month,
         expected_lags.lags::text,
         found_lags.lags::text
    FROM expected_lags
    FULL JOIN found_lags USING (month)
   WHERE coalesce(expected_lags.lags, '{}') OPERATOR(@extschema@.<>) coalesce(found_lags.lags, '{}')
  UNION ALL
  -- The days, with what is pending
  SELECT 'user_activity',
         account_id,
         user_id,
         NULL,
         expected_days.days::text,
         found_days.days::text
    FROM expected_days
    FULL JOIN found_days USING (account_id, user_id)
   WHERE coalesce(expected_days.days, '{}') OPERATOR(@extschema@.<>) coalesce(found_days.days, '{}')
  UNION ALL
  -- The settled days against the settled sums
  SELECT 'user_activity, settled',
         account_id,
         user_id,
         NULL,
         settled_days.days::text,
         activity.days::text
    FROM settled_days
    FULL JOIN @extschema@.user_activity AS activity USING (account_id, user_id)
   WHERE coalesce(settled_days.days, '{}') OPERATOR(@extschema@.<>) coalesce(activity.days, '{}')
      -- An empty row is one too many.
      OR @extschema@.isempty(activity.days)
  UNION ALL
  SELECT 'user_activity.shared',
         account_id,
         user_id,
         NULL,
         is_shared::text,
         shared::text
    FROM shared_users
   WHERE shared <> is_shared
  UNION ALL
  -- Users whose settled activity is not under their own account, and who are not among these
  SELECT 'usage_strays',
         activity.account_id,
         activity.user_id,
         NULL,
         activity.user_id::text,
         NULL
    FROM @extschema@.user_activity AS activity
    LEFT JOIN @extschema@.dim_user
      ON dim_user.user_id = activity.user_id
   WHERE (dim_user.account_id IS NULL OR dim_user.account_id <> activity.account_id)
     AND NOT EXISTS (SELECT FROM @extschema@.usage_strays AS stray WHERE stray.user_id = activity.user_id)
  UNION ALL
  -- The settled second level against the settled first; a row with nothing in
  -- it is one too many
  SELECT 'account_rollup',
         account_id,
         NULL,
         month,
         expected_accounts.figures,
         found_accounts.figures
    FROM expected_accounts
    FULL JOIN found_accounts USING (account_id, month)
   WHERE expected_accounts.figures IS DISTINCT FROM found_accounts.figures
  UNION ALL
  SELECT 'usage_totals',
         NULL,
         NULL,
         month,
         expected_totals.figures,
         found_totals.figures
    FROM expected_totals
    FULL JOIN found_totals USING (month)
   WHERE expected_totals.figures IS DISTINCT FROM found_totals.figures;
END
$function$;

COMMENT ON FUNCTION @extschema@.verify_rollups() IS
  'Recompute the rollups from raw events, in one snapshot, and return what differs: no row, always; tells of its progress. Days before usage_rollup_state.purged_before have no raw events to go by';

CREATE FUNCTION @extschema@.purge_events(before date)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET DateStyle = 'ISO'
AS $function$
DECLARE
  owner CONSTANT regrole := @extschema@.usage_check_owner();
  deleted bigint := 0;
  rows_there bigint;
  part regclass;
  part_name text;
BEGIN
  IF owner <> current_user::regrole THEN
    RETURN @extschema@.usage_execute_as(owner, format('SELECT @extschema@.purge_events(%L::date)', before));
  END IF;
  PERFORM @extschema@.usage_check_row_security();
  IF before IS NULL OR NOT isfinite(before) OR before > @extschema@.event_day(now()) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'invalid_parameter_value',
      MESSAGE = format('cannot purge events before %s', coalesce(before::text, 'null')),
      DETAIL = 'The day must be today or earlier.';
  END IF;
  PERFORM @extschema@.usage_lock_rollups(true);
  UPDATE @extschema@.usage_rollup_state
     SET purged_before = greatest(purged_before, before);

  -- Whole partitions by event_ts whose last moment lies before that day
  FOR part IN
    SELECT tree.relid
      FROM pg_partition_tree('@extschema@.fct_event') AS tree
      JOIN pg_class
        ON pg_class.oid = tree.relid
      JOIN pg_partitioned_table AS parent
        ON parent.partrelid = tree.parentrelid
     CROSS JOIN LATERAL (SELECT substring(pg_get_expr(pg_class.relpartbound, pg_class.oid) FROM ' TO \(''([^'']+)''\)')::timestamptz) AS bound (upper)
     WHERE tree.isleaf
       AND pg_get_partkeydef(tree.parentrelid) = 'RANGE (event_ts)'
       AND CASE WHEN isfinite(bound.upper) THEN @extschema@.event_day(bound.upper - interval '1 microsecond') < before END
     ORDER BY bound.upper
  LOOP
    part_name := part;
    EXECUTE format('SELECT count(*) FROM %s', part_name) INTO rows_there;
    EXECUTE format('DROP TABLE %s', part_name);
    deleted := deleted + rows_there;
    RAISE NOTICE 'dropped partition % with % events', part_name, rows_there;
  END LOOP;

  RETURN deleted + @extschema@.usage_delete_raw(before);
END
$function$;

COMMENT ON FUNCTION @extschema@.purge_events(date) IS
  'Delete the raw events of days before that one (drop partitions that hold no others), and keep their rollups, and tell of its progress; the number of events. The day must not be later than today (22023); for members of the owner''s role (42501)';

CREATE FUNCTION @extschema@.capture_partition(partition regclass)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  owner CONSTANT regrole := @extschema@.usage_check_owner();
  statement text;
BEGIN
  IF owner <> current_user::regrole THEN
    PERFORM @extschema@.usage_execute_as(owner, format('SELECT @extschema@.capture_partition(%s::regclass)', partition::oid));
    RETURN;
  END IF;
  IF NOT EXISTS (SELECT
                   FROM pg_partition_tree('@extschema@.fct_event') AS tree
                  WHERE tree.relid = partition AND tree.level > 0) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'wrong_object_type',
      MESSAGE = format('%s is not a partition of fct_event', coalesce(partition::text, 'null'));
  END IF;
  FOR statement IN
    SELECT script.statement
      FROM @extschema@.usage_model_script() AS script
     WHERE script.statement LIKE 'CREATE OR REPLACE TRIGGER % ON @extschema@.fct\_event%'
     ORDER BY script.step
  LOOP
    EXECUTE replace(statement, ' ON @extschema@.fct_event', ' ON ' || partition::text);
  END LOOP;
END
$function$;

COMMENT ON FUNCTION @extschema@.capture_partition(regclass) IS
  'Make statements that name a partition of fct_event itself count, as those on fct_event do; what was written to the partition before is counted by rebuild_rollups(). An error for other tables (42809); for members of the owner''s role (42501)';

CREATE FUNCTION @extschema@.erase_user(
  user_id uuid,
  OUT relation text,
  OUT removed_rows bigint
)
RETURNS SETOF record
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
  owner CONSTANT regrole := @extschema@.usage_check_owner();
  there record;
BEGIN
  IF owner <> current_user::regrole THEN
    RETURN QUERY
    SELECT removed.relation,
           removed.removed_rows
      FROM ROWS FROM (json_to_recordset(@extschema@.usage_execute_as(owner,
                        format('SELECT json_agg(removed) FROM @extschema@.erase_user(%L::uuid) AS removed', erase_user.user_id))::json)
                      AS (relation text, removed_rows bigint)) AS removed;
    RETURN;
  END IF;
  PERFORM @extschema@.usage_check_row_security();
  IF erase_user.user_id IS NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'null_value_not_allowed',
      MESSAGE = 'the user to erase must not be null';
  END IF;
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION USING
      ERRCODE = 'active_sql_transaction',
      MESSAGE = 'erase_user() must be called at isolation level READ COMMITTED',
      DETAIL = 'It has to see what committed before it got its locks.';
  END IF;

  -- New events of the user wait for this lock, and then fail.
  PERFORM FROM @extschema@.dim_user WHERE dim_user.user_id = erase_user.user_id FOR UPDATE;
  PERFORM @extschema@.usage_lock_rollups(true);

  SELECT (SELECT count(*) FROM @extschema@.usage_pending AS pending WHERE pending.user_id = erase_user.user_id) AS usage_pending,
         (SELECT count(*) FROM @extschema@.usage_rollup AS rollup WHERE rollup.user_id = erase_user.user_id) AS usage_rollup,
         (SELECT count(*) FROM @extschema@.user_activity AS activity WHERE activity.user_id = erase_user.user_id) AS user_activity,
         (SELECT count(*) FROM @extschema@.usage_strays AS stray WHERE stray.user_id = erase_user.user_id) AS usage_strays
    INTO there;
  -- What is deleted is captured, and folded at once: so both levels forget it.
  relation := 'fct_event';
  DELETE FROM @extschema@.fct_event AS event
   WHERE event.user_id = erase_user.user_id AND @extschema@.usage_tell('deleted'::text, 0::bigint);
  GET DIAGNOSTICS removed_rows = ROW_COUNT;
  RETURN NEXT;
  relation := 'usage_pending';
  removed_rows := there.usage_pending;
  RETURN NEXT;
  relation := 'usage_rollup';
  removed_rows := there.usage_rollup;
  RETURN NEXT;
  relation := 'user_activity';
  removed_rows := there.user_activity;
  RETURN NEXT;
  relation := 'usage_strays';
  removed_rows := there.usage_strays;
  RETURN NEXT;
  relation := 'dim_user';
  DELETE FROM @extschema@.dim_user WHERE dim_user.user_id = erase_user.user_id;
  GET DIAGNOSTICS removed_rows = ROW_COUNT;
  RETURN NEXT;
  -- What the rollups hold of the user by now came without its events.
  INSERT INTO @extschema@.usage_pending (account_id, user_id, month, events, seconds, sources, lags)
  SELECT account_id,
         user_id,
         month,
         OPERATOR(@extschema@.-) events,
         OPERATOR(@extschema@.-) seconds,
         OPERATOR(@extschema@.-) sources,
         '{}'
    FROM @extschema@.usage_live_rollup AS live
   WHERE live.user_id = erase_user.user_id;
  PERFORM @extschema@.usage_fold();
  -- Without activity the user is none of them, though the deletion was captured.
  DELETE FROM @extschema@.usage_strays AS stray
   WHERE stray.user_id = erase_user.user_id
     AND NOT EXISTS (SELECT FROM @extschema@.user_activity AS activity WHERE activity.user_id = erase_user.user_id);
END
$function$;

COMMENT ON FUNCTION @extschema@.erase_user(uuid) IS
  'Remove a user from every table of the model, purged months too: a row per table with the number of rows removed, all 0 for an unknown user; at READ COMMITTED only (25001), for members of the owner''s role (42501)';

-- What the rollups hold of users beyond their raw events, to be taken back when
-- they are deleted otherwise than by erase_user().
CREATE FUNCTION @extschema@.usage_purged_sums(user_ids uuid[])
RETURNS TABLE (
  account_id uuid,
  user_id    uuid,
  month      date,
  events     @extschema@.dayseries_map,
  seconds    @extschema@.dayseries_map,
  sources    @extschema@.dayseries_map
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
  purged daterange;
BEGIN
  SELECT daterange(NULL, purged_before) INTO purged
    FROM @extschema@.usage_rollup_state
   WHERE purged_before IS NOT NULL;
  IF purged IS NULL THEN
    RETURN;
  END IF;
  RETURN QUERY
  SELECT total.*
    FROM (SELECT account_id,
                 user_id,
                 month,
                 @extschema@.sum(events) AS events,
                 @extschema@.sum(seconds) AS seconds,
                 @extschema@.sum(sources) AS sources
            FROM (SELECT account_id,
                         user_id,
                         month,
                         OPERATOR(@extschema@.-) (events OPERATOR(@extschema@.*) purged) AS events,
                         OPERATOR(@extschema@.-) (seconds OPERATOR(@extschema@.*) purged) AS seconds,
                         OPERATOR(@extschema@.-) (sources OPERATOR(@extschema@.*) purged) AS sources
                    FROM @extschema@.usage_live_rollup
                   WHERE user_id = ANY (user_ids)
                  UNION ALL
                  -- Events of purged days that came late
                  SELECT account_id,
                         user_id,
                         day + 1 - extract(day FROM day)::integer,
                         @extschema@.dayseries_map_agg(event_name, day, 1::bigint),
                         @extschema@.dayseries_map_agg(event_name, day, duration_seconds::bigint),
                         @extschema@.dayseries_map_agg(coalesce(source, 'unknown'), day, 1::bigint)
                    FROM (SELECT account_id,
                                 user_id,
                                 event_name,
                                 duration_seconds,
                                 source,
                                 @extschema@.event_day(event_ts) AS day
                            FROM @extschema@.fct_event
                           WHERE user_id = ANY (user_ids)
                          OFFSET 0) AS raw
                   WHERE day <@ purged
                   GROUP BY 1, 2, 3) AS parts
           GROUP BY account_id, user_id, month) AS total
   WHERE NOT (@extschema@.isempty(events) AND @extschema@.isempty(seconds) AND @extschema@.isempty(sources));
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_purged_sums(uuid[]) IS
  'What the rollups hold of users from purged events alone, with the sign turned; part of deleting from dim_user';

-- sql/library/insights.sql

-- Reports over the rollups. What concerns everybody, plans, regions or accounts
-- is added up from the second level; what needs more, such as roles or single
-- events, from the days and sums of users.

-- ---------- periods ----------

CREATE FUNCTION @extschema@.usage_period_start(day date, period text, week_start integer)
RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE period
         WHEN 'day' THEN day
         WHEN 'week' THEN day - (extract(isodow FROM day)::integer - week_start + 7) % 7
         ELSE date_trunc(period, day::timestamp)::date
       END;

COMMENT ON FUNCTION @extschema@.usage_period_start(date, text, integer) IS
  'First day of the day''s period: day, week, month or quarter; part of the reports';

CREATE FUNCTION @extschema@.usage_next_period(day date, period text, periods integer DEFAULT 1)
RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE period
         WHEN 'day' THEN day + periods
         WHEN 'week' THEN day + 7 * periods
         WHEN 'month' THEN (day + periods * interval '1 month')::date
         ELSE (day + periods * interval '3 months')::date
       END;

COMMENT ON FUNCTION @extschema@.usage_next_period(date, text, integer) IS
  'First day of the period that comes so many periods after that which begins on the day, before it where negative; part of the reports';

CREATE FUNCTION @extschema@.usage_periods(first date, last date, period text)
RETURNS TABLE (
  period_start date,
  next_start   date
)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE ROWS 100
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  period_start := first;
  WHILE period_start <= last LOOP
    next_start := @extschema@.usage_next_period(period_start, period);
    RETURN NEXT;
    period_start := next_start;
  END LOOP;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_periods(date, date, text) IS
  'The periods from the one that begins on the first day to the one that begins on the last, with the days on which the next ones begin; part of the reports';

-- ---------- arguments ----------

CREATE FUNCTION @extschema@.usage_check_choice(kind text, value text, choices text[], context text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF value <> ALL (choices) OR value IS NULL AND kind NOT IN ('segment', 'category') THEN
    RAISE EXCEPTION USING
      ERRCODE = CASE WHEN value IS NULL THEN 'null_value_not_allowed' ELSE 'invalid_parameter_value' END,
      MESSAGE = CASE WHEN value IS NULL THEN format('%s must not be null', kind)
                     ELSE format('%s "%s" does not exist', kind, value) || coalesce(' ' || context, '') END,
      HINT = format('There are: %s.', array_to_string(choices, ', '));
  END IF;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_check_choice(text, text, text[], text) IS
  'Error (22023) where an argument is none of the values there are, (22004) where it is null and may not be; part of the reports';

CREATE FUNCTION @extschema@.usage_check_filter(event text, category text, segment text)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
BEGIN
  IF category IS NOT NULL THEN
    PERFORM @extschema@.usage_check_choice('category'::text, category,
      ARRAY(SELECT DISTINCT taxonomy.event_category FROM @extschema@.event_taxonomy AS taxonomy ORDER BY 1) || '{unknown}'::text[]);
    IF event IS NOT NULL THEN
      RAISE EXCEPTION USING
        ERRCODE = 'invalid_parameter_value',
        MESSAGE = 'event and category cannot both be given';
    END IF;
  END IF;
  IF segment = 'source' AND (event IS NOT NULL OR category IS NOT NULL) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'invalid_parameter_value',
      MESSAGE = 'segment "source" does not go with an event or a category',
      DETAIL = 'The rollups know the sources of all events together only.';
  END IF;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_check_filter(text, text, text) IS
  'Error (22023) where filters are unknown or do not go together; part of the reports';

-- Series end with the as-of day and begin with the first day of all: of what is
-- asked for, the part that they have.
CREATE FUNCTION @extschema@.usage_report_range(
  from_date date,
  to_date date,
  period text,
  OUT first_start date,
  OUT last_start date,
  OUT as_of date,
  OUT today date,
  OUT week_start integer
)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_variable
DECLARE
  first_ever date;
  past daterange;
  hidden boolean;
BEGIN
  PERFORM @extschema@.usage_check_choice('period'::text, period, '{day,week,month,quarter}'::text[]);
  IF from_date IS NULL OR to_date IS NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'null_value_not_allowed',
      MESSAGE = 'the first and the last day of a report must not be null';
  END IF;
  IF NOT isfinite(from_date) OR NOT isfinite(to_date) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'datetime_field_overflow',
      MESSAGE = 'the first and the last day of a report must be finite';
  END IF;
  IF from_date > to_date THEN
    RAISE EXCEPTION USING
      ERRCODE = 'invalid_parameter_value',
      MESSAGE = format('a report cannot run from %s to %s', to_char(from_date, 'YYYY-MM-DD'), to_char(to_date, 'YYYY-MM-DD')),
      HINT = 'The first day comes first; both are included.';
  END IF;

  SELECT settings.today, settings.past, settings.week_start
    INTO today, past, week_start
    FROM @extschema@.usage_today AS settings;
  -- Where row security hides usage_totals, what is seen of accounts has the same days.
  hidden := row_security_active('@extschema@.usage_totals');
  SELECT @extschema@.first_day(total.dau), @extschema@.last_day(total.dau)
    INTO first_ever, as_of
    FROM (SELECT @extschema@.sum(parts.dau) OPERATOR(@extschema@.*) past AS dau
            FROM (SELECT totals.dau
                    FROM @extschema@.usage_totals AS totals
                   WHERE NOT hidden
                  UNION ALL
                  SELECT accounts.dau
                    FROM @extschema@.account_rollup AS accounts
                   WHERE hidden
                  UNION ALL
                  SELECT changes.dau
                    FROM @extschema@.usage_changes(CASE WHEN hidden THEN '{accounts,activity}' ELSE '{totals,activity}' END::text[]) AS changes
                   WHERE EXISTS (SELECT FROM @extschema@.usage_pending)) AS parts) AS total;
  IF as_of IS NOT NULL THEN
    first_start := @extschema@.usage_period_start(greatest(from_date, first_ever), period, week_start);
    last_start := @extschema@.usage_period_start(least(to_date, as_of), period, week_start);
    IF first_start > last_start THEN
      first_start := NULL;
      last_start := NULL;
    END IF;
  END IF;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_report_range(date, date, text) IS
  'The first days of the first and the last period of a report, null where it has none, with the as-of day, today and the first day of a week; errors for unknown periods and ranges that run backwards (22023), null (22004) and infinite (22008) days; part of the reports';

-- ---------- what the first level tells ----------

CREATE FUNCTION @extschema@.usage_segment(key uuid, segment text, of_users boolean)
RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'usage_segment';

COMMENT ON FUNCTION @extschema@.usage_segment(uuid, text, boolean) IS
  'Today''s segment of an account (plan_tier, region, account_id) or a user (those of the account, role, country), null where there is none; reads all of them once a query; part of the reports';

-- The query for days of activity: segment_value, user_id, days. Those after today
-- may be among them, and are cut off where days are counted.
-- A user has a row in each segment, and is whom the segment's events are of;
-- where users are followed over time (own), whom the segment has today.
-- With a period, where events are counted under their own segment, counts of users
-- in their place: segment_value, active, arrived, returned.
CREATE FUNCTION @extschema@.usage_days_query(segment text, event text, category text, account_id uuid, own boolean, period text DEFAULT NULL, week_start integer DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET DateStyle = 'ISO'
AS $function$
#variable_conflict use_variable
DECLARE
  today CONSTANT date := (SELECT settings.today FROM @extschema@.usage_today AS settings);
  past CONSTANT text := format('%L::daterange', daterange(NULL, today, '[]'));
  by_label CONSTANT boolean := coalesce(segment IN ('source', 'event_name', 'event_category'), false);
  of_events CONSTANT boolean := by_label OR event IS NOT NULL OR category IS NOT NULL;
  by_user CONSTANT boolean := own OR segment IS NULL OR segment IN ('role', 'country');
  -- Where nothing is pending, what is settled is all there is.
  pending CONSTANT boolean := EXISTS (SELECT FROM @extschema@.usage_pending);
  activity CONSTANT text := CASE WHEN pending THEN '@extschema@.usage_live_activity' ELSE '@extschema@.user_activity' END;
  rollup CONSTANT text := CASE WHEN pending THEN '@extschema@.usage_live_rollup' ELSE '@extschema@.usage_rollup' END;
  of_account CONSTANT text := CASE
    WHEN account_id IS NULL THEN 'true'
    -- Of the rollups, only the accounts that these users have been active under are read.
    WHEN own THEN format(replace('rollup.user_id = MEMBERS' || CASE WHEN of_events THEN ' AND rollup.account_id = ANY (ARRAY(SELECT theirs.account_id FROM %2$s AS theirs WHERE theirs.user_id = MEMBERS))' ELSE '' END,
                                 'MEMBERS', 'ANY (ARRAY(SELECT members.user_id FROM @extschema@.dim_user AS members WHERE members.account_id = %1$L))'), account_id, activity)
    ELSE format('rollup.account_id = %L', account_id)
  END;
  -- Of everybody, segments are looked up; a customer's users are joined with theirs.
  looked_up CONSTANT boolean := account_id IS NULL AND (by_user OR segment <> 'account_id');
  value CONSTANT text := CASE
    WHEN segment IS NULL OR by_label THEN 'NULL::text'
    WHEN looked_up THEN format(CASE WHEN by_user THEN '@extschema@.usage_segment(active.user_id, %L::text, true)' ELSE '@extschema@.usage_segment(active.account_id, %L::text, false)' END, segment)
    WHEN segment IN ('plan_tier', 'region') THEN format('account.%I', segment)
    WHEN segment IN ('role', 'country') THEN format('member.%I', segment)
    ELSE CASE WHEN own THEN 'member' ELSE 'active' END || '.account_id::text'
  END;
  joins CONSTANT text := concat_ws(' ',
    CASE WHEN by_user AND segment IS NOT NULL AND NOT looked_up
         THEN 'LEFT JOIN @extschema@.dim_user AS member ON member.user_id = active.user_id'
              || CASE WHEN own AND account_id IS NOT NULL THEN format(' AND member.account_id = %L', account_id) ELSE '' END END,
    CASE WHEN segment IN ('plan_tier', 'region') AND NOT looked_up
         THEN format('LEFT JOIN @extschema@.dim_account AS account ON account.account_id = %s.account_id', CASE WHEN own THEN 'member' ELSE 'active' END) END);
  -- The segments of users are looked up once for each, those of events for each row.
  row_value CONSTANT text := CASE WHEN by_user THEN 'NULL::text' ELSE value END;
  row_joins CONSTANT text := CASE WHEN by_user THEN '' ELSE joins END;
  row_group CONSTANT text := CASE WHEN by_user THEN '2' ELSE '1, 2' END;
  counting CONSTANT boolean := period IS NOT NULL AND of_events AND (segment IS NULL OR NOT by_user);
  -- Which labels count, and under which names
  labels text[];
  names text[];
  others text;
  passes integer := 1;
  changed uuid[];
  merged text;
  settled text;
  joined text;
  query text;
BEGIN
  IF of_events THEN
    IF event IS NOT NULL THEN
      labels := ARRAY[event];
      names := ARRAY[CASE segment WHEN 'event_category' THEN coalesce(@extschema@.event_category(event), 'unknown') ELSE event END];
    ELSIF category IS NOT NULL AND segment IS DISTINCT FROM 'event_name' OR segment = 'event_category' THEN
      others := CASE WHEN coalesce(category, 'unknown') = 'unknown' THEN 'unknown' END;
      SELECT coalesce(array_agg(taxonomy.event_name), '{}'),
             coalesce(array_agg(CASE WHEN category IS NULL OR taxonomy.event_category = category THEN taxonomy.event_category END), '{}')
        INTO labels, names
        FROM @extschema@.event_taxonomy AS taxonomy
       WHERE others IS NOT NULL
          OR taxonomy.event_category = category;
    END IF;
    -- So many users are held in memory at a time that they have a million sets of days.
    IF account_id IS NULL THEN
      passes := greatest(1, ceil((SELECT reltuples FROM pg_class WHERE oid = '@extschema@.user_activity'::regclass)
                                 * CASE WHEN labels IS NULL THEN 1 + (SELECT count(*) FROM @extschema@.event_taxonomy) ELSE cardinality(labels) END / 1e6));
    END IF;
    query := format('SELECT %s AS segment_value, %s FROM (%s) AS grouped CROSS JOIN LATERAL @extschema@.%s WHERE %s',
      CASE WHEN by_label THEN 'part.name' ELSE 'grouped.value' END,
      CASE WHEN counting THEN 'CASE WHEN part.label LIKE ''%/active'' THEN part.series END AS active, CASE WHEN part.label LIKE ''%/new'' THEN part.series END AS arrived, CASE WHEN part.label LIKE ''%/returning'' THEN part.series END AS returned'
           ELSE 'part.user_id, part.days' END,
      (SELECT string_agg(format('SELECT %s AS value, @extschema@.%s AS found FROM (SELECT rollup.account_id, rollup.user_id, rollup.%I AS map FROM %s AS rollup WHERE %s AND %s) AS active %s %s',
                                row_value,
                                CASE WHEN counting THEN format('user_day_counts(active.user_id, active.map, %L::text[], %L::text[], %L::text, %s, %L::text, %s)', labels, names, others, past, period, week_start)
                                     ELSE format('user_days(active.user_id, active.map, %L::text[], %L::text[], %L::text)', labels, names, others) END,
                                CASE segment WHEN 'source' THEN 'sources' ELSE 'events' END,
                                rollup, of_account,
                                CASE WHEN passes = 1 THEN 'true' ELSE format('abs(uuid_hash(rollup.user_id)::bigint) %% %s = %s', passes, pass) END,
                                row_joins,
                                CASE WHEN by_user OR by_label THEN '' ELSE 'GROUP BY 1' END),
                         ' UNION ALL ')
         FROM generate_series(0, passes - 1) AS pass),
      CASE WHEN counting THEN 'each(grouped.found) AS counts (label, series) CROSS JOIN LATERAL (SELECT substring(counts.label FROM ''^(.*)/'') AS name, counts.label, counts.series) AS part'
           ELSE format('user_days_found(grouped.found, %s) AS part', past) END,
      CASE WHEN segment = 'event_name' AND category IS NOT NULL THEN format('coalesce(@extschema@.event_category(part.name), ''unknown'') = %L', category) ELSE 'true' END);
  ELSIF account_id IS NOT NULL THEN
    query := format('SELECT %s AS segment_value, active.user_id, @extschema@.dayset_union(active.days) OPERATOR(@extschema@.*) %s AS days FROM (SELECT rollup.account_id, rollup.user_id, rollup.days FROM %s AS rollup WHERE %s OFFSET 0) AS active %s GROUP BY %s',
      row_value, past, activity, of_account, row_joins, row_group);
  ELSE
    -- What is settled of users of one account is read as it is; the others, and
    -- those with something pending, are merged.
    merged := 'active.shared';
    IF pending THEN
      SELECT array_agg(users.user_id) INTO changed
        FROM (SELECT DISTINCT changes.user_id
                FROM @extschema@.usage_changes('{days}'::text[]) AS changes) AS users;
      SELECT format('active.user_id = ANY (%L::uuid[])', array_agg(shared.user_id) || changed) INTO merged
        FROM @extschema@.user_activity AS shared
       WHERE shared.shared;
    END IF;
    settled := format('SELECT %s active.user_id, active.days FROM @extschema@.user_activity AS active WHERE NOT active.shared %s',
      CASE WHEN by_user THEN '' ELSE value || ' AS segment_value,' END,
      CASE WHEN changed IS NOT NULL THEN format('AND active.user_id <> ALL (%L::uuid[])', changed) END);
    joined := format('SELECT %s active.user_id, @extschema@.dayset_union(active.days) AS days FROM %s AS active WHERE %s GROUP BY %s',
      CASE WHEN by_user THEN '' ELSE value || ' AS segment_value,' END, activity, merged, CASE WHEN by_user THEN 'active.user_id' ELSE '1, active.user_id' END);
    query := format('%s UNION ALL %s', settled, joined);
  END IF;
  IF counting THEN
    RETURN format('SELECT segment_value, active, arrived, returned FROM (%s) AS counted', query);
  END IF;
  IF by_user THEN
    query := format('SELECT %s AS segment_value, active.user_id, active.days FROM (%s) AS active %s', value, query, joins);
  END IF;
  RETURN (query);
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_days_query(text, text, text, uuid, boolean, text, integer) IS
  'The query for users'' days of activity, maybe after today too, by segment, of those events or of all, under the account or of its own users: segment_value, user_id, days; with a period, of events and under their own segment or none, the query for what active_period_counts() makes of these, by segment: segment_value, active, arrived, returned; part of the reports';

-- What a report counts of users' days: what is settled, and what a query adds to it.
CREATE TYPE @extschema@.usage_days_source AS (
  settled     boolean,
  segment     text,
  of_users    boolean,
  strays      boolean,
  corrections boolean,
  events      text[],
  back_events text[],
  skipped     uuid[],
  query       text
);

COMMENT ON TYPE @extschema@.usage_days_source IS
  'Users'' days to be counted, each user once in a segment: if settled, those of user_activity, but of skipped users, under the account''s segment or the user''s (of_users), or none where that is null, and of users who share accounts or are in usage_strays, if those count, under their own account''s of today; of corrections, instead, only users of several accounts, each row of them less one and all together once, which makes of users added up by account users of the segment; where events are given, only users with one of these are counted, for the days with them, under their own segment, and where back_events are, users come back on days with one of these; and those of a query: segment_value text, or the account_id uuid where the settled ones are under that, user_id uuid, days, back (the days of coming back) dayset; part of the reports';

CREATE FUNCTION @extschema@.usage_days_source(segment text, event text, category text, account_id uuid, own boolean)
RETURNS @extschema@.usage_days_source
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET DateStyle = 'ISO'
AS $function$
#variable_conflict use_variable
DECLARE
  by_account CONSTANT boolean := coalesce(segment IN ('plan_tier', 'region', 'account_id'), false);
  pending CONSTANT boolean := EXISTS (SELECT FROM @extschema@.usage_pending);
  users CONSTANT real := (SELECT reltuples FROM pg_class WHERE oid = '@extschema@.user_activity'::regclass);
  most_strays bigint;
  source @extschema@.usage_days_source;
BEGIN
  -- Of so many users the days with an event are held in memory.
  IF account_id IS NULL AND NOT pending AND (event IS NOT NULL OR category <> 'unknown') AND users < 1e6
     AND (own OR segment IS NULL OR segment IN ('role', 'country')) THEN
    source.settled := true;
    source.segment := segment;
    source.of_users := true;
    source.events := CASE WHEN event IS NOT NULL THEN ARRAY[event]
                          ELSE ARRAY(SELECT taxonomy.event_name FROM @extschema@.event_taxonomy AS taxonomy WHERE taxonomy.event_category = category) END;
    RETURN source;
  END IF;
  IF account_id IS NOT NULL OR event IS NOT NULL OR category IS NOT NULL
     OR segment IN ('source', 'event_name', 'event_category') THEN
    source.settled := false;
    source.query := format('SELECT segment_value, user_id, days, days AS back FROM (%s) AS days',
                           @extschema@.usage_days_query(segment, event, category, account_id, own));
    RETURN source;
  END IF;

  source.settled := true;
  source.segment := segment;
  source.of_users := NOT by_account;
  -- What is settled of users is mostly under their own account. Of more strays than
  -- that, to look for each takes longer than to read all users.
  IF by_account AND own THEN
    IF NOT row_security_active('@extschema@.usage_strays') THEN
      most_strays := greatest(users / 100, 10);
      source.strays := most_strays >= (SELECT count(*) FROM (SELECT FROM @extschema@.usage_strays LIMIT most_strays + 1) AS stray);
    END IF;
    source.of_users := source.strays IS NOT TRUE;
  END IF;
  IF pending THEN
    SELECT array_agg(DISTINCT changes.user_id) INTO source.skipped
      FROM @extschema@.usage_changes('{days}'::text[]) AS changes;
    source.query := format('SELECT segment_value, user_id, days, days AS back FROM (SELECT %s AS segment_value, active.user_id, @extschema@.dayset_union(active.days) AS days FROM @extschema@.usage_live_activity AS active WHERE active.user_id = ANY (%L::uuid[]) GROUP BY 1, 2) AS days',
      CASE
        WHEN segment IS NULL THEN 'NULL::text'
        WHEN NOT by_account THEN format('(SELECT member.%I FROM @extschema@.dim_user AS member WHERE member.user_id = active.user_id)', segment)
        WHEN segment = 'account_id'
          THEN CASE WHEN own THEN '(SELECT member.account_id FROM @extschema@.dim_user AS member WHERE member.user_id = active.user_id)' ELSE 'active.account_id' END
               || CASE WHEN source.of_users THEN '::text' ELSE '' END
        WHEN own THEN format('(SELECT account.%I FROM @extschema@.dim_user AS member JOIN @extschema@.dim_account AS account ON account.account_id = member.account_id WHERE member.user_id = active.user_id)', segment)
        ELSE format('(SELECT account.%I FROM @extschema@.dim_account AS account WHERE account.account_id = active.account_id)', segment)
      END,
      source.skipped);
  END IF;
  RETURN source;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_days_source(text, text, text, uuid, boolean) IS
  'Users'' days of activity, maybe after today too, by segment, of those events or of all, under the account or of its own users: each user once in each segment where the segment is the account''s or an event''s, and once in all where it is the user''s own; part of the reports';

-- ---------- what the second level tells ----------

-- The query for months: segment_value, as it is stored, and the sums asked for, or
-- columns to be added up. A user who is active under several accounts is in the
-- sums of each.
CREATE FUNCTION @extschema@.usage_sums_query(sums text, figures text, parts text[], segment text, account_id uuid, from_day date, to_day date, with_settled boolean DEFAULT true)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET DateStyle = 'ISO'
AS $function$
#variable_conflict use_variable
DECLARE
  by_segment CONSTANT boolean := coalesce(segment IN ('plan_tier', 'region', 'account_id'), false);
  by_account CONSTANT boolean := by_segment OR account_id IS NOT NULL;
  hidden CONSTANT boolean := NOT by_account AND row_security_active('@extschema@.usage_totals');
  months CONSTANT text := format('month >= %L AND month <= %L', date_trunc('month', from_day::timestamp)::date, to_day)
                          || CASE WHEN account_id IS NOT NULL THEN format(' AND account_id = %L', account_id) ELSE '' END;
BEGIN
  RETURN format('SELECT %s AS segment_value, %s FROM (%s) AS months',
    CASE WHEN NOT by_segment THEN 'NULL::text' WHEN segment = 'account_id' THEN 'months.account_id' ELSE format('@extschema@.usage_segment(months.account_id, %L::text, false)', segment) END,
    sums,
    concat_ws(' UNION ALL ',
      CASE WHEN with_settled AND NOT hidden
           THEN format('SELECT %s FROM @extschema@.%I WHERE %s',
                       concat_ws(', ', CASE WHEN by_account THEN 'account_id' END, figures), CASE WHEN by_account THEN 'account_rollup' ELSE 'usage_totals' END, months) END,
      CASE WHEN hidden OR EXISTS (SELECT FROM @extschema@.usage_pending)
           THEN format('SELECT %s FROM @extschema@.usage_changes(%L::text[], %L::text) WHERE %s',
                       concat_ws(', ', CASE WHEN by_account THEN 'account_id' END, figures),
                       CASE WHEN by_account THEN 'accounts' ELSE 'totals' END || parts, CASE WHEN by_account THEN 'pending' ELSE 'outside totals' END, months) END));
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_sums_query(text, text, text[], text, uuid, date, date, boolean) IS
  'The query for the months from that of a day to that of another: sums, or columns to add up, of everybody, of one account, or under each account''s plan_tier, region or account_id, or of what is pending of these alone; figures are the columns that it needs, parts those that have them in usage_changes(); part of the reports';

-- ---------- what both levels tell ----------

-- What usage_figures() adds up: users' days, what is settled of accounts, and a
-- query, which may be empty where one of these is there.
CREATE FUNCTION @extschema@.usage_figures_query(
  metric text,
  period text,
  window_days integer,
  segment text,
  event text,
  category text,
  account_id uuid,
  own boolean,
  from_day date,
  to_day date,
  OUT query text,
  OUT accounts text[],
  OUT source @extschema@.usage_days_source,
  OUT window_length integer
)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET DateStyle = 'ISO'
AS $function$
#variable_conflict use_column
DECLARE
  one_account CONSTANT uuid := usage_figures_query.account_id;
  week_start CONSTANT integer := (SELECT week_start FROM @extschema@.usage_settings);
  pending CONSTANT boolean := EXISTS (SELECT FROM @extschema@.usage_pending);
  figure CONSTANT text := CASE WHEN window_days IS NOT NULL
    THEN CASE window_days WHEN 1 THEN 'dau' WHEN 7 THEN 'wau' WHEN 28 THEN 'active_28d' WHEN 30 THEN 'mau' END
    ELSE CASE period WHEN 'day' THEN 'dau' WHEN 'week' THEN 'weekly' WHEN 'month' THEN 'monthly' ELSE 'quarterly' END
  END;
  -- A sum of sources is that of all events, and has the fewest labels.
  sum_column CONSTANT text := CASE metric WHEN 'work_seconds' THEN 'seconds'
                                          WHEN 'events' THEN CASE WHEN segment IN ('event_name', 'event_category') THEN 'events' ELSE 'sources' END
                                          ELSE CASE WHEN metric IS NOT NULL THEN 'events' END END;
  sum_label CONSTANT text := CASE metric WHEN 'work_seconds' THEN 'timer_stop' WHEN 'tasks_created' THEN 'task_created' WHEN 'tasks_completed' THEN 'task_completed' END;
  with_arrived CONSTANT boolean := window_days IS NULL AND metric IS NULL;
  none CONSTANT text := 'NULL::@extschema@.dayseries';
  by_label CONSTANT boolean := coalesce(segment IN ('source', 'event_name', 'event_category'), false);
BEGIN
  query := '';
  accounts := '{}';
  window_length := coalesce(window_days, 0);
  IF event IS NULL AND category IS NULL AND figure IS NOT NULL
     AND (segment IS NULL OR one_account IS NOT NULL AND segment IN ('plan_tier', 'region', 'account_id'))
     AND NOT (own AND one_account IS NOT NULL) THEN
    query := @extschema@.usage_sums_query(
      concat_ws(', ',
        CASE WHEN metric IS NULL THEN none ELSE format('%I, %L::text', sum_column, sum_label) END,
        figure,
        CASE WHEN with_arrived THEN 'lifecycle, ''new''::text' ELSE none END,
        CASE WHEN own THEN format('lifecycle, %L::text', CASE period WHEN 'week' THEN 'returning' ELSE format('returning_%ss', period) END) ELSE none END),
      concat_ws(', ', figure, 'lifecycle', sum_column),
      CASE WHEN figure IN ('weekly', 'monthly', 'quarterly') THEN '{periods}' ELSE '{activity,periods}'::text[] END || coalesce(sum_column, 'periods'),
      segment, one_account, from_day, to_day);
    RETURN;
  END IF;

  IF metric IS NULL OR pending OR by_label OR segment IN ('role', 'country') THEN
    source := @extschema@.usage_days_source(segment, event, category, one_account, own);
  ELSE
    -- Accounts are read anyway.
    source.settled := segment <> 'account_id';
    source.segment := segment;
    source.corrections := true;
  END IF;
  -- Users of events are counted where they are found, if it is not to be known who they are.
  IF NOT source.settled AND window_days IS NULL
     AND (by_label OR event IS NOT NULL OR category IS NOT NULL)
     AND (segment IS NULL OR NOT own AND segment NOT IN ('role', 'country')) THEN
    source := NULL;
    query := format('SELECT segment_value, %s AS value, active, arrived, returned FROM (%s) AS counted',
                    none, @extschema@.usage_days_query(segment, event, category, one_account, own, period, week_start));
  END IF;
  IF segment IN ('role', 'country') AND metric IS NOT NULL THEN
    query := format('SELECT %s AS segment_value, %s AS value, %s, %s, %s FROM @extschema@.%I AS months %s WHERE months.month >= %L AND months.month <= %L %s GROUP BY 1',
                    CASE WHEN one_account IS NULL THEN format('@extschema@.usage_segment(months.user_id, %L::text, true)', segment) ELSE format('member.%I', segment) END,
                    format('@extschema@.sum(%I, %L::text)', sum_column, sum_label), none, none, none, CASE WHEN pending THEN 'usage_live_rollup' ELSE 'usage_rollup' END,
                    CASE WHEN one_account IS NULL THEN '' ELSE 'LEFT JOIN @extschema@.dim_user AS member ON member.user_id = months.user_id' END,
                    date_trunc('month', from_day::timestamp)::date, to_day, format(CASE WHEN one_account IS NOT NULL THEN 'AND months.account_id = %L' ELSE '' END, one_account));
  ELSIF by_label AND metric IS NOT NULL THEN
    query := format('%s UNION ALL SELECT part.label, part.series, NULL, NULL, NULL FROM (%s) AS total CROSS JOIN LATERAL @extschema@.each(%s) AS part (label, series)', query,
                    @extschema@.usage_sums_query(format('@extschema@.sum(%I) AS sums', sum_column), sum_column, ARRAY[sum_column], NULL::text, one_account, from_day, to_day),
                    CASE WHEN segment = 'event_category' THEN '@extschema@.by_category(total.sums)' ELSE 'total.sums' END);
  ELSIF metric IS NOT NULL THEN
    accounts := ARRAY[segment, sum_column || '/' || coalesce(sum_label, ''), CASE WHEN NOT pending THEN figure END, NULL, NULL];
    IF pending THEN
      query := @extschema@.usage_sums_query(format('%I, %L::text, %s, %s, %s', sum_column, sum_label, none, none, none), sum_column, ARRAY[sum_column], segment, NULL::uuid, from_day, to_day, false);
    END IF;
  END IF;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_figures_query(text, text, integer, text, text, text, uuid, boolean, date, date) IS
  'What usage_figures() is to add up: of a metric, if one is given; of the users active in each period, or in each window of so many days under its last day; of these, of those who had never been before, and, for users'' own accounts, of those who were in the period before, too; for the days and periods between the two days, and maybe more; part of the reports';

-- What a worker has counted is counted once more where it is put together: a
-- second one gains nothing. Users' rows are joined by hashing: how many there
-- are cannot be told before.
CREATE FUNCTION @extschema@.usage_figures(query text, period text, first_start date, last_start date, today date, everybody boolean, accounts text[] DEFAULT '{}', source @extschema@.usage_days_source DEFAULT NULL, window_days integer DEFAULT 0)
RETURNS TABLE (
  segment_value text,
  period_start  date,
  value         bigint,
  active        bigint,
  arrived       bigint,
  returned      bigint,
  value_before  bigint,
  active_before bigint,
  is_complete   boolean
)
LANGUAGE c STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET work_mem = '64MB'
SET max_parallel_workers_per_gather = 1
AS 'MODULE_PATHNAME', 'usage_figures';

COMMENT ON FUNCTION @extschema@.usage_figures(text, text, date, date, date, boolean, text[], @extschema@.usage_days_source, integer) IS
  'Sums by segment and period (day, week, month, quarter), from that which begins on first_start to that which begins on last_start, and of the period before each, in order, of what a query has of days up to today: a text or a uuid for the segment, then value, active, arrived and returned, each a dayseries, or a dayseries_map and its label, null for all; and of what account_rollup has, if accounts says how: the segment (plan_tier, region, account_id), then for each of the four null, a column, or a column with a slash and a label, none for all; and, of the users that source tells, if it is not null, those active in each period, those of them who had never been before, and those who were in the period before (not told of the first), or, with windows of 1 to 366 days rather than 0, those active in these, under their last day; the query may be empty then; segments with no one active in any of the periods are left out, but for the null one of everybody; NULL in another argument means no rows; errors for an unknown period, other accounts or a window out of range (22023), other columns (42804), ranges that run backwards, are infinite or longer than 10000000 days (22008) and sums beyond bigint (22003); part of the reports';

CREATE FUNCTION @extschema@.usage_stickiness_counts(source @extschema@.usage_days_source, period text, first_start date, last_start date, today date, everybody boolean)
RETURNS TABLE (
  segment_value text,
  period_start  date,
  active_days   integer,
  users         bigint,
  active_users  bigint,
  is_complete   boolean
)
LANGUAGE c STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET work_mem = '64MB'
SET max_parallel_workers_per_gather = 1
AS 'MODULE_PATHNAME', 'usage_stickiness_counts';

COMMENT ON FUNCTION @extschema@.usage_stickiness_counts(@extschema@.usage_days_source, text, date, date, date, boolean) IS
  'Users by the number of days, from 1, on which they were active in each period (day, week, month, quarter), from that which begins on first_start to that which begins on last_start, by segment, in order; segments without anybody are left out, but for the null one of everybody; NULL means no rows; errors for an unknown period (22023), a query with other columns (42804) and ranges that run backwards, are infinite or longer than 10000000 days (22008); part of the reports';

CREATE FUNCTION @extschema@.usage_retention_counts(source @extschema@.usage_days_source, period text, unbounded boolean, first_start date, last_start date, as_of_start date, today date)
RETURNS TABLE (
  segment_value  text,
  cohort_start   date,
  period_number  integer,
  cohort_size    bigint,
  retained_users bigint,
  is_complete    boolean
)
LANGUAGE c STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET work_mem = '64MB'
SET max_parallel_workers_per_gather = 1
SET enable_mergejoin = off
AS 'MODULE_PATHNAME', 'usage_retention_counts';

COMMENT ON FUNCTION @extschema@.usage_retention_counts(@extschema@.usage_days_source, text, boolean, date, date, date, date) IS
  'Users by the period (day, week, month, quarter) of their first day, from that which begins on first_start to that which begins on last_start, and how many of them were back in each period from then on to that which begins on as_of_start, or, unbounded, in it or a later one, by segment, in order; cohorts without anybody are left out; NULL means no rows; errors as of usage_stickiness_counts(); part of the reports';

-- ---------- the reports ----------

-- Those that usage_figures() adds up have as many rows as there are accounts and
-- periods, maybe. They are not kept once more: each report is one query that the
-- planner takes into the query that asks, and what comes before is done in here.
CREATE FUNCTION @extschema@.usage_report_source(
  report text,
  metric text,
  from_date date,
  to_date date,
  period text,
  window_days integer,
  segment text,
  event text,
  category text,
  account_id uuid,
  OUT query text,
  OUT accounts text[],
  OUT source @extschema@.usage_days_source,
  OUT window_length integer,
  OUT first_start date,
  OUT last_start date,
  OUT today date
)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_variable
DECLARE
  own CONSTANT boolean := report = 'lifecycle';
  start_before date;
  range record;
  figures record;
BEGIN
  IF report = 'rolling_active_users' AND (window_days IS NULL OR window_days NOT BETWEEN 1 AND 366) THEN
    RAISE EXCEPTION USING
      ERRCODE = CASE WHEN window_days IS NULL THEN 'null_value_not_allowed' ELSE 'invalid_parameter_value' END,
      MESSAGE = format('window_days must be from 1 to 366, not %s', coalesce(window_days::text, 'null'));
  END IF;
  IF report = 'usage_trend' THEN
    PERFORM @extschema@.usage_check_choice('metric'::text, metric, '{events,work_seconds,tasks_created,tasks_completed}'::text[]);
  END IF;
  IF own OR metric <> 'events' THEN
    PERFORM @extschema@.usage_check_choice('segment'::text, segment, '{plan_tier,region,account_id,role,country}'::text[], CASE WHEN NOT own THEN 'for this metric' END);
  ELSE
    PERFORM @extschema@.usage_check_choice('segment'::text, segment, '{plan_tier,region,account_id,role,country,source,event_category,event_name}'::text[]);
  END IF;
  PERFORM @extschema@.usage_check_filter(event, category, segment);

  range := @extschema@.usage_report_range(from_date, to_date, period);
  first_start := range.first_start;
  last_start := range.last_start;
  today := range.today;
  start_before := CASE WHEN own OR metric IS NOT NULL THEN @extschema@.usage_next_period(first_start, period, -1) ELSE first_start END;
  figures := @extschema@.usage_figures_query(metric, period, window_days, segment, event, category, account_id, own,
                                            start_before, @extschema@.usage_next_period(last_start, period) - 1);
  query := figures.query;
  accounts := figures.accounts;
  source := figures.source;
  window_length := figures.window_length;
  -- Who is dormant was active in the period before all.
  IF own THEN
    first_start := start_before;
  END IF;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_report_source(text, text, date, date, text, integer, text, text, text, uuid) IS
  'What usage_figures() is to add up for active_users(), rolling_active_users(), lifecycle() or usage_trend(), whose arguments these are, from which period to which, null where there is none, from one more for lifecycle(), and today; errors for arguments that are not there, go together or run forward (22023, 22004, 22008); part of the reports';

CREATE FUNCTION @extschema@.active_users(
  from_date  date,
  to_date    date,
  period     text DEFAULT 'day',
  segment    text DEFAULT NULL,
  event      text DEFAULT NULL,
  category   text DEFAULT NULL,
  account_id uuid DEFAULT NULL
)
RETURNS TABLE (
  period_start  date,
  segment_value text,
  active_users  bigint,
  new_users     bigint,
  is_complete   boolean
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $function$
  SELECT figures.period_start,
         figures.segment_value,
         figures.active,
         figures.arrived,
         figures.is_complete
    FROM @extschema@.usage_report_source('active_users'::pg_catalog.text, NULL::pg_catalog.text, active_users.from_date, active_users.to_date, active_users.period, NULL::pg_catalog.int4, active_users.segment, active_users.event, active_users.category, active_users.account_id) AS source
   CROSS JOIN LATERAL @extschema@.usage_figures(source.query, active_users.period, source.first_start, source.last_start, source.today, active_users.segment IS NULL, source.accounts, source.source, source.window_length) AS figures
$function$;

COMMENT ON FUNCTION @extschema@.active_users(date, date, text, text, text, text, uuid) IS
  'Active users by period (day, week, month, quarter), for every period of the series that has a day from from_date to to_date: users with at least one event, one of that name, or one of that category, under the account if one is given, and those of them who had none before; by segment (plan_tier, region, account_id, role, country, source, event_category, event_name), for those that have any';

CREATE FUNCTION @extschema@.rolling_active_users(
  from_date   date,
  to_date     date,
  window_days integer,
  segment     text DEFAULT NULL,
  event       text DEFAULT NULL,
  category    text DEFAULT NULL,
  account_id  uuid DEFAULT NULL
)
RETURNS TABLE (
  activity_date date,
  segment_value text,
  active_users  bigint,
  is_complete   boolean
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $function$
  SELECT figures.period_start,
         figures.segment_value,
         figures.active,
         figures.is_complete
    FROM @extschema@.usage_report_source('rolling_active_users'::pg_catalog.text, NULL::pg_catalog.text, rolling_active_users.from_date, rolling_active_users.to_date, 'day'::pg_catalog.text, rolling_active_users.window_days, rolling_active_users.segment, rolling_active_users.event, rolling_active_users.category, rolling_active_users.account_id) AS source
   CROSS JOIN LATERAL @extschema@.usage_figures(source.query, 'day'::pg_catalog.text, source.first_start, source.last_start, source.today, rolling_active_users.segment IS NULL, source.accounts, source.source, source.window_length) AS figures
$function$;

COMMENT ON FUNCTION @extschema@.rolling_active_users(date, date, integer, text, text, text, uuid) IS
  'Users active in the 1 to 366 days that end with each day; filters and segments as for active_users()';

CREATE FUNCTION @extschema@.stickiness(
  from_date  date,
  to_date    date,
  period     text DEFAULT 'week',
  segment    text DEFAULT NULL,
  event      text DEFAULT NULL,
  category   text DEFAULT NULL,
  account_id uuid DEFAULT NULL
)
RETURNS TABLE (
  period_start  date,
  segment_value text,
  active_days   integer,
  users         bigint,
  share         numeric,
  is_complete   boolean
)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET jit = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
DECLARE
  range record;
BEGIN
  PERFORM @extschema@.usage_check_choice('segment'::text, segment, '{plan_tier,region,account_id,role,country,source,event_category,event_name}'::text[]);
  PERFORM @extschema@.usage_check_filter(event, category, segment);
  range := @extschema@.usage_report_range(from_date, to_date, period);
  RETURN QUERY
  SELECT counted.period_start,
         counted.segment_value,
         counted.active_days,
         counted.users,
         round(counted.users::numeric / nullif(counted.active_users, 0), 4),
         counted.is_complete
    FROM @extschema@.usage_stickiness_counts(
           @extschema@.usage_days_source(segment, event, category, stickiness.account_id, false),
           period, range.first_start, range.last_start, range.today, segment IS NULL) AS counted;
END
$function$;

COMMENT ON FUNCTION @extschema@.stickiness(date, date, text, text, text, text, uuid) IS
  'Users by the number of days on which they were active in each period, from 1 to the days it has, and their share of the users active in it; periods, filters and segments as for active_users()';

CREATE FUNCTION @extschema@.lifecycle(
  from_date  date,
  to_date    date,
  period     text DEFAULT 'week',
  segment    text DEFAULT NULL,
  event      text DEFAULT NULL,
  category   text DEFAULT NULL,
  account_id uuid DEFAULT NULL
)
RETURNS TABLE (
  period_start      date,
  segment_value     text,
  new_users         bigint,
  returning_users   bigint,
  resurrected_users bigint,
  dormant_users     bigint,
  is_complete       boolean
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $function$
  SELECT figures.period_start,
         figures.segment_value,
         figures.arrived,
         figures.returned,
         figures.active OPERATOR(pg_catalog.-) figures.arrived OPERATOR(pg_catalog.-) figures.returned,
         figures.active_before OPERATOR(pg_catalog.-) figures.returned,
         figures.is_complete
    -- Segments are there as well that have been active in the period before all.
    FROM @extschema@.usage_report_source('lifecycle'::pg_catalog.text, NULL::pg_catalog.text, lifecycle.from_date, lifecycle.to_date, lifecycle.period, NULL::pg_catalog.int4, lifecycle.segment, lifecycle.event, lifecycle.category, lifecycle.account_id) AS source
   CROSS JOIN LATERAL @extschema@.usage_figures(source.query, lifecycle.period, source.first_start, source.last_start, source.today, lifecycle.segment IS NULL, source.accounts, source.source, source.window_length) AS figures
   WHERE figures.period_start OPERATOR(pg_catalog.>) source.first_start
$function$;

COMMENT ON FUNCTION @extschema@.lifecycle(date, date, text, text, text, text, uuid) IS
  'Growth accounting by period: users active for the first time; in this period and the one before; in this one, not in the one before, and not new; in the one before, not in this one; of all events, or of those of a name or a category; segments (plan_tier, region, account_id, role, country) and the account are the users'' own of today';

CREATE FUNCTION @extschema@.retention_report(
  cohort_from  date,
  cohort_to    date,
  period       text DEFAULT 'week',
  kind         text DEFAULT 'n_period',
  start_event  text DEFAULT NULL,
  return_event text DEFAULT NULL,
  segment      text DEFAULT NULL,
  account_id   uuid DEFAULT NULL
)
RETURNS TABLE (
  segment_value  text,
  cohort_start   date,
  period_number  integer,
  cohort_size    bigint,
  retained_users bigint,
  retention_rate numeric,
  is_complete    boolean
)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET jit = off
SET DateStyle = 'ISO'
AS $function$
#variable_conflict use_column
DECLARE
  one_account CONSTANT uuid := retention_report.account_id;
  range record;
  as_of_start date;
  source @extschema@.usage_days_source;
BEGIN
  PERFORM @extschema@.usage_check_choice('kind'::text, kind, '{n_period,unbounded}'::text[]);
  PERFORM @extschema@.usage_check_choice('segment'::text, segment, '{plan_tier,region,account_id,role,country}'::text[]);
  range := @extschema@.usage_report_range(cohort_from, cohort_to, period);
  as_of_start := @extschema@.usage_period_start(range.as_of, period, range.week_start);

  IF period = 'week' AND kind = 'n_period' AND coalesce(start_event, return_event, segment, one_account::text) IS NULL THEN
    -- The second level has the weekly cohorts of everybody.
    RETURN QUERY EXECUTE format($query$
      SELECT NULL::text,
             cohort.cohort_start,
             (since.period_start - cohort.cohort_start) / 7,
             cohort.cohort_size,
             retained.users,
             round(retained.users::numeric / cohort.cohort_size, 4),
             since.next_start <= $4
        FROM (SELECT part.label::date AS cohort_start,
                     @extschema@.value_on(part.users, part.label::date) AS cohort_size,
                     part.users
                FROM (SELECT part.label, @extschema@.by_week(part.series OPERATOR(@extschema@.*) daterange(NULL, $4, '[]'), $1) AS users
                        FROM (%s) AS total
                       CROSS JOIN LATERAL @extschema@.each(total.cohorts) AS part (label, series)) AS part
              OFFSET 0) AS cohort
       CROSS JOIN LATERAL @extschema@.usage_periods(cohort.cohort_start, $5, 'week'::text) AS since
       CROSS JOIN LATERAL (SELECT coalesce(@extschema@.value_on(cohort.users, since.period_start), 0) AS users) AS retained
       WHERE cohort.cohort_start BETWEEN $2 AND $3 AND cohort.cohort_size > 0
       ORDER BY cohort.cohort_start, since.period_start $query$,
      @extschema@.usage_sums_query('@extschema@.sum(cohorts) AS cohorts'::text, 'cohorts'::text, '{cohorts}'::text[], NULL::text, NULL::uuid, range.first_start, range.today))
    USING range.week_start, range.first_start, range.last_start, range.today, as_of_start;
    RETURN;
  END IF;

  source := @extschema@.usage_days_source(segment, start_event, NULL::text, one_account, true);
  IF start_event IS NOT DISTINCT FROM return_event THEN
    NULL;
  ELSIF return_event IS NOT NULL AND (@extschema@.usage_days_source(NULL::text, return_event, NULL::text, one_account, true)).settled THEN
    source.back_events := ARRAY[return_event];
  ELSE
    source := NULL;
    source.query := format('SELECT started.segment_value, started.user_id, started.days, back.days AS back FROM (%s) AS started LEFT JOIN (%s) AS back ON back.user_id = started.user_id',
      @extschema@.usage_days_query(segment, start_event, NULL::text, one_account, true),
      @extschema@.usage_days_query(NULL::text, return_event, NULL::text, one_account, true));
  END IF;
  RETURN QUERY
  SELECT counted.segment_value,
         counted.cohort_start,
         counted.period_number,
         counted.cohort_size,
         counted.retained_users,
         round(counted.retained_users::numeric / counted.cohort_size, 4),
         counted.is_complete
    FROM @extschema@.usage_retention_counts(source, period, kind = 'unbounded', range.first_start, range.last_start, as_of_start, range.today) AS counted;
END
$function$;

COMMENT ON FUNCTION @extschema@.retention_report(date, date, text, text, text, text, text, uuid) IS
  'Retention of the users whose first start_event ever (any event by default) was in a period (day, week, month, quarter) that has a day from cohort_from to cohort_to: how many had a return_event (any by default) in each period from that one, number 0, to the as-of period, or, where kind is unbounded rather than n_period, in it or a later one; segments (plan_tier, region, account_id, role, country) and the account are the users'' own of today';

CREATE FUNCTION @extschema@.usage_report_day(day date)
RETURNS date
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  range record;
BEGIN
  IF NOT isfinite(day) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'datetime_field_overflow',
      MESSAGE = 'the day of a report must be finite';
  END IF;
  range := @extschema@.usage_report_range('0001-01-01'::date, '0001-01-01'::date, 'day'::text);
  RETURN least(coalesce(day, range.as_of), range.today);
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_report_day(date) IS
  'The day that a report is as of: the one given, not later than today, or the as-of day where it is null; an error (22008) where it is infinite; part of the reports';

CREATE FUNCTION @extschema@.streaks(as_of date DEFAULT NULL, account_id uuid DEFAULT NULL)
RETURNS TABLE (
  user_id          uuid,
  current_streak   integer,
  longest_streak   integer,
  active_days      integer,
  first_active_day date,
  last_active_day  date
)
LANGUAGE c STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET jit = off
SET DateStyle = 'ISO'
SET work_mem = '64MB'
AS 'MODULE_PATHNAME', 'streaks';

COMMENT ON FUNCTION @extschema@.streaks(date, uuid) IS
  'Of each user active on a day or before (the as-of day unless given): days in a row up to that day, or, where that is today, up to yesterday if that is more; the most days in a row ever, days, first and last day until then; of an account''s own users if one is given';

CREATE FUNCTION @extschema@.power_users(as_of date DEFAULT NULL, least_days integer DEFAULT 20, account_id uuid DEFAULT NULL)
RETURNS TABLE (
  user_id         uuid,
  account_name    text,
  role            text,
  active_days     integer,
  last_active_day date
)
LANGUAGE c STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET jit = off
SET DateStyle = 'ISO'
AS 'MODULE_PATHNAME', 'power_users';

COMMENT ON FUNCTION @extschema@.power_users(date, integer, uuid) IS
  'Users active on at least so many (1 to 28) of the 28 days that end with a day, the as-of day unless given, with their account and role of today, most active first; of an account''s own users if one is given';

CREATE FUNCTION @extschema@.usage_trend(
  metric     text,
  from_date  date,
  to_date    date,
  period     text DEFAULT 'day',
  segment    text DEFAULT NULL,
  account_id uuid DEFAULT NULL
)
RETURNS TABLE (
  period_start          date,
  segment_value         text,
  value                 bigint,
  active_users          bigint,
  value_per_active_user numeric,
  previous_value        bigint,
  change                numeric,
  is_complete           boolean
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $function$
  SELECT figures.period_start,
         figures.segment_value,
         figures.value,
         figures.active,
         CASE
           WHEN figures.active OPERATOR(pg_catalog.<>) 0
             THEN pg_catalog.round(figures.value::pg_catalog.numeric OPERATOR(pg_catalog./) figures.active::pg_catalog.numeric, 4)
         END,
         figures.value_before,
         CASE
           WHEN figures.value_before OPERATOR(pg_catalog.<>) 0
             THEN pg_catalog.round((figures.value OPERATOR(pg_catalog.-) figures.value_before)::pg_catalog.numeric OPERATOR(pg_catalog./) figures.value_before::pg_catalog.numeric, 4)
         END,
         figures.is_complete
    FROM @extschema@.usage_report_source('usage_trend'::pg_catalog.text, usage_trend.metric, usage_trend.from_date, usage_trend.to_date, usage_trend.period, NULL::pg_catalog.int4, usage_trend.segment, NULL::pg_catalog.text, NULL::pg_catalog.text, usage_trend.account_id) AS source
   CROSS JOIN LATERAL @extschema@.usage_figures(source.query, usage_trend.period, source.first_start, source.last_start, source.today, usage_trend.segment IS NULL, source.accounts, source.source, source.window_length) AS figures
$function$;

COMMENT ON FUNCTION @extschema@.usage_trend(text, date, date, text, text, uuid) IS
  'A metric (events, work_seconds, tasks_created, tasks_completed) by period, the users active in it, the metric for each of them, the metric of the period before, and the change as a share of that, null where that is 0; periods and segments as for active_users(), the last three of them for events only';

-- sql/library/security.sql

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

CREATE FUNCTION @extschema@.usage_model_script(
  OUT step integer,
  OUT topic text,
  OUT statement text
)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $script$
SELECT * FROM (VALUES
(1, 'tables', $statement$CREATE TABLE @extschema@.dim_account (
  account_id   uuid NOT NULL,
  account_name text,
  plan_tier    text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  region       text,
  is_active    boolean NOT NULL DEFAULT true
)$statement$),
(2, 'tables', $statement$ALTER TABLE @extschema@.dim_account ADD CONSTRAINT dim_account_pkey PRIMARY KEY (account_id)$statement$),
(3, 'tables', $statement$COMMENT ON TABLE @extschema@.dim_account IS 'Customers, a row each'$statement$),
(4, 'tables', $statement$COMMENT ON COLUMN @extschema@.dim_account.account_id IS 'Key of the account'$statement$),
(5, 'tables', $statement$COMMENT ON COLUMN @extschema@.dim_account.account_name IS 'Name to show'$statement$),
(6, 'tables', $statement$COMMENT ON COLUMN @extschema@.dim_account.plan_tier IS 'Plan the account is on today, such as free, pro or enterprise'$statement$),
(7, 'tables', $statement$COMMENT ON COLUMN @extschema@.dim_account.created_at IS 'When the account came to be'$statement$),
(8, 'tables', $statement$COMMENT ON COLUMN @extschema@.dim_account.region IS 'Sales region'$statement$),
(9, 'tables', $statement$COMMENT ON COLUMN @extschema@.dim_account.is_active IS 'Whether the account is a customer today'$statement$),
(10, 'tables', $statement$CREATE TABLE @extschema@.dim_user (
  user_id        uuid NOT NULL,
  account_id     uuid NOT NULL,
  role           text NOT NULL,
  country        text,
  created_at     timestamptz NOT NULL DEFAULT now(),
  activated_at   timestamptz,
  is_active      boolean NOT NULL DEFAULT true,
  deactivated_at timestamptz
)$statement$),
(11, 'tables', $statement$ALTER TABLE @extschema@.dim_user ADD CONSTRAINT dim_user_pkey PRIMARY KEY (user_id)$statement$),
(12, 'tables', $statement$ALTER TABLE @extschema@.dim_user ADD CONSTRAINT dim_user_account_id_fkey FOREIGN KEY (account_id) REFERENCES @extschema@.dim_account (account_id)$statement$),
(13, 'tables', $statement$ALTER TABLE @extschema@.dim_user ADD CONSTRAINT dim_user_activated_at_check CHECK (activated_at >= created_at)$statement$),
(14, 'tables', $statement$ALTER TABLE @extschema@.dim_user ADD CONSTRAINT dim_user_deactivated_at_check CHECK (deactivated_at >= created_at)$statement$),
(15, 'tables', $statement$ALTER TABLE @extschema@.dim_user ADD CONSTRAINT dim_user_is_active_check CHECK (NOT is_active OR deactivated_at IS NULL)$statement$),
(16, 'tables', $statement$CREATE INDEX dim_user_account_id_idx ON @extschema@.dim_user (account_id)$statement$),
(17, 'tables', $statement$COMMENT ON TABLE @extschema@.dim_user IS 'Users, a row each'$statement$),
(18, 'tables', $statement$COMMENT ON COLUMN @extschema@.dim_user.user_id IS 'Key of the user'$statement$),
(19, 'tables', $statement$COMMENT ON COLUMN @extschema@.dim_user.account_id IS 'Account the user belongs to today'$statement$),
(20, 'tables', $statement$COMMENT ON COLUMN @extschema@.dim_user.role IS 'Role in the account, such as member, manager or admin'$statement$),
(21, 'tables', $statement$COMMENT ON COLUMN @extschema@.dim_user.country IS 'Country of the user'$statement$),
(22, 'tables', $statement$COMMENT ON COLUMN @extschema@.dim_user.created_at IS 'When the user was invited or signed up'$statement$),
(23, 'tables', $statement$COMMENT ON COLUMN @extschema@.dim_user.activated_at IS 'When the user first accepted; null where that has not happened'$statement$),
(24, 'tables', $statement$COMMENT ON COLUMN @extschema@.dim_user.is_active IS 'Whether the user holds a seat today'$statement$),
(25, 'tables', $statement$COMMENT ON COLUMN @extschema@.dim_user.deactivated_at IS 'When the seat was given up'$statement$),
(26, 'tables', $statement$CREATE TABLE @extschema@.fct_event (
  event_id         uuid NOT NULL DEFAULT @extschema@.new_event_id(),
  user_id          uuid NOT NULL,
  account_id       uuid NOT NULL,
  task_id          uuid,
  event_ts         timestamptz NOT NULL,
  ingested_at      timestamptz NOT NULL DEFAULT now(),
  duration_seconds integer,
  event_name       text NOT NULL,
  source           text
)$statement$),
(27, 'tables', $statement$ALTER TABLE @extschema@.fct_event ADD CONSTRAINT fct_event_pkey PRIMARY KEY (event_id)$statement$),
(28, 'tables', $statement$ALTER TABLE @extschema@.fct_event ADD CONSTRAINT fct_event_user_id_fkey FOREIGN KEY (user_id) REFERENCES @extschema@.dim_user (user_id)$statement$),
(29, 'tables', $statement$ALTER TABLE @extschema@.fct_event ADD CONSTRAINT fct_event_account_id_fkey FOREIGN KEY (account_id) REFERENCES @extschema@.dim_account (account_id)$statement$),
(30, 'tables', $statement$ALTER TABLE @extschema@.fct_event ADD CONSTRAINT fct_event_event_name_check CHECK (octet_length(event_name) BETWEEN 1 AND 200)$statement$),
(31, 'tables', $statement$ALTER TABLE @extschema@.fct_event ADD CONSTRAINT fct_event_event_ts_check CHECK (isfinite(event_ts))$statement$),
(32, 'tables', $statement$ALTER TABLE @extschema@.fct_event ADD CONSTRAINT fct_event_ingested_at_check CHECK (isfinite(ingested_at))$statement$),
(33, 'tables', $statement$ALTER TABLE @extschema@.fct_event ADD CONSTRAINT fct_event_duration_seconds_check CHECK (duration_seconds >= 0)$statement$),
(34, 'tables', $statement$ALTER TABLE @extschema@.fct_event ADD CONSTRAINT fct_event_source_check CHECK (source IN ('desktop', 'web', 'mobile', 'api'))$statement$),
(35, 'tables', $statement$CREATE INDEX fct_event_user_id_event_ts_idx ON @extschema@.fct_event (user_id, event_ts) INCLUDE (event_name)$statement$),
(36, 'tables', $statement$CREATE INDEX fct_event_account_id_event_ts_idx ON @extschema@.fct_event (account_id, event_ts)$statement$),
(37, 'tables', $statement$CREATE INDEX fct_event_event_ts_idx ON @extschema@.fct_event (event_ts)$statement$),
(38, 'tables', $statement$CREATE INDEX fct_event_ingested_at_idx ON @extschema@.fct_event (ingested_at)$statement$),
(39, 'tables', $statement$COMMENT ON TABLE @extschema@.fct_event IS 'Events, a row each, never summarised: the single source of truth'$statement$),
(40, 'tables', $statement$COMMENT ON COLUMN @extschema@.fct_event.event_id IS 'Key of the event, made by the client, so that a retried insert is recognised'$statement$),
(41, 'tables', $statement$COMMENT ON COLUMN @extschema@.fct_event.user_id IS 'User who did it'$statement$),
(42, 'tables', $statement$COMMENT ON COLUMN @extschema@.fct_event.account_id IS 'Account of the user at the time, which the user may have left since'$statement$),
(43, 'tables', $statement$COMMENT ON COLUMN @extschema@.fct_event.task_id IS 'Task it was about, if any'$statement$),
(44, 'tables', $statement$COMMENT ON COLUMN @extschema@.fct_event.event_ts IS 'When it happened; metrics go by this'$statement$),
(45, 'tables', $statement$COMMENT ON COLUMN @extschema@.fct_event.ingested_at IS 'When it arrived; freshness and late data go by this'$statement$),
(46, 'tables', $statement$COMMENT ON COLUMN @extschema@.fct_event.duration_seconds IS 'Seconds of work; session time is that of timer_stop events and of no others'$statement$),
(47, 'tables', $statement$COMMENT ON COLUMN @extschema@.fct_event.event_name IS 'What was done; event_taxonomy gives its category'$statement$),
(48, 'tables', $statement$COMMENT ON COLUMN @extschema@.fct_event.source IS 'Client it came from: desktop, web, mobile or api; null where unknown'$statement$),
(49, 'tables', $statement$CREATE TABLE @extschema@.event_taxonomy (
  event_name     text NOT NULL,
  event_category text NOT NULL
)$statement$),
(50, 'tables', $statement$ALTER TABLE @extschema@.event_taxonomy ADD CONSTRAINT event_taxonomy_pkey PRIMARY KEY (event_name)$statement$),
(51, 'tables', $statement$COMMENT ON TABLE @extschema@.event_taxonomy IS 'Category of each known event name; add rows for events of your own'$statement$),
(52, 'tables', $statement$COMMENT ON COLUMN @extschema@.event_taxonomy.event_name IS 'Name as in fct_event'$statement$),
(53, 'tables', $statement$COMMENT ON COLUMN @extschema@.event_taxonomy.event_category IS 'engagement, work_session, output, or a category of your own'$statement$),
(54, 'tables', $statement$CREATE TABLE @extschema@.usage_settings (
  time_zone     text NOT NULL DEFAULT 'UTC',
  week_start    integer NOT NULL DEFAULT 1,
  model_version text NOT NULL,
  singleton     boolean NOT NULL DEFAULT true
)$statement$),
(55, 'tables', $statement$ALTER TABLE @extschema@.usage_settings ADD CONSTRAINT usage_settings_pkey PRIMARY KEY (singleton)$statement$),
(56, 'tables', $statement$ALTER TABLE @extschema@.usage_settings ADD CONSTRAINT usage_settings_singleton_check CHECK (singleton)$statement$),
(57, 'tables', $statement$ALTER TABLE @extschema@.usage_settings ADD CONSTRAINT usage_settings_week_start_check CHECK (week_start BETWEEN 1 AND 7)$statement$),
(58, 'tables', $statement$COMMENT ON TABLE @extschema@.usage_settings IS 'Settings of the model, one row; change them with set_usage_time_zone() and set_usage_week_start()'$statement$),
(59, 'tables', $statement$COMMENT ON COLUMN @extschema@.usage_settings.time_zone IS 'Reporting time zone: where a day begins and ends, for every metric'$statement$),
(60, 'tables', $statement$COMMENT ON COLUMN @extschema@.usage_settings.week_start IS 'First day of a week: 1 Monday to 7 Sunday'$statement$),
(61, 'tables', $statement$COMMENT ON COLUMN @extschema@.usage_settings.model_version IS 'Version of the library that made the model'$statement$),
(62, 'tables', $statement$COMMENT ON COLUMN @extschema@.usage_settings.singleton IS 'Always true: there is one row'$statement$),
(63, 'tables', $statement$INSERT INTO @extschema@.event_taxonomy (event_name, event_category) VALUES
  ('app_open', 'engagement'),
  ('dashboard_view', 'engagement'),
  ('timer_start', 'work_session'),
  ('timer_stop', 'work_session'),
  ('idle_detected', 'work_session'),
  ('manual_time_added', 'work_session'),
  ('task_created', 'output'),
  ('task_completed', 'output')
ON CONFLICT (event_name) DO NOTHING$statement$),
(64, 'tables', $statement$INSERT INTO @extschema@.usage_settings (model_version)
VALUES (@extschema@.usage_library_version())
ON CONFLICT (singleton) DO UPDATE SET model_version = excluded.model_version$statement$),
(65, 'rollups', $statement$CREATE TABLE @extschema@.usage_rollup (
  account_id uuid NOT NULL,
  user_id    uuid NOT NULL,
  month      date NOT NULL,
  events     @extschema@.dayseries_map NOT NULL,
  seconds    @extschema@.dayseries_map NOT NULL,
  sources    @extschema@.dayseries_map NOT NULL
) WITH (fillfactor = 90)$statement$),
(66, 'rollups', $statement$ALTER TABLE @extschema@.usage_rollup ADD CONSTRAINT usage_rollup_pkey PRIMARY KEY (account_id, user_id, month)$statement$),
(67, 'rollups', $statement$COMMENT ON TABLE @extschema@.usage_rollup IS 'Settled sums of events: a row per account, user and month; derived, not to be written by hand'$statement$),
(68, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_rollup.account_id IS 'Account of the events'$statement$),
(69, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_rollup.user_id IS 'User of the events'$statement$),
(70, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_rollup.month IS 'First day of the month'$statement$),
(71, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_rollup.events IS 'Number of events a day, by event name'$statement$),
(72, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_rollup.seconds IS 'Seconds of duration a day, by event name'$statement$),
(73, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_rollup.sources IS 'Number of events a day, by source; unknown where that is null'$statement$),
(74, 'rollups', $statement$CREATE TABLE @extschema@.user_activity (
  account_id uuid NOT NULL,
  user_id    uuid NOT NULL,
  days       @extschema@.dayset NOT NULL,
  shared     boolean NOT NULL DEFAULT false
) WITH (fillfactor = 90)$statement$),
(75, 'rollups', $statement$ALTER TABLE @extschema@.user_activity ADD CONSTRAINT user_activity_pkey PRIMARY KEY (account_id, user_id)$statement$),
(76, 'rollups', $statement$CREATE INDEX user_activity_user_id_idx ON @extschema@.user_activity (user_id)$statement$),
(77, 'rollups', $statement$CREATE INDEX user_activity_shared_idx ON @extschema@.user_activity (user_id) WHERE shared$statement$),
(78, 'rollups', $statement$COMMENT ON TABLE @extschema@.user_activity IS 'Settled days of activity: a row per account and user, for all time; derived, not to be written by hand'$statement$),
(79, 'rollups', $statement$COMMENT ON COLUMN @extschema@.user_activity.account_id IS 'Account of the events'$statement$),
(80, 'rollups', $statement$COMMENT ON COLUMN @extschema@.user_activity.user_id IS 'User of the events'$statement$),
(81, 'rollups', $statement$COMMENT ON COLUMN @extschema@.user_activity.days IS 'Days with at least one event'$statement$),
(82, 'rollups', $statement$COMMENT ON COLUMN @extschema@.user_activity.shared IS 'Whether the user has rows under several accounts'$statement$),
(83, 'rollups', $statement$CREATE TABLE @extschema@.account_rollup (
  account_id  uuid NOT NULL,
  month       date NOT NULL,
  dau         @extschema@.dayseries NOT NULL,
  wau         @extschema@.dayseries NOT NULL,
  active_28d  @extschema@.dayseries NOT NULL,
  mau         @extschema@.dayseries NOT NULL,
  weekly      @extschema@.dayseries NOT NULL,
  monthly     @extschema@.dayseries NOT NULL,
  quarterly   @extschema@.dayseries NOT NULL,
  lifecycle   @extschema@.dayseries_map NOT NULL,
  sources     @extschema@.dayseries_map NOT NULL,
  seconds     @extschema@.dayseries_map NOT NULL,
  events      @extschema@.dayseries_map NOT NULL,
  event_users @extschema@.dayseries_map NOT NULL,
  cohorts     @extschema@.dayseries_map NOT NULL
) WITH (fillfactor = 70, toast_tuple_target = 8160)$statement$),
(84, 'rollups', $statement$ALTER TABLE @extschema@.account_rollup ADD CONSTRAINT account_rollup_pkey PRIMARY KEY (account_id, month)$statement$),
(85, 'rollups', $statement$COMMENT ON TABLE @extschema@.account_rollup IS 'Settled sums over the users of an account: a row per account and month; derived, not to be written by hand'$statement$),
(86, 'rollups', $statement$COMMENT ON COLUMN @extschema@.account_rollup.account_id IS 'Account of the events'$statement$),
(87, 'rollups', $statement$COMMENT ON COLUMN @extschema@.account_rollup.month IS 'First day of the month; each series holds what falls into it'$statement$),
(88, 'rollups', $statement$COMMENT ON COLUMN @extschema@.account_rollup.events IS 'Number of events a day, by event name'$statement$),
(89, 'rollups', $statement$COMMENT ON COLUMN @extschema@.account_rollup.seconds IS 'Seconds of duration a day, by event name'$statement$),
(90, 'rollups', $statement$COMMENT ON COLUMN @extschema@.account_rollup.sources IS 'Number of events a day, by source; unknown where that is null'$statement$),
(91, 'rollups', $statement$COMMENT ON COLUMN @extschema@.account_rollup.event_users IS 'Users with such an event a day, by event name'$statement$),
(92, 'rollups', $statement$COMMENT ON COLUMN @extschema@.account_rollup.dau IS 'Users active on each day'$statement$),
(93, 'rollups', $statement$COMMENT ON COLUMN @extschema@.account_rollup.wau IS 'Users active in the 7 days that end with each day'$statement$),
(94, 'rollups', $statement$COMMENT ON COLUMN @extschema@.account_rollup.active_28d IS 'Users active in the 28 days that end with each day'$statement$),
(95, 'rollups', $statement$COMMENT ON COLUMN @extschema@.account_rollup.mau IS 'Users active in the 30 days that end with each day'$statement$),
(96, 'rollups', $statement$COMMENT ON COLUMN @extschema@.account_rollup.weekly IS 'Users whose first active day of a week is that day: added up by week, the users active in it'$statement$),
(97, 'rollups', $statement$COMMENT ON COLUMN @extschema@.account_rollup.monthly IS 'Users whose first active day of a month is that day'$statement$),
(98, 'rollups', $statement$COMMENT ON COLUMN @extschema@.account_rollup.quarterly IS 'Users whose first active day of a quarter is that day'$statement$),
(99, 'rollups', $statement$COMMENT ON COLUMN @extschema@.account_rollup.lifecycle IS 'Of these, the users who are new, under their first active day of all, and who return, having been active in the period before: by day, week, month and quarter'$statement$),
(100, 'rollups', $statement$COMMENT ON COLUMN @extschema@.account_rollup.cohorts IS 'As weekly, by the users'' first active week'$statement$),
(101, 'rollups', $statement$CREATE TABLE @extschema@.usage_totals (
  month       date NOT NULL,
  events      @extschema@.dayseries_map NOT NULL,
  seconds     @extschema@.dayseries_map NOT NULL,
  sources     @extschema@.dayseries_map NOT NULL,
  lags        @extschema@.dayseries_map NOT NULL,
  event_users @extschema@.dayseries_map NOT NULL,
  dau         @extschema@.dayseries NOT NULL,
  wau         @extschema@.dayseries NOT NULL,
  active_28d  @extschema@.dayseries NOT NULL,
  mau         @extschema@.dayseries NOT NULL,
  weekly      @extschema@.dayseries NOT NULL,
  monthly     @extschema@.dayseries NOT NULL,
  quarterly   @extschema@.dayseries NOT NULL,
  lifecycle   @extschema@.dayseries_map NOT NULL,
  cohorts     @extschema@.dayseries_map NOT NULL
) WITH (fillfactor = 70, toast_tuple_target = 8160)$statement$),
(102, 'rollups', $statement$ALTER TABLE @extschema@.usage_totals ADD CONSTRAINT usage_totals_pkey PRIMARY KEY (month)$statement$),
(103, 'rollups', $statement$ALTER TABLE @extschema@.usage_totals ALTER lags SET STORAGE EXTERNAL$statement$),
(104, 'rollups', $statement$COMMENT ON TABLE @extschema@.usage_totals IS 'Settled sums over all users, each counted once: a row a month; derived, not to be written by hand'$statement$),
(105, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_totals.month IS 'First day of the month; each series holds what falls into it'$statement$),
(106, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_totals.events IS 'Number of events a day, by event name'$statement$),
(107, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_totals.seconds IS 'Seconds of duration a day, by event name'$statement$),
(108, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_totals.sources IS 'Number of events a day, by source; unknown where that is null'$statement$),
(109, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_totals.lags IS 'Number of events a day, by source and lag from happening to arriving: the label is the source, a space and the number of the lag''s bucket, see lag_bucket()'$statement$),
(110, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_totals.event_users IS 'Users with such an event a day, by event name'$statement$),
(111, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_totals.dau IS 'Users active on each day'$statement$),
(112, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_totals.wau IS 'Users active in the 7 days that end with each day'$statement$),
(113, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_totals.active_28d IS 'Users active in the 28 days that end with each day'$statement$),
(114, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_totals.mau IS 'Users active in the 30 days that end with each day'$statement$),
(115, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_totals.weekly IS 'Users whose first active day of a week is that day: added up by week, the users active in it'$statement$),
(116, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_totals.monthly IS 'Users whose first active day of a month is that day'$statement$),
(117, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_totals.quarterly IS 'Users whose first active day of a quarter is that day'$statement$),
(118, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_totals.lifecycle IS 'Of these, the users who are new, under their first active day of all, and who return, having been active in the period before: by day, week, month and quarter'$statement$),
(119, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_totals.cohorts IS 'As weekly, by the users'' first active week'$statement$),
(120, 'rollups', $statement$CREATE TABLE @extschema@.usage_pending (
  account_id uuid NOT NULL,
  user_id    uuid NOT NULL,
  month      date NOT NULL,
  events     @extschema@.dayseries_map NOT NULL,
  seconds    @extschema@.dayseries_map NOT NULL,
  sources    @extschema@.dayseries_map NOT NULL,
  lags       @extschema@.dayseries_map NOT NULL
)$statement$),
(121, 'rollups', $statement$ALTER TABLE @extschema@.usage_pending REPLICA IDENTITY FULL$statement$),
(122, 'rollups', $statement$ALTER TABLE @extschema@.usage_pending SET (
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_cost_delay = 0,
  autovacuum_analyze_threshold = 1000,
  autovacuum_analyze_scale_factor = 0)$statement$),
(123, 'rollups', $statement$COMMENT ON TABLE @extschema@.usage_pending IS 'Changes not yet folded into the rollups, signed, appended by each statement on fct_event; derived, not to be written by hand'$statement$),
(124, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_pending.account_id IS 'Account of the events'$statement$),
(125, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_pending.user_id IS 'User of the events'$statement$),
(126, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_pending.month IS 'First day of the month'$statement$),
(127, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_pending.events IS 'Change of usage_rollup.events'$statement$),
(128, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_pending.seconds IS 'Change of usage_rollup.seconds'$statement$),
(129, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_pending.sources IS 'Change of usage_rollup.sources'$statement$),
(130, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_pending.lags IS 'Change of usage_totals.lags'$statement$),
(131, 'rollups', $statement$CREATE TABLE @extschema@.usage_strays (
  user_id uuid NOT NULL
)$statement$),
(132, 'rollups', $statement$ALTER TABLE @extschema@.usage_strays REPLICA IDENTITY FULL$statement$),
(133, 'rollups', $statement$COMMENT ON TABLE @extschema@.usage_strays IS 'Users who may have settled activity under another account than today''s, or be gone from dim_user: all of these, and maybe others, each once or more; derived, not to be written by hand'$statement$),
(134, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_strays.user_id IS 'User with a row in user_activity that may not be under the account in dim_user'$statement$),
(135, 'rollups', $statement$CREATE TABLE @extschema@.usage_rollup_state (
  purged_before date,
  last_fold_at  timestamptz,
  last_rows     bigint,
  last_error    text,
  last_error_at timestamptz,
  singleton     boolean NOT NULL DEFAULT true
)$statement$),
(136, 'rollups', $statement$ALTER TABLE @extschema@.usage_rollup_state ADD CONSTRAINT usage_rollup_state_pkey PRIMARY KEY (singleton)$statement$),
(137, 'rollups', $statement$ALTER TABLE @extschema@.usage_rollup_state ADD CONSTRAINT usage_rollup_state_singleton_check CHECK (singleton)$statement$),
(138, 'rollups', $statement$INSERT INTO @extschema@.usage_rollup_state DEFAULT VALUES$statement$),
(139, 'rollups', $statement$COMMENT ON TABLE @extschema@.usage_rollup_state IS 'State of the rollups, one row; usage_status shows it'$statement$),
(140, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_rollup_state.purged_before IS 'Raw events of days before this were purged; null where none were'$statement$),
(141, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_rollup_state.last_fold_at IS 'When the last fold committed'$statement$),
(142, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_rollup_state.last_rows IS 'Number of pending rows that it folded'$statement$),
(143, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_rollup_state.last_error IS 'Message of the last fold in the background that failed; null once one succeeds'$statement$),
(144, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_rollup_state.last_error_at IS 'When it failed'$statement$),
(145, 'rollups', $statement$COMMENT ON COLUMN @extschema@.usage_rollup_state.singleton IS 'Always true: there is one row'$statement$),
(146, 'rollups', $statement$CREATE OR REPLACE TRIGGER usage_capture_insert AFTER INSERT ON @extschema@.fct_event
REFERENCING NEW TABLE AS new_events FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.usage_capture()$statement$),
(147, 'rollups', $statement$CREATE OR REPLACE TRIGGER usage_capture_update AFTER UPDATE ON @extschema@.fct_event
REFERENCING OLD TABLE AS old_events NEW TABLE AS new_events FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.usage_capture()$statement$),
(148, 'rollups', $statement$CREATE OR REPLACE TRIGGER usage_capture_delete AFTER DELETE ON @extschema@.fct_event
REFERENCING OLD TABLE AS old_events FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.usage_capture()$statement$),
(149, 'rollups', $statement$CREATE OR REPLACE TRIGGER usage_capture_truncate AFTER TRUNCATE ON @extschema@.fct_event
FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.usage_capture()$statement$),
(150, 'rollups', $statement$CREATE OR REPLACE TRIGGER usage_capture_delete AFTER DELETE ON @extschema@.dim_user
REFERENCING OLD TABLE AS old_users FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.usage_capture_users()$statement$),
(151, 'rollups', $statement$CREATE OR REPLACE TRIGGER usage_capture_update AFTER UPDATE ON @extschema@.dim_user
FOR EACH ROW WHEN (OLD.user_id <> NEW.user_id) EXECUTE FUNCTION @extschema@.usage_capture_users()$statement$),
(152, 'rollups', $statement$CREATE OR REPLACE TRIGGER usage_capture_strays_update AFTER UPDATE ON @extschema@.dim_user
FOR EACH ROW WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id OR OLD.account_id IS DISTINCT FROM NEW.account_id)
EXECUTE FUNCTION @extschema@.usage_capture_strays()$statement$),
(153, 'rollups', $statement$CREATE OR REPLACE TRIGGER usage_capture_strays_delete AFTER DELETE ON @extschema@.dim_user
FOR EACH ROW EXECUTE FUNCTION @extschema@.usage_capture_strays()$statement$),
(154, 'rollups', $statement$CREATE OR REPLACE TRIGGER usage_capture_strays_truncate AFTER TRUNCATE ON @extschema@.dim_user
FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.usage_capture_strays()$statement$),
(155, 'live', $statement$CREATE VIEW @extschema@.usage_today WITH (security_invoker = true) AS
SELECT @extschema@.event_day(now()) AS today,
       daterange(NULL, @extschema@.event_day(now()), '[]') AS past,
       week_start
  FROM @extschema@.usage_settings$statement$),
(156, 'live', $statement$COMMENT ON VIEW @extschema@.usage_today IS 'Today in the reporting time zone, one row'$statement$),
(157, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_today.today IS 'Today'$statement$),
(158, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_today.past IS 'All days up to today, and today'$statement$),
(159, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_today.week_start IS 'First day of a week: 1 Monday to 7 Sunday'$statement$),
(160, 'live', $statement$CREATE VIEW @extschema@.usage_live_rollup WITH (security_invoker = true) AS
SELECT rollup.account_id,
       rollup.user_id,
       rollup.month,
       rollup.events,
       rollup.seconds,
       rollup.sources
  FROM @extschema@.usage_rollup AS rollup
 WHERE NOT EXISTS (SELECT
                     FROM @extschema@.usage_pending AS pending
                    WHERE pending.account_id = rollup.account_id
                      AND pending.user_id = rollup.user_id
                      AND pending.month = rollup.month)
UNION ALL
SELECT merged.account_id,
       merged.user_id,
       merged.month,
       merged.events,
       merged.seconds,
       merged.sources
  FROM (SELECT pending.account_id,
               pending.user_id,
               pending.month,
               coalesce(rollup.events OPERATOR(@extschema@.+) pending.events, pending.events) AS events,
               coalesce(rollup.seconds OPERATOR(@extschema@.+) pending.seconds, pending.seconds) AS seconds,
               coalesce(rollup.sources OPERATOR(@extschema@.+) pending.sources, pending.sources) AS sources
          FROM (SELECT account_id,
                       user_id,
                       month,
                       @extschema@.sum(events) AS events,
                       @extschema@.sum(seconds) AS seconds,
                       @extschema@.sum(sources) AS sources
                  FROM @extschema@.usage_pending
                 GROUP BY account_id, user_id, month) AS pending
          LEFT JOIN @extschema@.usage_rollup AS rollup
            ON rollup.account_id = pending.account_id
           AND rollup.user_id = pending.user_id
           AND rollup.month = pending.month) AS merged
 WHERE NOT (@extschema@.isempty(merged.events)
            AND @extschema@.isempty(merged.seconds)
            AND @extschema@.isempty(merged.sources))$statement$),
(161, 'live', $statement$COMMENT ON VIEW @extschema@.usage_live_rollup IS 'Sums of events as of the last commit: a row per account, user and month; usage_rollup and what is pending'$statement$),
(162, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_rollup.account_id IS 'Account of the events'$statement$),
(163, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_rollup.user_id IS 'User of the events'$statement$),
(164, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_rollup.month IS 'First day of the month'$statement$),
(165, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_rollup.events IS 'Number of events a day, by event name'$statement$),
(166, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_rollup.seconds IS 'Seconds of duration a day, by event name'$statement$),
(167, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_rollup.sources IS 'Number of events a day, by source; unknown where that is null'$statement$),
(168, 'live', $statement$CREATE VIEW @extschema@.usage_live_activity WITH (security_invoker = true) AS
WITH changed AS MATERIALIZED (
  SELECT account_id,
         user_id,
         days,
         place IS NULL AS is_new
    FROM @extschema@.usage_changes('{days}'::text[])
)
SELECT activity.account_id,
       activity.user_id,
       coalesce(changed.days, activity.days) AS days,
       activity.shared OR activity.user_id IN (SELECT user_id FROM changed WHERE is_new) AS shared
  FROM @extschema@.user_activity AS activity
  LEFT JOIN changed
    ON changed.account_id = activity.account_id
   AND changed.user_id = activity.user_id
 WHERE changed.days IS NULL OR NOT @extschema@.isempty(changed.days)
UNION ALL
SELECT account_id,
       user_id,
       days,
       true AS shared
  FROM changed
 WHERE is_new$statement$),
(169, 'live', $statement$COMMENT ON VIEW @extschema@.usage_live_activity IS 'Days of activity as of the last commit: a row per account and user; user_activity and what is pending'$statement$),
(170, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_activity.account_id IS 'Account of the events'$statement$),
(171, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_activity.user_id IS 'User of the events'$statement$),
(172, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_activity.days IS 'Days with at least one event'$statement$),
(173, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_activity.shared IS 'Whether the user may have rows under several accounts, to be merged where each user is to count once'$statement$),
(174, 'live', $statement$CREATE VIEW @extschema@.usage_live_user_days WITH (security_invoker = true) AS
WITH changed AS MATERIALIZED (
  SELECT account_id,
         user_id,
         days
    FROM @extschema@.usage_changes('{days}'::text[])
)
SELECT user_id,
       days OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today) AS days
  FROM @extschema@.user_activity
 WHERE NOT shared
   AND user_id NOT IN (SELECT user_id FROM changed)
UNION ALL
SELECT user_id,
       @extschema@.dayset_union(days) OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today) AS days
  FROM (SELECT user_id,
               days
          FROM @extschema@.user_activity AS activity
         WHERE shared
           AND NOT EXISTS (SELECT
                             FROM changed
                            WHERE changed.account_id = activity.account_id
                              AND changed.user_id = activity.user_id)
        UNION ALL
        SELECT activity.user_id,
               activity.days
          FROM (SELECT DISTINCT user_id
                  FROM changed) AS users
          JOIN @extschema@.user_activity AS activity
            ON activity.user_id = users.user_id
         WHERE NOT activity.shared
           AND NOT EXISTS (SELECT
                             FROM changed
                            WHERE changed.account_id = activity.account_id
                              AND changed.user_id = activity.user_id)
        UNION ALL
        SELECT user_id,
               days
          FROM changed
         WHERE NOT @extschema@.isempty(days)) AS parts
 GROUP BY user_id$statement$),
(175, 'live', $statement$COMMENT ON VIEW @extschema@.usage_live_user_days IS 'Days of activity of each user up to today, whatever the account: a row per user'$statement$),
(176, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_user_days.user_id IS 'User'$statement$),
(177, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_user_days.days IS 'Days up to today with at least one event; none where all lie in the future'$statement$),
(178, 'live', $statement$CREATE VIEW @extschema@.usage_live_accounts WITH (security_invoker = true) AS
WITH changed AS MATERIALIZED (
  SELECT *
    FROM @extschema@.usage_changes('{accounts,sums,activity}'::text[])
)
SELECT rollup.account_id,
       rollup.month,
       CASE WHEN changed.month IS NULL THEN rollup.events ELSE rollup.events OPERATOR(@extschema@.+) changed.events END AS events,
       CASE WHEN changed.month IS NULL THEN rollup.seconds ELSE rollup.seconds OPERATOR(@extschema@.+) changed.seconds END AS seconds,
       CASE WHEN changed.month IS NULL THEN rollup.sources ELSE rollup.sources OPERATOR(@extschema@.+) changed.sources END AS sources,
       CASE WHEN changed.month IS NULL THEN rollup.dau ELSE rollup.dau OPERATOR(@extschema@.+) changed.dau END AS dau,
       CASE WHEN changed.month IS NULL THEN rollup.wau ELSE rollup.wau OPERATOR(@extschema@.+) changed.wau END AS wau,
       CASE WHEN changed.month IS NULL THEN rollup.active_28d ELSE rollup.active_28d OPERATOR(@extschema@.+) changed.active_28d END AS active_28d,
       CASE WHEN changed.month IS NULL THEN rollup.mau ELSE rollup.mau OPERATOR(@extschema@.+) changed.mau END AS mau
  FROM @extschema@.account_rollup AS rollup
  LEFT JOIN changed
    ON changed.account_id = rollup.account_id
   AND changed.month = rollup.month
UNION ALL
SELECT account_id,
       month,
       events,
       seconds,
       sources,
       dau,
       wau,
       active_28d,
       mau
  FROM changed
 WHERE NOT EXISTS (SELECT
                     FROM @extschema@.account_rollup AS rollup
                    WHERE rollup.account_id = changed.account_id
                      AND rollup.month = changed.month)$statement$),
(179, 'live', $statement$COMMENT ON VIEW @extschema@.usage_live_accounts IS 'Sums over the users of an account as of the last commit, those that views ask for: a row per account and month; account_rollup and what is pending'$statement$),
(180, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_accounts.account_id IS 'Account of the events'$statement$),
(181, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_accounts.month IS 'First day of the month; each series holds what falls into it'$statement$),
(182, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_accounts.events IS 'Number of events a day, by event name'$statement$),
(183, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_accounts.seconds IS 'Seconds of duration a day, by event name'$statement$),
(184, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_accounts.sources IS 'Number of events a day, by source; unknown where that is null'$statement$),
(185, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_accounts.dau IS 'Users active on each day'$statement$),
(186, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_accounts.wau IS 'Users active in the 7 days that end with each day'$statement$),
(187, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_accounts.active_28d IS 'Users active in the 28 days that end with each day'$statement$),
(188, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_accounts.mau IS 'Users active in the 30 days that end with each day'$statement$),
(189, 'live', $statement$CREATE VIEW @extschema@.usage_live_totals WITH (security_invoker = true) AS
SELECT month,
       events,
       seconds,
       sources,
       event_users,
       dau,
       wau,
       active_28d,
       mau,
       weekly,
       monthly,
       quarterly,
       lifecycle,
       cohorts
  FROM @extschema@.usage_totals
 WHERE NOT row_security_active('@extschema@.usage_totals'::regclass)
UNION ALL
SELECT month,
       events,
       seconds,
       sources,
       event_users,
       dau,
       wau,
       active_28d,
       mau,
       weekly,
       monthly,
       quarterly,
       lifecycle,
       cohorts
  FROM @extschema@.usage_changes('{totals,sums,event_users,activity,periods,cohorts}'::text[], 'outside totals'::text)$statement$),
(190, 'live', $statement$COMMENT ON VIEW @extschema@.usage_live_totals IS 'Sums over all users as of the last commit, in one or more rows a month, to be added up; usage_totals and what is pending; where row security is active, over the users that the reader sees'$statement$),
(191, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_totals.month IS 'First day of the month; each series holds what falls into it'$statement$),
(192, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_totals.events IS 'Number of events a day, by event name'$statement$),
(193, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_totals.seconds IS 'Seconds of duration a day, by event name'$statement$),
(194, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_totals.sources IS 'Number of events a day, by source; unknown where that is null'$statement$),
(195, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_totals.event_users IS 'Users with such an event a day, by event name'$statement$),
(196, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_totals.dau IS 'Users active on each day'$statement$),
(197, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_totals.wau IS 'Users active in the 7 days that end with each day'$statement$),
(198, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_totals.active_28d IS 'Users active in the 28 days that end with each day'$statement$),
(199, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_totals.mau IS 'Users active in the 30 days that end with each day'$statement$),
(200, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_totals.weekly IS 'Users whose first active day of a week is that day: added up by week, the users active in it'$statement$),
(201, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_totals.monthly IS 'Users whose first active day of a month is that day'$statement$),
(202, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_totals.quarterly IS 'Users whose first active day of a quarter is that day'$statement$),
(203, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_totals.lifecycle IS 'Of these, the users who are new, under their first active day of all, and who return, having been active in the period before: by day, week, month and quarter'$statement$),
(204, 'live', $statement$COMMENT ON COLUMN @extschema@.usage_live_totals.cohorts IS 'As weekly, by the users'' first active week'$statement$),
(205, 'activity', $statement$CREATE VIEW @extschema@.daily_active_users WITH (security_invoker = true) AS
SELECT daily.day AS activity_date,
       daily.value AS dau,
       @extschema@.value_on(series.wau, daily.day) AS wau,
       @extschema@.value_on(series.mau, daily.day) AS mau,
       round(daily.value::numeric / nullif(@extschema@.value_on(series.mau, daily.day), 0), 4) AS stickiness,
       daily.day < (SELECT today FROM @extschema@.usage_today) AS is_complete
  FROM (SELECT @extschema@.sum(dau) OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today) AS dau,
               @extschema@.sum(wau) AS wau,
               @extschema@.sum(mau) AS mau
          FROM (SELECT dau,
                       wau,
                       mau
                  FROM @extschema@.usage_totals
                 WHERE NOT row_security_active('@extschema@.usage_totals'::regclass)
                UNION ALL
                SELECT dau,
                       wau,
                       mau
                  FROM @extschema@.usage_changes('{totals,activity}'::text[], 'outside totals'::text)) AS parts) AS series
 CROSS JOIN LATERAL @extschema@.unnest(series.dau, CASE WHEN @extschema@.isempty(series.dau) THEN 'empty'::daterange ELSE daterange(@extschema@.first_day(series.dau), @extschema@.last_day(series.dau), '[]') END) AS daily (day, value)$statement$),
(206, 'activity', $statement$COMMENT ON VIEW @extschema@.daily_active_users IS 'Active users by day, over all accounts: one row a day from the first to the as-of day'$statement$),
(207, 'activity', $statement$COMMENT ON COLUMN @extschema@.daily_active_users.activity_date IS 'Day in the reporting time zone'$statement$),
(208, 'activity', $statement$COMMENT ON COLUMN @extschema@.daily_active_users.dau IS 'Users active on the day'$statement$),
(209, 'activity', $statement$COMMENT ON COLUMN @extschema@.daily_active_users.wau IS 'Users active in the 7 days that end with the day'$statement$),
(210, 'activity', $statement$COMMENT ON COLUMN @extschema@.daily_active_users.mau IS 'Users active in the 30 days that end with the day'$statement$),
(211, 'activity', $statement$COMMENT ON COLUMN @extschema@.daily_active_users.stickiness IS 'dau / mau; null where mau is 0'$statement$),
(212, 'activity', $statement$COMMENT ON COLUMN @extschema@.daily_active_users.is_complete IS 'Whether the day is over'$statement$),
(213, 'activity', $statement$CREATE VIEW @extschema@.daily_active_users_by_segment WITH (security_invoker = true) AS
WITH live AS MATERIALIZED (
  SELECT account_id,
         user_id,
         days,
         shared
    FROM @extschema@.usage_live_activity
), segment_days AS (
  SELECT account.plan_tier,
         account.region,
         dim_user.role,
         activity.days OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today) AS days
    FROM live AS activity
    JOIN @extschema@.dim_account AS account
      ON account.account_id = activity.account_id
    JOIN @extschema@.dim_user AS dim_user
      ON dim_user.user_id = activity.user_id
   WHERE NOT activity.shared
  UNION ALL
  SELECT account.plan_tier,
         account.region,
         dim_user.role,
         @extschema@.dayset_union(activity.days) OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today) AS days
    FROM live AS activity
    JOIN @extschema@.dim_account AS account
      ON account.account_id = activity.account_id
    JOIN @extschema@.dim_user AS dim_user
      ON dim_user.user_id = activity.user_id
   WHERE activity.shared
   GROUP BY account.plan_tier, account.region, dim_user.role, activity.user_id
), series AS MATERIALIZED (
  SELECT plan_tier,
         region,
         role,
         @extschema@.count_by_day(days) AS dau,
         @extschema@.count_by_day(@extschema@.trailing(days, 7)) AS wau,
         @extschema@.count_by_day(@extschema@.trailing(days, 30)) AS mau
    FROM segment_days
   WHERE NOT @extschema@.isempty(days)
   GROUP BY plan_tier, region, role
), span AS MATERIALIZED (
  SELECT daterange(min(@extschema@.first_day(dau)), max(@extschema@.last_day(dau)), '[]') AS days
    FROM series
)
SELECT daily.day AS activity_date,
       series.plan_tier,
       series.region,
       series.role,
       daily.value AS dau,
       @extschema@.value_on(series.wau, daily.day) AS wau,
       @extschema@.value_on(series.mau, daily.day) AS mau
  FROM series
 CROSS JOIN span
 CROSS JOIN LATERAL @extschema@.unnest(series.dau, span.days) AS daily (day, value)$statement$),
(214, 'activity', $statement$COMMENT ON VIEW @extschema@.daily_active_users_by_segment IS 'Active users by day, plan, region and role: one row a day, from the first to the as-of day, and segment that was ever active'$statement$),
(215, 'activity', $statement$COMMENT ON COLUMN @extschema@.daily_active_users_by_segment.activity_date IS 'Day in the reporting time zone'$statement$),
(216, 'activity', $statement$COMMENT ON COLUMN @extschema@.daily_active_users_by_segment.plan_tier IS 'Plan of the events'' account, as of today'$statement$),
(217, 'activity', $statement$COMMENT ON COLUMN @extschema@.daily_active_users_by_segment.region IS 'Region of the events'' account'$statement$),
(218, 'activity', $statement$COMMENT ON COLUMN @extschema@.daily_active_users_by_segment.role IS 'Role of the user, as of today'$statement$),
(219, 'activity', $statement$COMMENT ON COLUMN @extschema@.daily_active_users_by_segment.dau IS 'Users active on the day'$statement$),
(220, 'activity', $statement$COMMENT ON COLUMN @extschema@.daily_active_users_by_segment.wau IS 'Users active in the 7 days that end with the day'$statement$),
(221, 'activity', $statement$COMMENT ON COLUMN @extschema@.daily_active_users_by_segment.mau IS 'Users active in the 30 days that end with the day'$statement$),
(222, 'activity', $statement$CREATE VIEW @extschema@.weekly_active_users WITH (security_invoker = true) AS
SELECT weekly.day AS week_start,
       @extschema@.value_on(series.users, weekly.day) AS active_users,
       weekly.day + 7 <= (SELECT today FROM @extschema@.usage_today) AS is_complete
  FROM (SELECT @extschema@.by_week(@extschema@.sum(weekly) OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today), (SELECT week_start FROM @extschema@.usage_today)) AS users
          FROM (SELECT weekly
                  FROM @extschema@.usage_totals
                 WHERE NOT row_security_active('@extschema@.usage_totals'::regclass)
                UNION ALL
                SELECT weekly
                  FROM @extschema@.usage_changes('{totals,periods}'::text[], 'outside totals'::text)) AS parts) AS series
 CROSS JOIN LATERAL (SELECT @extschema@.first_day(series.users) + 7 * week AS day
                       FROM generate_series(0, (@extschema@.last_day(series.users) - @extschema@.first_day(series.users)) / 7) AS week) AS weekly$statement$),
(223, 'activity', $statement$COMMENT ON VIEW @extschema@.weekly_active_users IS 'Active users by calendar week, over all accounts: one row a week from the first to the as-of week'$statement$),
(224, 'activity', $statement$COMMENT ON COLUMN @extschema@.weekly_active_users.week_start IS 'First day of the week, by usage_settings.week_start'$statement$),
(225, 'activity', $statement$COMMENT ON COLUMN @extschema@.weekly_active_users.active_users IS 'Users active in the week'$statement$),
(226, 'activity', $statement$COMMENT ON COLUMN @extschema@.weekly_active_users.is_complete IS 'Whether the week is over'$statement$),
(227, 'activity', $statement$CREATE VIEW @extschema@.monthly_active_users WITH (security_invoker = true) AS
SELECT monthly.day AS month_start,
       @extschema@.value_on(series.users, monthly.day) AS active_users,
       (monthly.day + interval '1 month')::date <= (SELECT today FROM @extschema@.usage_today) AS is_complete
  FROM (SELECT @extschema@.by_month(@extschema@.sum(monthly) OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today)) AS users
          FROM (SELECT monthly
                  FROM @extschema@.usage_totals
                 WHERE NOT row_security_active('@extschema@.usage_totals'::regclass)
                UNION ALL
                SELECT monthly
                  FROM @extschema@.usage_changes('{totals,periods}'::text[], 'outside totals'::text)) AS parts) AS series
 CROSS JOIN LATERAL (SELECT month::date AS day
                       FROM generate_series(@extschema@.first_day(series.users)::timestamp, @extschema@.last_day(series.users)::timestamp, interval '1 month') AS month) AS monthly$statement$),
(228, 'activity', $statement$COMMENT ON VIEW @extschema@.monthly_active_users IS 'Active users by calendar month, over all accounts: one row a month from the first to the as-of month'$statement$),
(229, 'activity', $statement$COMMENT ON COLUMN @extschema@.monthly_active_users.month_start IS 'First day of the month'$statement$),
(230, 'activity', $statement$COMMENT ON COLUMN @extschema@.monthly_active_users.active_users IS 'Users active in the month'$statement$),
(231, 'activity', $statement$COMMENT ON COLUMN @extschema@.monthly_active_users.is_complete IS 'Whether the month is over'$statement$),
(232, 'activity', $statement$CREATE VIEW @extschema@.user_daily_activity WITH (security_invoker = true) AS
SELECT rollup.account_id,
       rollup.user_id,
       @extschema@.unnest(monthly.active) AS activity_date,
       @extschema@.values_on(monthly.total, monthly.active) AS events,
       @extschema@.values_on(coalesce(monthly.categories OPERATOR(@extschema@.->) 'engagement'::text, '{}'), monthly.active) AS engagement_events,
       @extschema@.values_on(coalesce(monthly.categories OPERATOR(@extschema@.->) 'work_session'::text, '{}'), monthly.active) AS work_session_events,
       @extschema@.values_on(coalesce(monthly.categories OPERATOR(@extschema@.->) 'output'::text, '{}'), monthly.active) AS output_events,
       @extschema@.values_on(coalesce(rollup.seconds OPERATOR(@extschema@.->) 'timer_stop'::text, '{}'), monthly.active) AS work_seconds,
       @extschema@.values_on(coalesce(rollup.events OPERATOR(@extschema@.->) 'task_created'::text, '{}'), monthly.active) AS tasks_created,
       @extschema@.values_on(coalesce(rollup.events OPERATOR(@extschema@.->) 'task_completed'::text, '{}'), monthly.active) AS tasks_completed
  FROM @extschema@.usage_live_rollup AS rollup
 -- Once a row, and no barrier to conditions on the account or the user
 CROSS JOIN LATERAL (SELECT @extschema@.by_category(rollup.events) AS categories,
                            @extschema@.total_series(rollup.events) AS total,
                            @extschema@.days(@extschema@.total_series(rollup.events)) AS active
                     OFFSET 0) AS monthly$statement$),
(233, 'activity', $statement$COMMENT ON VIEW @extschema@.user_daily_activity IS 'What each user did on each day: one row per account, user and day with events'$statement$),
(234, 'activity', $statement$COMMENT ON COLUMN @extschema@.user_daily_activity.account_id IS 'Account of the events'$statement$),
(235, 'activity', $statement$COMMENT ON COLUMN @extschema@.user_daily_activity.user_id IS 'User'$statement$),
(236, 'activity', $statement$COMMENT ON COLUMN @extschema@.user_daily_activity.activity_date IS 'Day in the reporting time zone'$statement$),
(237, 'activity', $statement$COMMENT ON COLUMN @extschema@.user_daily_activity.events IS 'Number of events'$statement$),
(238, 'activity', $statement$COMMENT ON COLUMN @extschema@.user_daily_activity.engagement_events IS 'Events of category engagement'$statement$),
(239, 'activity', $statement$COMMENT ON COLUMN @extschema@.user_daily_activity.work_session_events IS 'Events of category work_session'$statement$),
(240, 'activity', $statement$COMMENT ON COLUMN @extschema@.user_daily_activity.output_events IS 'Events of category output'$statement$),
(241, 'activity', $statement$COMMENT ON COLUMN @extschema@.user_daily_activity.work_seconds IS 'Session time in seconds: duration of timer_stop events'$statement$),
(242, 'activity', $statement$COMMENT ON COLUMN @extschema@.user_daily_activity.tasks_created IS 'Number of task_created events'$statement$),
(243, 'activity', $statement$COMMENT ON COLUMN @extschema@.user_daily_activity.tasks_completed IS 'Number of task_completed events'$statement$),
(244, 'activity', $statement$CREATE VIEW @extschema@.user_weekly_activity WITH (security_invoker = true) AS
SELECT users.account_id,
       users.user_id,
       weekly.day AS week_start,
       @extschema@.value_on(users.active_days, weekly.day) AS active_days,
       weekly.value AS events,
       coalesce(@extschema@.value_on(users.work_seconds, weekly.day), 0) AS work_seconds,
       coalesce(@extschema@.value_on(users.tasks_created, weekly.day), 0) AS tasks_created,
       coalesce(@extschema@.value_on(users.tasks_completed, weekly.day), 0) AS tasks_completed
  FROM (SELECT account_id,
               user_id,
               @extschema@.by_week(@extschema@.count_by_day(@extschema@.days(monthly.total)), (SELECT week_start FROM @extschema@.usage_today)) AS active_days,
               @extschema@.by_week(@extschema@.sum(monthly.total), (SELECT week_start FROM @extschema@.usage_today)) AS events,
               @extschema@.by_week(@extschema@.sum(seconds OPERATOR(@extschema@.->) 'timer_stop'::text), (SELECT week_start FROM @extschema@.usage_today)) AS work_seconds,
               @extschema@.by_week(@extschema@.sum(events OPERATOR(@extschema@.->) 'task_created'::text), (SELECT week_start FROM @extschema@.usage_today)) AS tasks_created,
               @extschema@.by_week(@extschema@.sum(events OPERATOR(@extschema@.->) 'task_completed'::text), (SELECT week_start FROM @extschema@.usage_today)) AS tasks_completed
          FROM @extschema@.usage_live_rollup AS rollup
         CROSS JOIN LATERAL (SELECT @extschema@.total_series(rollup.events) AS total
                             OFFSET 0) AS monthly
         GROUP BY account_id, user_id) AS users
 CROSS JOIN LATERAL @extschema@.unnest(users.events) AS weekly (day, value)$statement$),
(245, 'activity', $statement$COMMENT ON VIEW @extschema@.user_weekly_activity IS 'What each user did in each week: one row per account, user and week with events'$statement$),
(246, 'activity', $statement$COMMENT ON COLUMN @extschema@.user_weekly_activity.account_id IS 'Account of the events'$statement$),
(247, 'activity', $statement$COMMENT ON COLUMN @extschema@.user_weekly_activity.user_id IS 'User'$statement$),
(248, 'activity', $statement$COMMENT ON COLUMN @extschema@.user_weekly_activity.week_start IS 'First day of the week, by usage_settings.week_start'$statement$),
(249, 'activity', $statement$COMMENT ON COLUMN @extschema@.user_weekly_activity.active_days IS 'Days with at least one event, 1 to 7'$statement$),
(250, 'activity', $statement$COMMENT ON COLUMN @extschema@.user_weekly_activity.events IS 'Number of events'$statement$),
(251, 'activity', $statement$COMMENT ON COLUMN @extschema@.user_weekly_activity.work_seconds IS 'Session time in seconds: duration of timer_stop events'$statement$),
(252, 'activity', $statement$COMMENT ON COLUMN @extschema@.user_weekly_activity.tasks_created IS 'Number of task_created events'$statement$),
(253, 'activity', $statement$COMMENT ON COLUMN @extschema@.user_weekly_activity.tasks_completed IS 'Number of task_completed events'$statement$),
(254, 'retention', $statement$CREATE VIEW @extschema@.retention_weekly WITH (security_invoker = true) AS
WITH cohorts AS MATERIALIZED (
  SELECT cohort.label::date AS cohort_week,
         @extschema@.by_week(cohort.series, (SELECT week_start FROM @extschema@.usage_today)) AS users
    FROM (SELECT @extschema@.sum(cohorts) OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today) AS cohorts
            FROM (SELECT cohorts
                    FROM @extschema@.usage_totals
                   WHERE NOT row_security_active('@extschema@.usage_totals'::regclass)
                  UNION ALL
                  SELECT cohorts
                    FROM @extschema@.usage_changes('{totals,cohorts}'::text[], 'outside totals'::text)) AS parts) AS total
   CROSS JOIN LATERAL @extschema@.each(total.cohorts) AS cohort (label, series)
), as_of AS MATERIALIZED (
  SELECT max(@extschema@.last_day(users)) AS week
    FROM cohorts
)
SELECT cohorts.cohort_week,
       since.weeks_since,
       @extschema@.value_on(cohorts.users, cohorts.cohort_week) AS cohort_size,
       @extschema@.value_on(cohorts.users, cohorts.cohort_week + 7 * since.weeks_since) AS retained_users,
       round(@extschema@.value_on(cohorts.users, cohorts.cohort_week + 7 * since.weeks_since)::numeric / @extschema@.value_on(cohorts.users, cohorts.cohort_week), 4) AS retention_rate,
       cohorts.cohort_week + 7 * since.weeks_since + 7 <= (SELECT today FROM @extschema@.usage_today) AS is_complete
  FROM cohorts
 CROSS JOIN as_of
 CROSS JOIN LATERAL generate_series(0, (as_of.week - cohorts.cohort_week) / 7) AS since (weeks_since)$statement$),
(255, 'retention', $statement$COMMENT ON VIEW @extschema@.retention_weekly IS 'Weekly retention: one row per cohort and week since, from week 0 to the as-of week'$statement$),
(256, 'retention', $statement$COMMENT ON COLUMN @extschema@.retention_weekly.cohort_week IS 'First day of the week in which the cohort''s users were first active'$statement$),
(257, 'retention', $statement$COMMENT ON COLUMN @extschema@.retention_weekly.weeks_since IS 'Weeks since then, 0 for that week itself'$statement$),
(258, 'retention', $statement$COMMENT ON COLUMN @extschema@.retention_weekly.cohort_size IS 'Users in the cohort'$statement$),
(259, 'retention', $statement$COMMENT ON COLUMN @extschema@.retention_weekly.retained_users IS 'Those of them who were active in the week'$statement$),
(260, 'retention', $statement$COMMENT ON COLUMN @extschema@.retention_weekly.retention_rate IS 'retained_users / cohort_size'$statement$),
(261, 'retention', $statement$COMMENT ON COLUMN @extschema@.retention_weekly.is_complete IS 'Whether the week is over; where it is not, users may still come back'$statement$),
(262, 'retention', $statement$CREATE VIEW @extschema@.user_lifecycle_weekly WITH (security_invoker = true) AS
SELECT weekly.day AS week_start,
       @extschema@.value_on(series.new_users, weekly.day) AS new_users,
       @extschema@.value_on(series.returning_users, weekly.day) AS returning_users,
       @extschema@.value_on(series.active_users, weekly.day)
         - @extschema@.value_on(series.new_users, weekly.day)
         - @extschema@.value_on(series.returning_users, weekly.day) AS resurrected_users,
       @extschema@.value_on(series.active_users, weekly.day - 7)
         - @extschema@.value_on(series.returning_users, weekly.day) AS dormant_users,
       weekly.day + 7 <= (SELECT today FROM @extschema@.usage_today) AS is_complete
  FROM (SELECT @extschema@.by_week(@extschema@.sum(weekly) OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today), (SELECT week_start FROM @extschema@.usage_today)) AS active_users,
               @extschema@.by_week(@extschema@.sum(lifecycle OPERATOR(@extschema@.->) 'new'::text) OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today), (SELECT week_start FROM @extschema@.usage_today)) AS new_users,
               coalesce(@extschema@.by_week(@extschema@.sum(lifecycle OPERATOR(@extschema@.->) 'returning'::text) OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today), (SELECT week_start FROM @extschema@.usage_today)), '{}') AS returning_users
          FROM (SELECT weekly,
                       lifecycle
                  FROM @extschema@.usage_totals
                 WHERE NOT row_security_active('@extschema@.usage_totals'::regclass)
                UNION ALL
                SELECT weekly,
                       lifecycle
                  FROM @extschema@.usage_changes('{totals,periods}'::text[], 'outside totals'::text)) AS parts) AS series
 CROSS JOIN LATERAL (SELECT @extschema@.first_day(series.active_users) + 7 * week AS day
                       FROM generate_series(0, (@extschema@.last_day(series.active_users) - @extschema@.first_day(series.active_users)) / 7) AS week) AS weekly$statement$),
(263, 'retention', $statement$COMMENT ON VIEW @extschema@.user_lifecycle_weekly IS 'Growth accounting by week: one row a week from the first to the as-of week'$statement$),
(264, 'retention', $statement$COMMENT ON COLUMN @extschema@.user_lifecycle_weekly.week_start IS 'First day of the week, by usage_settings.week_start'$statement$),
(265, 'retention', $statement$COMMENT ON COLUMN @extschema@.user_lifecycle_weekly.new_users IS 'Users for whom it is the first active week ever'$statement$),
(266, 'retention', $statement$COMMENT ON COLUMN @extschema@.user_lifecycle_weekly.returning_users IS 'Users active in this week and in the week before'$statement$),
(267, 'retention', $statement$COMMENT ON COLUMN @extschema@.user_lifecycle_weekly.resurrected_users IS 'Users active in this week, not in the week before, and not new'$statement$),
(268, 'retention', $statement$COMMENT ON COLUMN @extschema@.user_lifecycle_weekly.dormant_users IS 'Users active in the week before, not in this one'$statement$),
(269, 'retention', $statement$COMMENT ON COLUMN @extschema@.user_lifecycle_weekly.is_complete IS 'Whether the week is over'$statement$),
(270, 'retention', $statement$CREATE VIEW @extschema@.active_days_histogram WITH (security_invoker = true) AS
WITH as_of AS MATERIALIZED (
  SELECT @extschema@.last_day(@extschema@.sum(dau) OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today)) AS as_of_date
    FROM (SELECT dau
            FROM @extschema@.usage_totals
           WHERE NOT row_security_active('@extschema@.usage_totals'::regclass)
          UNION ALL
          SELECT dau
            FROM @extschema@.usage_changes('{totals,activity}'::text[], 'outside totals'::text)) AS parts
), counts AS MATERIALIZED (
  SELECT @extschema@.cardinality(days, (SELECT daterange(as_of_date - 27, as_of_date, '[]') FROM as_of)) AS active_days,
         count(*) AS users
    FROM @extschema@.usage_live_user_days
   WHERE NOT @extschema@.isempty(days)
   GROUP BY 1
)
SELECT as_of.as_of_date,
       bucket.active_days,
       coalesce(counts.users, 0) AS users
  FROM as_of
 CROSS JOIN generate_series(0::bigint, 28) AS bucket (active_days)
  LEFT JOIN counts
    ON counts.active_days = bucket.active_days
 WHERE as_of.as_of_date IS NOT NULL$statement$),
(271, 'retention', $statement$COMMENT ON VIEW @extschema@.active_days_histogram IS 'L28: users by the number of days they were active in the 28 days that end with the as-of day; 29 rows that add up to everyone ever active'$statement$),
(272, 'retention', $statement$COMMENT ON COLUMN @extschema@.active_days_histogram.as_of_date IS 'Last day, not later than today, that has an event'$statement$),
(273, 'retention', $statement$COMMENT ON COLUMN @extschema@.active_days_histogram.active_days IS 'Days active out of 28: 0 to 28, 0 for users who were active before'$statement$),
(274, 'retention', $statement$COMMENT ON COLUMN @extschema@.active_days_histogram.users IS 'Number of users'$statement$),
(275, 'accounts', $statement$CREATE VIEW @extschema@.account_daily_usage WITH (security_invoker = true) AS
SELECT account_id,
       activity_date,
       @extschema@.value_on(dau, activity_date) AS active_users,
       @extschema@.value_on(events, activity_date) AS events,
       @extschema@.value_on(work_seconds, activity_date) AS work_seconds,
       @extschema@.value_on(tasks_created, activity_date) AS tasks_created,
       @extschema@.value_on(tasks_completed, activity_date) AS tasks_completed
  FROM (SELECT accounts.account_id,
               @extschema@.unnest(@extschema@.days(accounts.dau)) AS activity_date,
               accounts.dau,
               monthly.*
          FROM @extschema@.usage_live_accounts AS accounts
         -- Once a row, and no barrier to conditions on the account. A sum of
         -- sources is that of all events, and has the fewest labels.
         CROSS JOIN LATERAL (SELECT @extschema@.total_series(accounts.sources) AS events,
                                    coalesce(accounts.seconds OPERATOR(@extschema@.->) 'timer_stop'::text, '{}') AS work_seconds,
                                    coalesce(accounts.events OPERATOR(@extschema@.->) 'task_created'::text, '{}') AS tasks_created,
                                    coalesce(accounts.events OPERATOR(@extschema@.->) 'task_completed'::text, '{}') AS tasks_completed
                             OFFSET 0) AS monthly) AS daily$statement$),
(276, 'accounts', $statement$COMMENT ON VIEW @extschema@.account_daily_usage IS 'Usage by account: one row per account and day with events'$statement$),
(277, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_daily_usage.account_id IS 'Account of the events'$statement$),
(278, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_daily_usage.activity_date IS 'Day in the reporting time zone'$statement$),
(279, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_daily_usage.active_users IS 'Users active under the account on the day'$statement$),
(280, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_daily_usage.events IS 'Number of events'$statement$),
(281, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_daily_usage.work_seconds IS 'Session time in seconds: duration of timer_stop events'$statement$),
(282, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_daily_usage.tasks_created IS 'Number of task_created events'$statement$),
(283, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_daily_usage.tasks_completed IS 'Number of task_completed events'$statement$),
(284, 'accounts', $statement$CREATE VIEW @extschema@.account_health WITH (security_invoker = true) AS
WITH as_of AS MATERIALIZED (
  SELECT as_of AS as_of_date
    FROM @extschema@.usage_report_range('0001-01-01'::date, '0001-01-01'::date, 'day'::text)
), figures_28d AS (
  SELECT account_id,
         sum(@extschema@.value_on(wau, as_of_date)) AS active_users_7d,
         sum(@extschema@.value_on(active_28d, as_of_date)) AS active_users_28d,
         max(@extschema@.last_day(dau OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today))) AS last_active_date,
         @extschema@.sum(seconds OPERATOR(@extschema@.->) 'timer_stop'::text) FILTER (WHERE month > as_of_date - 55 - 31 AND month <= as_of_date) AS work_seconds,
         @extschema@.sum(events OPERATOR(@extschema@.->) 'task_completed'::text) FILTER (WHERE month > as_of_date - 55 - 31 AND month <= as_of_date) AS tasks_completed
    FROM @extschema@.usage_live_accounts
   CROSS JOIN as_of
   GROUP BY account_id
), seats AS (
  SELECT account_id,
         count(*) FILTER (WHERE is_active) AS seats,
         count(*) FILTER (WHERE is_active AND activated_at IS NOT NULL) AS activated_seats
    FROM @extschema@.dim_user
   GROUP BY account_id
), figures AS (
  SELECT account.account_id,
         account.account_name,
         account.plan_tier,
         account.region,
         account.is_active,
         as_of.as_of_date,
         coalesce(seats.seats, 0) AS seats,
         coalesce(seats.activated_seats, 0) AS activated_seats,
         coalesce(sums.active_users_7d, 0)::bigint AS active_users_7d,
         coalesce(sums.active_users_28d, 0)::bigint AS active_users_28d,
         round(coalesce(sums.active_users_28d, 0)::numeric / nullif(seats.seats, 0), 4) AS seat_utilisation,
         coalesce(@extschema@.total(sums.work_seconds OPERATOR(@extschema@.*) daterange(as_of.as_of_date - 27, as_of.as_of_date, '[]')), 0) AS work_seconds_28d,
         coalesce(@extschema@.total(sums.work_seconds OPERATOR(@extschema@.*) daterange(as_of.as_of_date - 55, as_of.as_of_date - 28, '[]')), 0) AS work_seconds_previous_28d,
         coalesce(@extschema@.total(sums.tasks_completed OPERATOR(@extschema@.*) daterange(as_of.as_of_date - 27, as_of.as_of_date, '[]')), 0) AS tasks_completed_28d,
         coalesce(@extschema@.total(sums.tasks_completed OPERATOR(@extschema@.*) daterange(as_of.as_of_date - 55, as_of.as_of_date - 28, '[]')), 0) AS tasks_completed_previous_28d,
         sums.last_active_date,
         @extschema@.event_day(account.created_at) AS created_date
    FROM @extschema@.dim_account AS account
   CROSS JOIN as_of
    LEFT JOIN figures_28d AS sums
      ON sums.account_id = account.account_id
    LEFT JOIN seats
      ON seats.account_id = account.account_id
)
SELECT account_id,
       account_name,
       plan_tier,
       region,
       is_active,
       as_of_date,
       seats,
       activated_seats,
       active_users_7d,
       active_users_28d,
       seat_utilisation,
       work_seconds_28d,
       work_seconds_previous_28d,
       tasks_completed_28d,
       tasks_completed_previous_28d,
       last_active_date,
       CASE
         WHEN created_date > as_of_date - 28 OR as_of_date IS NULL THEN 'new'
         WHEN active_users_28d = 0 THEN 'dormant'
         WHEN active_users_7d = 0
           OR seat_utilisation < 0.25
           OR 2 * work_seconds_28d < work_seconds_previous_28d THEN 'at_risk'
         ELSE 'healthy'
       END AS health,
       created_date
  FROM figures$statement$),
(285, 'accounts', $statement$COMMENT ON VIEW @extschema@.account_health IS 'How each account does, as of the last day with events: one row an account'$statement$),
(286, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_health.account_id IS 'Account'$statement$),
(287, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_health.account_name IS 'Name of the account'$statement$),
(288, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_health.plan_tier IS 'Plan the account is on today'$statement$),
(289, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_health.region IS 'Region of the account'$statement$),
(290, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_health.is_active IS 'Whether the account is a customer today'$statement$),
(291, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_health.as_of_date IS 'Last day, not later than today, that has an event of any account'$statement$),
(292, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_health.seats IS 'Users of the account who hold a seat today'$statement$),
(293, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_health.activated_seats IS 'Those of them who were ever activated'$statement$),
(294, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_health.active_users_7d IS 'Users active under the account in the 7 days that end as of that day'$statement$),
(295, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_health.active_users_28d IS 'The same for 28 days'$statement$),
(296, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_health.seat_utilisation IS 'active_users_28d / seats; null without seats; above 1 where users have left since'$statement$),
(297, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_health.work_seconds_28d IS 'Session time in seconds in those 28 days'$statement$),
(298, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_health.work_seconds_previous_28d IS 'Session time in seconds in the 28 days before'$statement$),
(299, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_health.tasks_completed_28d IS 'task_completed events in those 28 days'$statement$),
(300, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_health.tasks_completed_previous_28d IS 'task_completed events in the 28 days before'$statement$),
(301, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_health.last_active_date IS 'Last day, not later than today, with an event of the account; null where there is none'$statement$),
(302, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_health.health IS 'The first that holds: new, created in the 28 days that end as of that day, or later, or there is no such day; dormant, active_users_28d = 0; at_risk, active_users_7d = 0, or seat_utilisation < 0.25, or work_seconds_28d less than half of work_seconds_previous_28d; otherwise healthy'$statement$),
(303, 'accounts', $statement$COMMENT ON COLUMN @extschema@.account_health.created_date IS 'Day on which the account was created'$statement$),
(304, 'accounts', $statement$CREATE VIEW @extschema@.feature_adoption WITH (security_invoker = true) AS
WITH series AS MATERIALIZED (
  SELECT @extschema@.sum(events) AS events,
         @extschema@.sum(event_users) AS users,
         @extschema@.sum(dau) AS dau
    FROM (SELECT events,
                 event_users,
                 dau
            FROM @extschema@.usage_totals
           WHERE NOT row_security_active('@extschema@.usage_totals'::regclass)
          UNION ALL
          SELECT events,
                 event_users,
                 dau
            FROM @extschema@.usage_changes('{totals,events,event_users,activity}'::text[], 'outside totals'::text)) AS parts
)
SELECT daily.day AS activity_date,
       feature.label AS event_name,
       @extschema@.event_category(feature.label) AS event_category,
       daily.value AS users,
       @extschema@.value_on(series.events OPERATOR(@extschema@.->) feature.label, daily.day) AS events,
       round(daily.value::numeric / @extschema@.value_on(series.dau, daily.day), 4) AS adoption_rate
  FROM series
 CROSS JOIN LATERAL @extschema@.each(series.users) AS feature (label, series)
 CROSS JOIN LATERAL @extschema@.unnest(feature.series) AS daily (day, value)$statement$),
(305, 'accounts', $statement$COMMENT ON VIEW @extschema@.feature_adoption IS 'Who uses what: one row per day and event name with events'$statement$),
(306, 'accounts', $statement$COMMENT ON COLUMN @extschema@.feature_adoption.activity_date IS 'Day in the reporting time zone'$statement$),
(307, 'accounts', $statement$COMMENT ON COLUMN @extschema@.feature_adoption.event_name IS 'Event name'$statement$),
(308, 'accounts', $statement$COMMENT ON COLUMN @extschema@.feature_adoption.event_category IS 'Its category; null for an unknown name'$statement$),
(309, 'accounts', $statement$COMMENT ON COLUMN @extschema@.feature_adoption.users IS 'Users with such an event on the day'$statement$),
(310, 'accounts', $statement$COMMENT ON COLUMN @extschema@.feature_adoption.events IS 'Number of such events'$statement$),
(311, 'accounts', $statement$COMMENT ON COLUMN @extschema@.feature_adoption.adoption_rate IS 'users / users active on the day'$statement$),
(312, 'events', $statement$CREATE VIEW @extschema@.usage_events WITH (security_invoker = true) AS
SELECT event.event_id,
       event.user_id,
       event.account_id,
       event.task_id,
       event.event_ts,
       event.ingested_at,
       event.duration_seconds,
       event.event_name,
       event.source,
       @extschema@.event_category(event.event_name) AS event_category,
       @extschema@.event_day(event.event_ts) AS event_day,
       event.ingested_at - event.event_ts AS arrival_lag,
       account.account_name,
       account.plan_tier,
       account.region,
       dim_user.role,
       dim_user.country
  FROM @extschema@.fct_event AS event
  JOIN @extschema@.dim_account AS account
    ON account.account_id = event.account_id
  JOIN @extschema@.dim_user AS dim_user
    ON dim_user.user_id = event.user_id$statement$),
(313, 'events', $statement$COMMENT ON VIEW @extschema@.usage_events IS 'Events with the attributes of their user and account: one row an event, for ad-hoc questions'$statement$),
(314, 'events', $statement$COMMENT ON COLUMN @extschema@.usage_events.event_id IS 'Key of the event'$statement$),
(315, 'events', $statement$COMMENT ON COLUMN @extschema@.usage_events.user_id IS 'User who did it'$statement$),
(316, 'events', $statement$COMMENT ON COLUMN @extschema@.usage_events.account_id IS 'Account of the user at the time'$statement$),
(317, 'events', $statement$COMMENT ON COLUMN @extschema@.usage_events.task_id IS 'Task it was about, if any'$statement$),
(318, 'events', $statement$COMMENT ON COLUMN @extschema@.usage_events.event_ts IS 'When it happened'$statement$),
(319, 'events', $statement$COMMENT ON COLUMN @extschema@.usage_events.ingested_at IS 'When it arrived'$statement$),
(320, 'events', $statement$COMMENT ON COLUMN @extschema@.usage_events.duration_seconds IS 'Seconds of work, if given'$statement$),
(321, 'events', $statement$COMMENT ON COLUMN @extschema@.usage_events.event_name IS 'What was done'$statement$),
(322, 'events', $statement$COMMENT ON COLUMN @extschema@.usage_events.source IS 'Client it came from'$statement$),
(323, 'events', $statement$COMMENT ON COLUMN @extschema@.usage_events.event_category IS 'Category of the event name; null for an unknown name'$statement$),
(324, 'events', $statement$COMMENT ON COLUMN @extschema@.usage_events.event_day IS 'Day it happened on, in the reporting time zone'$statement$),
(325, 'events', $statement$COMMENT ON COLUMN @extschema@.usage_events.arrival_lag IS 'Time from happening to arriving'$statement$),
(326, 'events', $statement$COMMENT ON COLUMN @extschema@.usage_events.account_name IS 'Name of the account'$statement$),
(327, 'events', $statement$COMMENT ON COLUMN @extschema@.usage_events.plan_tier IS 'Plan the account is on today'$statement$),
(328, 'events', $statement$COMMENT ON COLUMN @extschema@.usage_events.region IS 'Region of the account'$statement$),
(329, 'events', $statement$COMMENT ON COLUMN @extschema@.usage_events.role IS 'Role of the user today'$statement$),
(330, 'events', $statement$COMMENT ON COLUMN @extschema@.usage_events.country IS 'Country of the user'$statement$),
(331, 'events', $statement$CREATE VIEW @extschema@.work_sessions WITH (security_invoker = true) AS
SELECT event_id,
       account_id,
       user_id,
       event_ts - duration_seconds * interval '1 second' AS started_at,
       event_ts AS ended_at,
       duration_seconds::bigint AS duration_seconds,
       coalesce(duration_seconds > 8 * 3600, false) AS is_outlier,
       task_id,
       source
  FROM @extschema@.fct_event
 WHERE event_name = 'timer_stop'$statement$),
(332, 'events', $statement$COMMENT ON VIEW @extschema@.work_sessions IS 'Work sessions: one row a timer_stop event'$statement$),
(333, 'events', $statement$COMMENT ON COLUMN @extschema@.work_sessions.event_id IS 'Key of the timer_stop event'$statement$),
(334, 'events', $statement$COMMENT ON COLUMN @extschema@.work_sessions.account_id IS 'Account worked for'$statement$),
(335, 'events', $statement$COMMENT ON COLUMN @extschema@.work_sessions.user_id IS 'User who worked'$statement$),
(336, 'events', $statement$COMMENT ON COLUMN @extschema@.work_sessions.started_at IS 'ended_at less the duration; null where that is missing'$statement$),
(337, 'events', $statement$COMMENT ON COLUMN @extschema@.work_sessions.ended_at IS 'When the timer was stopped'$statement$),
(338, 'events', $statement$COMMENT ON COLUMN @extschema@.work_sessions.duration_seconds IS 'Session time in seconds; null where missing'$statement$),
(339, 'events', $statement$COMMENT ON COLUMN @extschema@.work_sessions.is_outlier IS 'Whether it lasted more than 8 hours'$statement$),
(340, 'events', $statement$COMMENT ON COLUMN @extschema@.work_sessions.task_id IS 'Task worked on, if any'$statement$),
(341, 'events', $statement$COMMENT ON COLUMN @extschema@.work_sessions.source IS 'Client it came from'$statement$),
(342, 'events', $statement$CREATE VIEW @extschema@.task_outputs WITH (security_invoker = true) AS
SELECT task_id,
       CASE WHEN created.task_id IS NOT NULL THEN created.account_id ELSE completed.account_id END AS account_id,
       CASE WHEN created.task_id IS NOT NULL THEN created.user_id ELSE completed.user_id END AS user_id,
       created.event_ts AS created_ts,
       completed.event_ts AS completed_ts,
       extract(epoch FROM completed.event_ts - created.event_ts)::bigint AS cycle_seconds
  FROM (SELECT DISTINCT ON (task_id)
               task_id,
               account_id,
               user_id,
               event_ts
          FROM @extschema@.fct_event
         WHERE event_name = 'task_created' AND task_id IS NOT NULL
         ORDER BY task_id, event_ts, event_id) AS created
  FULL JOIN (SELECT DISTINCT ON (task_id)
                    task_id,
                    account_id,
                    user_id,
                    event_ts
               FROM @extschema@.fct_event
              WHERE event_name = 'task_completed' AND task_id IS NOT NULL
              ORDER BY task_id, event_ts, event_id) AS completed
 USING (task_id)$statement$),
(343, 'events', $statement$COMMENT ON VIEW @extschema@.task_outputs IS 'Tasks with their first creation and first completion: one row a task'$statement$),
(344, 'events', $statement$COMMENT ON COLUMN @extschema@.task_outputs.task_id IS 'Key of the task'$statement$),
(345, 'events', $statement$COMMENT ON COLUMN @extschema@.task_outputs.account_id IS 'Account of the creation, else of the completion'$statement$),
(346, 'events', $statement$COMMENT ON COLUMN @extschema@.task_outputs.user_id IS 'User who created it, else who completed it'$statement$),
(347, 'events', $statement$COMMENT ON COLUMN @extschema@.task_outputs.created_ts IS 'Its first task_created; null where there is none'$statement$),
(348, 'events', $statement$COMMENT ON COLUMN @extschema@.task_outputs.completed_ts IS 'Its first task_completed; null where there is none'$statement$),
(349, 'events', $statement$COMMENT ON COLUMN @extschema@.task_outputs.cycle_seconds IS 'Seconds from the first creation to the first completion, rounded; null where either is missing, negative where the completion came first'$statement$),
(350, 'arrival', $statement$CREATE VIEW @extschema@.event_freshness WITH (security_invoker = true) AS
SELECT source,
       events,
       -- Down the index from where the source's events end
       (SELECT event_ts
          FROM @extschema@.fct_event
         WHERE event_ts < happened_before AT TIME ZONE time_zone
           AND coalesce(fct_event.source, 'unknown') = counted.source
         ORDER BY event_ts DESC
         LIMIT 1) AS latest_event_ts,
       (SELECT ingested_at
          FROM @extschema@.fct_event
         WHERE ingested_at < (arrived_before + interval '1 day') AT TIME ZONE time_zone
           AND coalesce(fct_event.source, 'unknown') = counted.source
         ORDER BY ingested_at DESC
         LIMIT 1) AS latest_ingested_at,
       -- The bucket of the event that percentile_disc would take
       @extschema@.lag_bucket_middle(array_lower(up_to, 1) + width_bucket(ceil(0.50::double precision * events)::bigint - 1, up_to)) AS lag_p50,
       @extschema@.lag_bucket_middle(array_lower(up_to, 1) + width_bucket(ceil(0.95::double precision * events)::bigint - 1, up_to)) AS lag_p95,
       @extschema@.lag_bucket_middle(array_lower(up_to, 1) + width_bucket(ceil(0.99::double precision * events)::bigint - 1, up_to)) AS lag_p99,
       round((events - up_to[@extschema@.lag_bucket(interval '1 hour')])::numeric / events, 4) AS late_share
  FROM (SELECT source,
               up_to,
               up_to[array_upper(up_to, 1)] AS events,
               happened_before,
               arrived_before,
               (SELECT time_zone FROM @extschema@.usage_settings) AS time_zone
          FROM @extschema@.lag_distribution(ARRAY(SELECT lags FROM @extschema@.usage_totals
                                                  UNION ALL
                                                  SELECT lags FROM @extschema@.usage_pending))
         WHERE NOT row_security_active('@extschema@.usage_totals'::regclass)
        OFFSET 0) AS counted
UNION ALL
-- Where row security hides rows from the reader, from the events that are left
SELECT coalesce(source, 'unknown') AS source,
       count(*) AS events,
       max(event_ts) AS latest_event_ts,
       max(ingested_at) AS latest_ingested_at,
       percentile_disc(0.50) WITHIN GROUP (ORDER BY ingested_at - event_ts) AS lag_p50,
       percentile_disc(0.95) WITHIN GROUP (ORDER BY ingested_at - event_ts) AS lag_p95,
       percentile_disc(0.99) WITHIN GROUP (ORDER BY ingested_at - event_ts) AS lag_p99,
       round(count(*) FILTER (WHERE ingested_at - event_ts > interval '1 hour')::numeric / count(*), 4) AS late_share
  FROM @extschema@.fct_event
 WHERE row_security_active('@extschema@.usage_totals'::regclass)
 GROUP BY coalesce(source, 'unknown')$statement$),
(351, 'arrival', $statement$COMMENT ON VIEW @extschema@.event_freshness IS 'Freshness of the feed by client: one row a source. Lags are counted in buckets, see lag_bucket(), so percentiles are within 1.6 % of the lag that percentile_disc gives; all else is exact. Purged events count, but are not among the latest'$statement$),
(352, 'arrival', $statement$COMMENT ON COLUMN @extschema@.event_freshness.source IS 'Client the events came from; unknown where that is null'$statement$),
(353, 'arrival', $statement$COMMENT ON COLUMN @extschema@.event_freshness.events IS 'Number of events'$statement$),
(354, 'arrival', $statement$COMMENT ON COLUMN @extschema@.event_freshness.latest_event_ts IS 'Latest time at which one happened; null where all were purged'$statement$),
(355, 'arrival', $statement$COMMENT ON COLUMN @extschema@.event_freshness.latest_ingested_at IS 'Latest time at which one arrived; null where all were purged'$statement$),
(356, 'arrival', $statement$COMMENT ON COLUMN @extschema@.event_freshness.lag_p50 IS 'Median lag from happening to arriving, within 1.6 %'$statement$),
(357, 'arrival', $statement$COMMENT ON COLUMN @extschema@.event_freshness.lag_p95 IS 'Lag that 95 % of the events do not exceed, within 1.6 %'$statement$),
(358, 'arrival', $statement$COMMENT ON COLUMN @extschema@.event_freshness.lag_p99 IS 'Lag that 99 % of the events do not exceed, within 1.6 %'$statement$),
(359, 'arrival', $statement$COMMENT ON COLUMN @extschema@.event_freshness.late_share IS 'Share of events that arrived more than an hour after they happened'$statement$),
(360, 'arrival', $statement$CREATE VIEW @extschema@.late_arrivals WITH (security_invoker = true) AS
(
WITH live AS MATERIALIZED (
  SELECT @extschema@.late_counts(ARRAY(SELECT lags FROM @extschema@.usage_totals
                                       UNION ALL
                                       SELECT lags FROM @extschema@.usage_pending)) AS counts
   WHERE NOT row_security_active('@extschema@.usage_totals'::regclass)
), days AS MATERIALIZED (
  SELECT counted.day AS activity_date,
         counted.value AS events,
         coalesce(@extschema@.value_on(late_1h, counted.day), 0) AS late_1h,
         coalesce(@extschema@.value_on(late_24h, counted.day), 0) AS late_24h,
         coalesce(@extschema@.value_on(late_72h, counted.day), 0) AS late_72h
    FROM (SELECT counts OPERATOR(@extschema@.->) 'events'::text AS events,
                 counts OPERATOR(@extschema@.->) 'late_1h'::text AS late_1h,
                 counts OPERATOR(@extschema@.->) 'late_24h'::text AS late_24h,
                 counts OPERATOR(@extschema@.->) 'late_72h'::text AS late_72h
            FROM live
          OFFSET 0) AS counts,
         @extschema@.unnest(counts.events) AS counted
), recent AS MATERIALIZED (
  SELECT lags.up_to
    FROM (SELECT max(activity_date) AS as_of_date
            FROM days
           WHERE activity_date <= @extschema@.event_day(now())) AS as_of,
         @extschema@.lag_distribution(ARRAY(SELECT lags FROM @extschema@.usage_totals WHERE month BETWEEN as_of_date - 58 AND as_of_date
                                            UNION ALL
                                            SELECT lags FROM @extschema@.usage_pending WHERE month BETWEEN as_of_date - 58 AND as_of_date),
                                      daterange(as_of_date - 28, as_of_date, '(]'),
                                      by_source => false) AS lags
)
SELECT activity_date,
       events,
       late_1h,
       late_24h,
       late_72h,
       CASE WHEN activity_date < @extschema@.event_day(now())
            -- The last bucket that is no longer than the time since the day
            -- ended: that before the bucket of a microsecond more
            THEN (SELECT round(up_to[@extschema@.lag_bucket(ended_at - interval '1 microsecond', now()) - 1]::numeric
                               / up_to[array_upper(up_to, 1)], 4)
                    FROM recent
                   CROSS JOIN (SELECT (activity_date + 1)::timestamp AT TIME ZONE (SELECT time_zone FROM @extschema@.usage_settings)) AS day (ended_at))
       END AS expected_completeness
  FROM days
)
UNION ALL
-- Where row security hides rows from the reader, from the events that are left
(
WITH lags AS MATERIALIZED (
  SELECT activity_date,
         arrived_for,
         count(*) AS events,
         count(*) FILTER (WHERE lag > interval '1 hour') AS late_1h,
         count(*) FILTER (WHERE lag > interval '24 hours') AS late_24h,
         count(*) FILTER (WHERE lag > interval '72 hours') AS late_72h
    FROM (SELECT @extschema@.event_day(event_ts) AS activity_date,
                 -- The last day that was over when an event of this lag,
                 -- happening as that day ended, has had the time to arrive by
                 -- now (at the ends of time: as early as there is, or now)
                 @extschema@.event_day(now() - extract(epoch FROM greatest(least(ingested_at - event_ts, now() - '4713-01-01Z BC'), interval '0'))
                                               * interval '1 second') - 1 AS arrived_for,
                 ingested_at - event_ts AS lag
            FROM @extschema@.fct_event
           WHERE row_security_active('@extschema@.usage_totals'::regclass)
          -- or the planner expects as many groups as there are times, and makes
          -- room for them before it knows that row security is not active
          OFFSET 0) AS event_lags
   GROUP BY activity_date, arrived_for
), as_of AS (
  SELECT max(activity_date) AS as_of_date
    FROM lags
   WHERE activity_date <= @extschema@.event_day(now())
), recent AS MATERIALIZED (
  SELECT arrived_for,
         sum(events) AS events
    FROM lags
    JOIN as_of
      ON activity_date > as_of_date - 28 AND activity_date <= as_of_date
   GROUP BY arrived_for
)
SELECT activity_date,
       sum(events)::bigint AS events,
       sum(late_1h)::bigint AS late_1h,
       sum(late_24h)::bigint AS late_24h,
       sum(late_72h)::bigint AS late_72h,
       CASE WHEN activity_date < @extschema@.event_day(now())
            THEN round((SELECT coalesce(sum(recent.events) FILTER (WHERE recent.arrived_for >= lags.activity_date), 0)
                               / sum(recent.events)
                          FROM recent), 4)
       END AS expected_completeness
  FROM lags
 GROUP BY activity_date
)$statement$),
(361, 'arrival', $statement$COMMENT ON VIEW @extschema@.late_arrivals IS 'How late the events of each day arrived: one row a day with events, purged days too'$statement$),
(362, 'arrival', $statement$COMMENT ON COLUMN @extschema@.late_arrivals.activity_date IS 'Day on which the events happened'$statement$),
(363, 'arrival', $statement$COMMENT ON COLUMN @extschema@.late_arrivals.events IS 'Number of events'$statement$),
(364, 'arrival', $statement$COMMENT ON COLUMN @extschema@.late_arrivals.late_1h IS 'Events that arrived more than 1 hour after they happened'$statement$),
(365, 'arrival', $statement$COMMENT ON COLUMN @extschema@.late_arrivals.late_24h IS 'Events that arrived more than 24 hours after they happened'$statement$),
(366, 'arrival', $statement$COMMENT ON COLUMN @extschema@.late_arrivals.late_72h IS 'Events that arrived more than 72 hours after they happened'$statement$),
(367, 'arrival', $statement$COMMENT ON COLUMN @extschema@.late_arrivals.expected_completeness IS 'Share of the day''s events that should have arrived by now: of the events of the 28 days that end as of the last day, the share whose lag is no more than the time since the day ended, or up to 3.1 % less than that time, as lags are counted in buckets; null while the day is not over'$statement$),
(368, 'quality', $statement$CREATE VIEW @extschema@.data_quality WITH (security_invoker = true) AS
WITH created AS (
  SELECT task_id,
         min(event_ts) AS created_ts
    FROM @extschema@.fct_event
   WHERE event_name = 'task_created' AND task_id IS NOT NULL
   GROUP BY task_id
), checked AS (
  SELECT event.event_id,
         @extschema@.event_category(event.event_name) IS NULL AS unknown_event_name,
         event.event_name = 'timer_stop' AND event.duration_seconds IS NULL AS missing_duration,
         event.event_name = 'timer_stop' AND event.duration_seconds > 8 * 3600 AS outlying_duration,
         event.task_id IS NULL AND @extschema@.event_category(event.event_name) = 'output' AS output_without_task,
         event.event_name = 'task_completed' AND event.event_ts < created.created_ts AS completed_before_created,
         event.event_ts > now() AS future_event,
         event.ingested_at < event.event_ts AS arrived_before_it_happened,
         event.event_ts < dim_user.created_at AS before_user_existed,
         event.event_ts > dim_user.deactivated_at AS after_deactivation,
         event.account_id <> dim_user.account_id AS account_not_the_users
    FROM @extschema@.fct_event AS event
    JOIN @extschema@.dim_user AS dim_user
      ON dim_user.user_id = event.user_id
    LEFT JOIN created
      ON created.task_id = event.task_id AND event.event_name = 'task_completed'
), counted AS (
  SELECT count(*) AS all_events,
         count(*) FILTER (WHERE unknown_event_name) AS unknown_event_name,
         min(event_id::text) FILTER (WHERE unknown_event_name) AS unknown_event_name_example,
         count(*) FILTER (WHERE missing_duration) AS missing_duration,
         min(event_id::text) FILTER (WHERE missing_duration) AS missing_duration_example,
         count(*) FILTER (WHERE outlying_duration) AS outlying_duration,
         min(event_id::text) FILTER (WHERE outlying_duration) AS outlying_duration_example,
         count(*) FILTER (WHERE output_without_task) AS output_without_task,
         min(event_id::text) FILTER (WHERE output_without_task) AS output_without_task_example,
         count(*) FILTER (WHERE completed_before_created) AS completed_before_created,
         min(event_id::text) FILTER (WHERE completed_before_created) AS completed_before_created_example,
         count(*) FILTER (WHERE future_event) AS future_event,
         min(event_id::text) FILTER (WHERE future_event) AS future_event_example,
         count(*) FILTER (WHERE arrived_before_it_happened) AS arrived_before_it_happened,
         min(event_id::text) FILTER (WHERE arrived_before_it_happened) AS arrived_before_it_happened_example,
         count(*) FILTER (WHERE before_user_existed) AS before_user_existed,
         min(event_id::text) FILTER (WHERE before_user_existed) AS before_user_existed_example,
         count(*) FILTER (WHERE after_deactivation) AS after_deactivation,
         min(event_id::text) FILTER (WHERE after_deactivation) AS after_deactivation_example,
         count(*) FILTER (WHERE account_not_the_users) AS account_not_the_users,
         min(event_id::text) FILTER (WHERE account_not_the_users) AS account_not_the_users_example
    FROM checked
)
SELECT checks.check_name,
       checks.severity,
       checks.events,
       round(checks.events::numeric / nullif(counted.all_events, 0), 4) AS share,
       checks.example::uuid AS example_event_id,
       checks.description
  FROM counted
 CROSS JOIN LATERAL (VALUES
       ('unknown_event_name', 'warning', unknown_event_name, unknown_event_name_example,
        'The event name is not in event_taxonomy: counted as activity, in no category'),
       ('missing_duration', 'warning', missing_duration, missing_duration_example,
        'A timer_stop without duration_seconds: adds nothing to session time'),
       ('outlying_duration', 'warning', outlying_duration, outlying_duration_example,
        'A timer_stop of more than 8 hours: likely a timer left running'),
       ('output_without_task', 'warning', output_without_task, output_without_task_example,
        'An event of category output without task_id: counted as output, not in task_outputs'),
       ('completed_before_created', 'error', completed_before_created, completed_before_created_example,
        'A task_completed before the first task_created of its task'),
       ('future_event', 'error', future_event, future_event_example,
        'event_ts lies in the future: kept out of series until its day has come'),
       ('arrived_before_it_happened', 'error', arrived_before_it_happened, arrived_before_it_happened_example,
        'ingested_at is before event_ts: a clock is wrong'),
       ('before_user_existed', 'error', before_user_existed, before_user_existed_example,
        'event_ts is before the user''s created_at'),
       ('after_deactivation', 'error', after_deactivation, after_deactivation_example,
        'event_ts is after the user''s deactivated_at'),
       ('account_not_the_users', 'info', account_not_the_users, account_not_the_users_example,
        'The event''s account is not the user''s account of today: the user has moved, or the feed is wrong')
       ) AS checks (check_name, severity, events, example, description)$statement$),
(369, 'quality', $statement$COMMENT ON VIEW @extschema@.data_quality IS 'Checks of the raw events: one row a check, also with 0 events'$statement$),
(370, 'quality', $statement$COMMENT ON COLUMN @extschema@.data_quality.check_name IS 'Name of the check'$statement$),
(371, 'quality', $statement$COMMENT ON COLUMN @extschema@.data_quality.severity IS 'error: cannot be right; warning: figures miss something; info: worth a look'$statement$),
(372, 'quality', $statement$COMMENT ON COLUMN @extschema@.data_quality.events IS 'Number of events it finds'$statement$),
(373, 'quality', $statement$COMMENT ON COLUMN @extschema@.data_quality.share IS 'Share of all events; null where there are none'$statement$),
(374, 'quality', $statement$COMMENT ON COLUMN @extschema@.data_quality.example_event_id IS 'The first such event by its id; null where there is none'$statement$),
(375, 'quality', $statement$COMMENT ON COLUMN @extschema@.data_quality.description IS 'What it finds, and what that means for the figures'$statement$),
(376, 'status', $statement$CREATE VIEW @extschema@.usage_status WITH (security_invoker = true) AS
SELECT settings.model_version,
       @extschema@.usage_library_version() AS library_version,
       (SELECT count(*) FROM @extschema@.usage_rollup) AS settled_rows,
       (SELECT count(*) FROM @extschema@.usage_pending) AS pending_rows,
       state.last_fold_at,
       state.last_rows AS last_fold_rows,
       state.last_error,
       state.last_error_at,
       (SELECT min(pid)
          FROM pg_locks
         WHERE locktype = 'object'
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
           AND classid = 'pg_class'::regclass
           AND objid = '@extschema@.usage_pending'::regclass
           AND objsubid = 1
           AND granted) AS folding_pid,
       (SELECT min(@extschema@.first_day(days OPERATOR(@extschema@.*) daterange(state.purged_before, NULL)))
          FROM @extschema@.usage_live_activity) AS first_event_day,
       state.purged_before,
       (SELECT sum(pg_total_relation_size(oid))::bigint
          FROM pg_class
         WHERE relkind = 'r'
           AND oid IN (SELECT '@extschema@.fct_event'::regclass
                       UNION
                       SELECT relid FROM pg_partition_tree('@extschema@.fct_event'))) AS event_bytes,
       pg_total_relation_size('@extschema@.usage_rollup') + pg_total_relation_size('@extschema@.user_activity')
         + pg_total_relation_size('@extschema@.account_rollup') + pg_total_relation_size('@extschema@.usage_totals')
         + pg_total_relation_size('@extschema@.usage_strays') AS rollup_bytes,
       pg_total_relation_size('@extschema@.usage_pending') AS pending_bytes
  FROM @extschema@.usage_settings AS settings
 CROSS JOIN @extschema@.usage_rollup_state AS state$statement$),
(377, 'status', $statement$COMMENT ON VIEW @extschema@.usage_status IS 'How the rollups are doing: one row'$statement$),
(378, 'status', $statement$COMMENT ON COLUMN @extschema@.usage_status.model_version IS 'Version of the library that made the model'$statement$),
(379, 'status', $statement$COMMENT ON COLUMN @extschema@.usage_status.library_version IS 'Version of the library; where it is newer, call upgrade_usage_model()'$statement$),
(380, 'status', $statement$COMMENT ON COLUMN @extschema@.usage_status.settled_rows IS 'Rows of usage_rollup'$statement$),
(381, 'status', $statement$COMMENT ON COLUMN @extschema@.usage_status.pending_rows IS 'Rows of usage_pending, not yet folded; every figure counts them'$statement$),
(382, 'status', $statement$COMMENT ON COLUMN @extschema@.usage_status.last_fold_at IS 'When the last fold was made'$statement$),
(383, 'status', $statement$COMMENT ON COLUMN @extschema@.usage_status.last_fold_rows IS 'Number of pending rows that it folded'$statement$),
(384, 'status', $statement$COMMENT ON COLUMN @extschema@.usage_status.last_error IS 'Why the last fold in the background failed; null once one succeeds'$statement$),
(385, 'status', $statement$COMMENT ON COLUMN @extschema@.usage_status.last_error_at IS 'When it failed'$statement$),
(386, 'status', $statement$COMMENT ON COLUMN @extschema@.usage_status.folding_pid IS 'Process that folds, rebuilds, purges or erases now, as in pg_stat_activity.pid; null where none does'$statement$),
(387, 'status', $statement$COMMENT ON COLUMN @extschema@.usage_status.first_event_day IS 'First day of the raw history: of the first event since purged_before'$statement$),
(388, 'status', $statement$COMMENT ON COLUMN @extschema@.usage_status.purged_before IS 'Raw events of days before this were purged; null where none were'$statement$),
(389, 'status', $statement$COMMENT ON COLUMN @extschema@.usage_status.event_bytes IS 'Size of fct_event with its indexes, in bytes'$statement$),
(390, 'status', $statement$COMMENT ON COLUMN @extschema@.usage_status.rollup_bytes IS 'Size of the rollups with their indexes, in bytes'$statement$),
(391, 'status', $statement$COMMENT ON COLUMN @extschema@.usage_status.pending_bytes IS 'Size of the file of usage_pending, in bytes; what is folded leaves room in it that is used again'$statement$),
(392, 'catalog', $statement$CREATE VIEW @extschema@.metric_catalog WITH (security_invoker = true) AS
SELECT metric,
       definition,
       given_by,
       grain,
       unit
  FROM (VALUES
    ('dau', 'Users active on the day: with at least one event that happened on it', 'daily_active_users', 'day', 'users'),
    ('wau', 'Users active in the 7 days that end with the day', 'daily_active_users', 'day', 'users'),
    ('mau', 'Users active in the 30 days that end with the day', 'daily_active_users', 'day', 'users'),
    ('stickiness', 'dau / mau', 'daily_active_users', 'day', 'ratio'),
    ('dau', 'The same by plan, region and role', 'daily_active_users_by_segment', 'day, plan_tier, region, role', 'users'),
    ('wau', 'The same by plan, region and role', 'daily_active_users_by_segment', 'day, plan_tier, region, role', 'users'),
    ('mau', 'The same by plan, region and role', 'daily_active_users_by_segment', 'day, plan_tier, region, role', 'users'),
    ('active_users', 'Users active in the calendar week', 'weekly_active_users', 'week', 'users'),
    ('active_users', 'Users active in the calendar month', 'monthly_active_users', 'month', 'users'),
    ('active_users', 'Users active in the period, by any event, one event or a category', 'active_users()', 'day, week, month or quarter; segment', 'users'),
    ('new_users', 'Those of them who had never been active before', 'active_users()', 'day, week, month or quarter; segment', 'users'),
    ('active_users', 'Users active in the 1 to 366 days that end with the day', 'rolling_active_users()', 'day; segment', 'users'),
    ('active_users', 'Users active under the account on the day', 'account_daily_usage', 'day, account', 'users'),
    ('active_days', 'Days with at least one event in the week', 'user_weekly_activity', 'week, account, user', 'days'),
    ('users', 'Users by their active days among the 28 that end with the as-of day (L28)', 'active_days_histogram', 'active_days 0 to 28', 'users'),
    ('users', 'Users by the number of days on which they were active in the period', 'stickiness()', 'day, week, month or quarter; active_days; segment', 'users'),
    ('share', 'Their share of the users active in the period', 'stickiness()', 'day, week, month or quarter; active_days; segment', 'ratio'),
    ('current_streak', 'Days in a row on which the user was active, up to the day', 'streaks()', 'user', 'days'),
    ('longest_streak', 'The most days in a row until then', 'streaks()', 'user', 'days'),
    ('active_days', 'Days on which the user was active, of the 28 that end with the day', 'power_users()', 'user', 'days'),
    ('retention_rate', 'Share of a week''s new users who are active so many weeks later', 'retention_weekly', 'week, weeks_since', 'ratio'),
    ('retention_rate', 'Share of the users whose first start event was in the period who have a return event so many periods later, or then or later', 'retention_report()', 'day, week, month or quarter; period_number; segment', 'ratio'),
    ('new_users', 'Users active for the first time', 'user_lifecycle_weekly', 'week', 'users'),
    ('returning_users', 'Users active in the week and in the one before', 'user_lifecycle_weekly', 'week', 'users'),
    ('resurrected_users', 'Users active in the week, not in the one before, and not new', 'user_lifecycle_weekly', 'week', 'users'),
    ('dormant_users', 'Users active in the week before, not in this one', 'user_lifecycle_weekly', 'week', 'users'),
    ('new_users', 'Users active for the first time', 'lifecycle()', 'day, week, month or quarter; segment', 'users'),
    ('returning_users', 'Users active in the period and in the one before', 'lifecycle()', 'day, week, month or quarter; segment', 'users'),
    ('resurrected_users', 'Users active in the period, not in the one before, and not new', 'lifecycle()', 'day, week, month or quarter; segment', 'users'),
    ('dormant_users', 'Users active in the period before, not in this one', 'lifecycle()', 'day, week, month or quarter; segment', 'users'),
    ('events', 'Number of events', 'user_daily_activity', 'day, account, user', 'events'),
    ('engagement_events', 'Events of category engagement', 'user_daily_activity', 'day, account, user', 'events'),
    ('work_session_events', 'Events of category work_session', 'user_daily_activity', 'day, account, user', 'events'),
    ('output_events', 'Events of category output', 'user_daily_activity', 'day, account, user', 'events'),
    ('work_seconds', 'Session time: duration of timer_stop events', 'user_daily_activity', 'day, account, user', 'seconds'),
    ('tasks_created', 'task_created events', 'user_daily_activity', 'day, account, user', 'events'),
    ('tasks_completed', 'task_completed events', 'user_daily_activity', 'day, account, user', 'events'),
    ('events', 'Number of events', 'account_daily_usage', 'day, account', 'events'),
    ('work_seconds', 'Session time: duration of timer_stop events', 'account_daily_usage', 'day, account', 'seconds'),
    ('tasks_created', 'task_created events', 'account_daily_usage', 'day, account', 'events'),
    ('tasks_completed', 'task_completed events', 'account_daily_usage', 'day, account', 'events'),
    ('value', 'Events, work_seconds, tasks_created or tasks_completed, as asked for', 'usage_trend()', 'day, week, month or quarter; segment', 'as the metric'),
    ('value_per_active_user', 'The same for each user active in the period', 'usage_trend()', 'day, week, month or quarter; segment', 'as the metric'),
    ('change', 'Change against the period before, as a share of that', 'usage_trend()', 'day, week, month or quarter; segment', 'ratio'),
    ('users', 'Users with such an event on the day', 'feature_adoption', 'day, event_name', 'users'),
    ('adoption_rate', 'Their share of the users active on the day', 'feature_adoption', 'day, event_name', 'ratio'),
    ('seats', 'Users of the account who hold a seat today', 'account_health', 'account', 'users'),
    ('seat_utilisation', 'Users active in the last 28 days / seats', 'account_health', 'account', 'ratio'),
    ('health', 'new, dormant, at_risk or healthy, by a rule', 'account_health', 'account', 'label'),
    ('duration_seconds', 'Length of a work session', 'work_sessions', 'timer_stop event', 'seconds'),
    ('cycle_seconds', 'From the first creation of a task to its first completion', 'task_outputs', 'task', 'seconds'),
    ('conversion_from_first', 'Share of those who took the first step that took this one, too, in order and in time', 'funnel()', 'step; segment', 'ratio'),
    ('median_seconds_from_previous', 'Median time from one step to the next', 'funnel()', 'step; segment', 'seconds'),
    ('lag_p95', 'Lag from happening to arriving that 95 per cent of the events do not exceed; lag_p50 and lag_p99 likewise', 'event_freshness', 'source', 'interval'),
    ('late_share', 'Share of events with a lag above 1 hour', 'event_freshness', 'source', 'ratio'),
    ('late_24h', 'Events of the day with a lag above 24 hours; late_1h and late_72h likewise', 'late_arrivals', 'day', 'events'),
    ('expected_completeness', 'Share of the day''s events that should have arrived by now', 'late_arrivals', 'day', 'ratio'),
    ('events', 'Events that a check finds', 'data_quality', 'check', 'events'))
    AS catalog (metric, definition, given_by, grain, unit)$statement$),
(393, 'catalog', $statement$COMMENT ON VIEW @extschema@.metric_catalog IS 'What is measured: one row per metric and the view or function that gives it'$statement$),
(394, 'catalog', $statement$COMMENT ON COLUMN @extschema@.metric_catalog.metric IS 'Name of the column'$statement$),
(395, 'catalog', $statement$COMMENT ON COLUMN @extschema@.metric_catalog.definition IS 'What it counts'$statement$),
(396, 'catalog', $statement$COMMENT ON COLUMN @extschema@.metric_catalog.given_by IS 'View or function that has it; functions with ()'$statement$),
(397, 'catalog', $statement$COMMENT ON COLUMN @extschema@.metric_catalog.grain IS 'What there is a figure for'$statement$),
(398, 'catalog', $statement$COMMENT ON COLUMN @extschema@.metric_catalog.unit IS 'What it is counted in; ratio is a share with 4 decimals'$statement$),
(399, 'security', $statement$CREATE TABLE @extschema@.usage_account_access (
  role_name  name NOT NULL,
  account_id uuid NOT NULL
)$statement$),
(400, 'security', $statement$ALTER TABLE @extschema@.usage_account_access ADD CONSTRAINT usage_account_access_pkey PRIMARY KEY (role_name, account_id)$statement$),
(401, 'security', $statement$COMMENT ON TABLE @extschema@.usage_account_access IS 'Accounts that roles may see, a row each; without effect until enable_account_security() is called'$statement$),
(402, 'security', $statement$COMMENT ON COLUMN @extschema@.usage_account_access.role_name IS 'Name of the role, as in current_user'$statement$),
(403, 'security', $statement$COMMENT ON COLUMN @extschema@.usage_account_access.account_id IS 'Account that it may see; a row stays when the account is deleted, and is without effect then'$statement$)
) AS model (step, topic, statement)
$script$;

COMMENT ON FUNCTION @extschema@.usage_model_script() IS
  'The statements that make the model, in the order in which create_usage_model() runs them';

CREATE FUNCTION @extschema@.usage_library_version()
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '1.0'::text;

COMMENT ON FUNCTION @extschema@.usage_library_version() IS
  'Version of the installed library; the model''s own is in usage_settings.model_version';

SELECT @extschema@.create_usage_model();
