-- Rollups: derived from fct_event, kept by the library, never written by hand.

CREATE TABLE @extschema@.usage_rollup (
  account_id uuid NOT NULL,
  user_id    uuid NOT NULL,
  month      date NOT NULL,
  events     @extschema@.dayseries_map NOT NULL,
  seconds    @extschema@.dayseries_map NOT NULL,
  sources    @extschema@.dayseries_map NOT NULL
) WITH (fillfactor = 90);

ALTER TABLE @extschema@.usage_rollup ADD CONSTRAINT usage_rollup_pkey PRIMARY KEY (account_id, user_id, month);

COMMENT ON TABLE @extschema@.usage_rollup IS 'Settled sums of events: a row per account, user and month; derived, not to be written by hand';
COMMENT ON COLUMN @extschema@.usage_rollup.account_id IS 'Account of the events';
COMMENT ON COLUMN @extschema@.usage_rollup.user_id IS 'User of the events';
COMMENT ON COLUMN @extschema@.usage_rollup.month IS 'First day of the month';
COMMENT ON COLUMN @extschema@.usage_rollup.events IS 'Number of events a day, by event name';
COMMENT ON COLUMN @extschema@.usage_rollup.seconds IS 'Seconds of duration a day, by event name';
COMMENT ON COLUMN @extschema@.usage_rollup.sources IS 'Number of events a day, by source; unknown where that is null';

CREATE TABLE @extschema@.user_activity (
  account_id uuid NOT NULL,
  user_id    uuid NOT NULL,
  days       @extschema@.dayset NOT NULL,
  shared     boolean NOT NULL DEFAULT false
) WITH (fillfactor = 90);

ALTER TABLE @extschema@.user_activity ADD CONSTRAINT user_activity_pkey PRIMARY KEY (account_id, user_id);
CREATE INDEX user_activity_user_id_idx ON @extschema@.user_activity (user_id);
CREATE INDEX user_activity_shared_idx ON @extschema@.user_activity (user_id) WHERE shared;

COMMENT ON TABLE @extschema@.user_activity IS 'Settled days of activity: a row per account and user, for all time; derived, not to be written by hand';
COMMENT ON COLUMN @extschema@.user_activity.account_id IS 'Account of the events';
COMMENT ON COLUMN @extschema@.user_activity.user_id IS 'User of the events';
COMMENT ON COLUMN @extschema@.user_activity.days IS 'Days with at least one event';
COMMENT ON COLUMN @extschema@.user_activity.shared IS 'Whether the user has rows under several accounts';

-- The second level: the same sums over an account's users, and over everybody

-- The short columns come first: what they hold is found without reading past the long ones.
-- Rows stay whole up to a page, and uncompressed: folds write them again and again, and
-- compressed they are hardly smaller.
CREATE TABLE @extschema@.account_rollup (
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
) WITH (fillfactor = 70, toast_tuple_target = 8160);

ALTER TABLE @extschema@.account_rollup ADD CONSTRAINT account_rollup_pkey PRIMARY KEY (account_id, month);

COMMENT ON TABLE @extschema@.account_rollup IS 'Settled sums over the users of an account: a row per account and month; derived, not to be written by hand';
COMMENT ON COLUMN @extschema@.account_rollup.account_id IS 'Account of the events';
COMMENT ON COLUMN @extschema@.account_rollup.month IS 'First day of the month; each series holds what falls into it';
COMMENT ON COLUMN @extschema@.account_rollup.events IS 'Number of events a day, by event name';
COMMENT ON COLUMN @extschema@.account_rollup.seconds IS 'Seconds of duration a day, by event name';
COMMENT ON COLUMN @extschema@.account_rollup.sources IS 'Number of events a day, by source; unknown where that is null';
COMMENT ON COLUMN @extschema@.account_rollup.event_users IS 'Users with such an event a day, by event name';
COMMENT ON COLUMN @extschema@.account_rollup.dau IS 'Users active on each day';
COMMENT ON COLUMN @extschema@.account_rollup.wau IS 'Users active in the 7 days that end with each day';
COMMENT ON COLUMN @extschema@.account_rollup.active_28d IS 'Users active in the 28 days that end with each day';
COMMENT ON COLUMN @extschema@.account_rollup.mau IS 'Users active in the 30 days that end with each day';
COMMENT ON COLUMN @extschema@.account_rollup.weekly IS 'Users whose first active day of a week is that day: added up by week, the users active in it';
COMMENT ON COLUMN @extschema@.account_rollup.monthly IS 'Users whose first active day of a month is that day';
COMMENT ON COLUMN @extschema@.account_rollup.quarterly IS 'Users whose first active day of a quarter is that day';
COMMENT ON COLUMN @extschema@.account_rollup.lifecycle IS 'Of these, the users who are new, under their first active day of all, and who return, having been active in the period before: by day, week, month and quarter';
COMMENT ON COLUMN @extschema@.account_rollup.cohorts IS 'As weekly, by the users'' first active week';

CREATE TABLE @extschema@.usage_totals (
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
) WITH (fillfactor = 70, toast_tuple_target = 8160);

ALTER TABLE @extschema@.usage_totals ADD CONSTRAINT usage_totals_pkey PRIMARY KEY (month);
-- Read whole, and hardly smaller when compressed
ALTER TABLE @extschema@.usage_totals ALTER lags SET STORAGE EXTERNAL;

COMMENT ON TABLE @extschema@.usage_totals IS 'Settled sums over all users, each counted once: a row a month; derived, not to be written by hand';
COMMENT ON COLUMN @extschema@.usage_totals.month IS 'First day of the month; each series holds what falls into it';
COMMENT ON COLUMN @extschema@.usage_totals.events IS 'Number of events a day, by event name';
COMMENT ON COLUMN @extschema@.usage_totals.seconds IS 'Seconds of duration a day, by event name';
COMMENT ON COLUMN @extschema@.usage_totals.sources IS 'Number of events a day, by source; unknown where that is null';
COMMENT ON COLUMN @extschema@.usage_totals.lags IS 'Number of events a day, by source and lag from happening to arriving: the label is the source, a space and the number of the lag''s bucket, see lag_bucket()';
COMMENT ON COLUMN @extschema@.usage_totals.event_users IS 'Users with such an event a day, by event name';
COMMENT ON COLUMN @extschema@.usage_totals.dau IS 'Users active on each day';
COMMENT ON COLUMN @extschema@.usage_totals.wau IS 'Users active in the 7 days that end with each day';
COMMENT ON COLUMN @extschema@.usage_totals.active_28d IS 'Users active in the 28 days that end with each day';
COMMENT ON COLUMN @extschema@.usage_totals.mau IS 'Users active in the 30 days that end with each day';
COMMENT ON COLUMN @extschema@.usage_totals.weekly IS 'Users whose first active day of a week is that day: added up by week, the users active in it';
COMMENT ON COLUMN @extschema@.usage_totals.monthly IS 'Users whose first active day of a month is that day';
COMMENT ON COLUMN @extschema@.usage_totals.quarterly IS 'Users whose first active day of a quarter is that day';
COMMENT ON COLUMN @extschema@.usage_totals.lifecycle IS 'Of these, the users who are new, under their first active day of all, and who return, having been active in the period before: by day, week, month and quarter';
COMMENT ON COLUMN @extschema@.usage_totals.cohorts IS 'As weekly, by the users'' first active week';

CREATE TABLE @extschema@.usage_pending (
  account_id uuid NOT NULL,
  user_id    uuid NOT NULL,
  month      date NOT NULL,
  events     @extschema@.dayseries_map NOT NULL,
  seconds    @extschema@.dayseries_map NOT NULL,
  sources    @extschema@.dayseries_map NOT NULL,
  lags       @extschema@.dayseries_map NOT NULL
);

ALTER TABLE @extschema@.usage_pending REPLICA IDENTITY FULL;
-- Every read passes over its pages, the empty ones too, so these are to be given back soon.
ALTER TABLE @extschema@.usage_pending SET (
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_cost_delay = 0,
  autovacuum_analyze_threshold = 1000,
  autovacuum_analyze_scale_factor = 0);

COMMENT ON TABLE @extschema@.usage_pending IS 'Changes not yet folded into the rollups, signed, appended by each statement on fct_event; derived, not to be written by hand';
COMMENT ON COLUMN @extschema@.usage_pending.account_id IS 'Account of the events';
COMMENT ON COLUMN @extschema@.usage_pending.user_id IS 'User of the events';
COMMENT ON COLUMN @extschema@.usage_pending.month IS 'First day of the month';
COMMENT ON COLUMN @extschema@.usage_pending.events IS 'Change of usage_rollup.events';
COMMENT ON COLUMN @extschema@.usage_pending.seconds IS 'Change of usage_rollup.seconds';
COMMENT ON COLUMN @extschema@.usage_pending.sources IS 'Change of usage_rollup.sources';
COMMENT ON COLUMN @extschema@.usage_pending.lags IS 'Change of usage_totals.lags';

-- Appended by folds and by writers of dim_user, who look for nothing in it: users
-- may be there several times. It is made anew by rebuild_rollups().
CREATE TABLE @extschema@.usage_strays (
  user_id uuid NOT NULL
);

ALTER TABLE @extschema@.usage_strays REPLICA IDENTITY FULL;

COMMENT ON TABLE @extschema@.usage_strays IS 'Users who may have settled activity under another account than today''s, or be gone from dim_user: all of these, and maybe others, each once or more; derived, not to be written by hand';
COMMENT ON COLUMN @extschema@.usage_strays.user_id IS 'User with a row in user_activity that may not be under the account in dim_user';

CREATE TABLE @extschema@.usage_rollup_state (
  purged_before date,
  last_fold_at  timestamptz,
  last_rows     bigint,
  last_error    text,
  last_error_at timestamptz,
  singleton     boolean NOT NULL DEFAULT true
);

ALTER TABLE @extschema@.usage_rollup_state ADD CONSTRAINT usage_rollup_state_pkey PRIMARY KEY (singleton);
ALTER TABLE @extschema@.usage_rollup_state ADD CONSTRAINT usage_rollup_state_singleton_check CHECK (singleton);

INSERT INTO @extschema@.usage_rollup_state DEFAULT VALUES;

COMMENT ON TABLE @extschema@.usage_rollup_state IS 'State of the rollups, one row; usage_status shows it';
COMMENT ON COLUMN @extschema@.usage_rollup_state.purged_before IS 'Raw events of days before this were purged; null where none were';
COMMENT ON COLUMN @extschema@.usage_rollup_state.last_fold_at IS 'When the last fold committed';
COMMENT ON COLUMN @extschema@.usage_rollup_state.last_rows IS 'Number of pending rows that it folded';
COMMENT ON COLUMN @extschema@.usage_rollup_state.last_error IS 'Message of the last fold in the background that failed; null once one succeeds';
COMMENT ON COLUMN @extschema@.usage_rollup_state.last_error_at IS 'When it failed';
COMMENT ON COLUMN @extschema@.usage_rollup_state.singleton IS 'Always true: there is one row';

-- Capture of every statement on fct_event
CREATE OR REPLACE TRIGGER usage_capture_insert AFTER INSERT ON @extschema@.fct_event
REFERENCING NEW TABLE AS new_events FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.usage_capture();
CREATE OR REPLACE TRIGGER usage_capture_update AFTER UPDATE ON @extschema@.fct_event
REFERENCING OLD TABLE AS old_events NEW TABLE AS new_events FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.usage_capture();
CREATE OR REPLACE TRIGGER usage_capture_delete AFTER DELETE ON @extschema@.fct_event
REFERENCING OLD TABLE AS old_events FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.usage_capture();
CREATE OR REPLACE TRIGGER usage_capture_truncate AFTER TRUNCATE ON @extschema@.fct_event
FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.usage_capture();
CREATE OR REPLACE TRIGGER usage_capture_delete AFTER DELETE ON @extschema@.dim_user
REFERENCING OLD TABLE AS old_users FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.usage_capture_users();
CREATE OR REPLACE TRIGGER usage_capture_update AFTER UPDATE ON @extschema@.dim_user
FOR EACH ROW WHEN (OLD.user_id <> NEW.user_id) EXECUTE FUNCTION @extschema@.usage_capture_users();
-- Row by row, as users may move to another partition, and only where it matters
CREATE OR REPLACE TRIGGER usage_capture_strays_update AFTER UPDATE ON @extschema@.dim_user
FOR EACH ROW WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id OR OLD.account_id IS DISTINCT FROM NEW.account_id)
EXECUTE FUNCTION @extschema@.usage_capture_strays();
CREATE OR REPLACE TRIGGER usage_capture_strays_delete AFTER DELETE ON @extschema@.dim_user
FOR EACH ROW EXECUTE FUNCTION @extschema@.usage_capture_strays();
CREATE OR REPLACE TRIGGER usage_capture_strays_truncate AFTER TRUNCATE ON @extschema@.dim_user
FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.usage_capture_strays();
