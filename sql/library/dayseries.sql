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
