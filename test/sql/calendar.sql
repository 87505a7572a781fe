-- The day of a moment is what (moment AT TIME ZONE zone)::date says.
BEGIN;
SET LOCAL TimeZone = 'UTC';
SET LOCAL DateStyle = 'ISO';
SELECT setseed(0.5);

CREATE FUNCTION pg_temp.naive(moment timestamptz, zone text) RETURNS date
LANGUAGE sql STABLE
RETURN (moment AT TIME ZONE zone)::date;

-- Random moments of eight centuries, in every zone. (A name that is also an
-- abbreviation, such as CET, means a fixed offset to AT TIME ZONE.)
CREATE TEMPORARY TABLE zones AS
  SELECT name
    FROM pg_timezone_names
   WHERE name !~ '^(posix|right)/'
     AND upper(name) NOT IN (SELECT abbrev FROM pg_timezone_abbrevs);
CREATE TEMPORARY TABLE moments AS
  SELECT timestamptz '1600-01-01' + random() * interval '800 years' AS moment FROM generate_series(1, 300);
SELECT count(*) > 100000 AS many,
       count(*) FILTER (WHERE event_day(moment, name) IS DISTINCT FROM pg_temp.naive(moment, name)) AS wrong
  FROM zones, moments;

-- Around every midnight of two centuries, to the microsecond, forwards and at
-- random: in these zones, clocks changed at midnight, by days, or by seconds.
CREATE TEMPORARY TABLE edges AS
  SELECT name, (midnight AT TIME ZONE name) - before AS moment
    FROM (VALUES ('Europe/Berlin'), ('America/St_Johns'), ('Pacific/Apia'), ('Africa/Monrovia'), ('America/Havana')) AS zone (name),
         generate_series(timestamp '1860-01-01', '2060-01-01', '1 day') AS midnight,
         unnest('{0, 1 microsecond}'::interval[]) AS before;
SELECT count(*) > 700000 AS many,
       count(*) FILTER (WHERE event_day(moment, name) <> (moment AT TIME ZONE name)::date) AS wrong
  FROM edges;
SELECT count(*) FILTER (WHERE event_day(moment, name) <> (moment AT TIME ZONE name)::date) AS wrong
  FROM (SELECT * FROM edges TABLESAMPLE SYSTEM (20) REPEATABLE (1) ORDER BY name, hashtext(moment::text)) AS shuffled;

-- Apia had no 30 December 2011; clocks in St. John's went back at one past midnight.
SELECT event_day('2011-12-30 09:59:59.999999Z', 'Pacific/Apia') AS before,
       event_day('2011-12-30 10:00:00Z', 'Pacific/Apia') AS after,
       event_day('1990-10-28 02:30:59.999999Z', 'America/St_Johns') AS before_0001,
       event_day('1990-10-28 02:31:00Z', 'America/St_Johns') AS back_to_2301,
       event_day('1990-10-28 03:30:00Z', 'America/St_Johns') AS midnight_again;

-- As far as timestamps go; a day later where the zone makes it one.
SELECT event_day('4713-01-01 00:00:00 BC', 'UTC') AS first,
       event_day('0001-01-01 00:00:00 BC', 'Europe/Berlin') AS year_0,
       event_day('294276-12-31 23:59:59.999999', 'UTC') AS last,
       event_day('294276-12-31 23:59:59.999999', 'Asia/Tokyo') AS later_still;

-- Names are those of pg_timezone_names, in any case; a POSIX rule is one, too.
SELECT event_day('2026-07-01 22:30Z', 'Europe/Madrid') AS zone_with_summer_time,
       event_day('2026-07-01 22:30Z', 'europe/berlin') AS lower_case,
       event_day('2026-07-01 22:30Z', 'XYZ-2') AS posix;

SELECT event_day(NULL, 'UTC') IS NULL AND event_day(now(), NULL) IS NULL AND event_day(NULL) IS NULL AS null_is_null;

-- In the reporting time zone: a change is seen at once, by the same transaction,
SELECT event_day('2026-01-01 20:00Z') AS utc;
SELECT set_usage_time_zone('Asia/Kolkata');
SELECT event_day('2026-01-01 20:00Z') AS kolkata;

-- by one expression of PL/pgSQL that is evaluated again and again, also when a
-- change is rolled back,
DO $$
DECLARE
  zone text;
  moment timestamptz;
  day date;
BEGIN
  FOR zone, moment IN SELECT name, timestamptz '2000-01-01' + random() * interval '30 years' FROM zones ORDER BY name LOOP
    BEGIN
      UPDATE usage_settings SET time_zone = zone;
      day := event_day(moment);
      ASSERT day = pg_temp.naive(moment, zone), zone;
      IF random() < 0.5 THEN
        RAISE division_by_zero;
      END IF;
    EXCEPTION WHEN division_by_zero THEN
      zone := (SELECT time_zone FROM usage_settings);
    END;
    day := event_day(moment);
    ASSERT day = pg_temp.naive(moment, zone), zone;
  END LOOP;
END $$;

-- and by a prepared statement.
PREPARE day AS SELECT event_day('2026-01-01 20:00Z');
SELECT set_usage_time_zone('UTC');
EXECUTE day;
SELECT set_usage_time_zone('asia/tokyo');
EXECUTE day;

-- A query that is running goes on with the zone of its snapshot.
CREATE FUNCTION pg_temp.change(zone text) RETURNS text
LANGUAGE plpgsql
AS $$ BEGIN PERFORM public.set_usage_time_zone(zone); RETURN zone; END $$;
SELECT n, event_day('2026-01-01 20:00Z'), pg_temp.change((ARRAY['Asia/Tokyo', 'UTC'])[1 + n % 2])
  FROM generate_series(1, 4) AS n;
SELECT event_day('2026-01-01 20:00Z');
DECLARE days CURSOR FOR SELECT event_day('2026-01-01 20:00Z') FROM generate_series(1, 4);
FETCH days;
SELECT set_usage_time_zone('UTC');
FETCH days;
CLOSE days;
SELECT event_day('2026-01-01 20:00Z');

-- Workers know the zone, too.
SELECT set_usage_time_zone('America/St_Johns');
CREATE TABLE many_moments AS
  SELECT timestamptz '1900-01-01' + random() * interval '150 years' AS moment FROM generate_series(1, 20000);
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF)
SELECT count(*) FROM many_moments WHERE event_day(moment) <> (moment AT TIME ZONE 'America/St_Johns')::date;
SELECT count(*) FROM many_moments WHERE event_day(moment) <> (moment AT TIME ZONE 'America/St_Johns')::date;
ROLLBACK;

-- Errors.
\set VERBOSITY sqlstate
SELECT event_day('infinity');
SELECT event_day('-infinity', 'UTC');
SELECT event_day(now(), 'Mars/Olympus_Mons');
SELECT event_day(now(), '');
SELECT event_day(now(), repeat('x', 1000));
BEGIN;
UPDATE usage_settings SET time_zone = 'Mars/Olympus_Mons';
SELECT event_day(now());
ROLLBACK;
BEGIN;
DELETE FROM usage_settings;
SELECT event_day(now());
ROLLBACK;
BEGIN;
SET LOCAL client_min_messages = warning;
DROP TABLE usage_settings CASCADE;
SELECT event_day(now());
ROLLBACK;
