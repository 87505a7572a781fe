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
