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
