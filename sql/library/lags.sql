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
