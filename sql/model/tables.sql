-- dim_account: a row per customer
CREATE TABLE @extschema@.dim_account (
  account_id   uuid NOT NULL,
  account_name text,
  plan_tier    text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  region       text,
  is_active    boolean NOT NULL DEFAULT true
);

ALTER TABLE @extschema@.dim_account ADD CONSTRAINT dim_account_pkey PRIMARY KEY (account_id);

COMMENT ON TABLE @extschema@.dim_account IS 'Customers, a row each';
COMMENT ON COLUMN @extschema@.dim_account.account_id IS 'Key of the account';
COMMENT ON COLUMN @extschema@.dim_account.account_name IS 'Name to show';
COMMENT ON COLUMN @extschema@.dim_account.plan_tier IS 'Plan the account is on today, such as free, pro or enterprise';
COMMENT ON COLUMN @extschema@.dim_account.created_at IS 'When the account came to be';
COMMENT ON COLUMN @extschema@.dim_account.region IS 'Sales region';
COMMENT ON COLUMN @extschema@.dim_account.is_active IS 'Whether the account is a customer today';

-- dim_user: a row per user
CREATE TABLE @extschema@.dim_user (
  user_id        uuid NOT NULL,
  account_id     uuid NOT NULL,
  role           text NOT NULL,
  country        text,
  created_at     timestamptz NOT NULL DEFAULT now(),
  activated_at   timestamptz,
  is_active      boolean NOT NULL DEFAULT true,
  deactivated_at timestamptz
);

ALTER TABLE @extschema@.dim_user ADD CONSTRAINT dim_user_pkey PRIMARY KEY (user_id);
ALTER TABLE @extschema@.dim_user ADD CONSTRAINT dim_user_account_id_fkey FOREIGN KEY (account_id) REFERENCES @extschema@.dim_account (account_id);
ALTER TABLE @extschema@.dim_user ADD CONSTRAINT dim_user_activated_at_check CHECK (activated_at >= created_at);
ALTER TABLE @extschema@.dim_user ADD CONSTRAINT dim_user_deactivated_at_check CHECK (deactivated_at >= created_at);
ALTER TABLE @extschema@.dim_user ADD CONSTRAINT dim_user_is_active_check CHECK (NOT is_active OR deactivated_at IS NULL);
CREATE INDEX dim_user_account_id_idx ON @extschema@.dim_user (account_id);

COMMENT ON TABLE @extschema@.dim_user IS 'Users, a row each';
COMMENT ON COLUMN @extschema@.dim_user.user_id IS 'Key of the user';
COMMENT ON COLUMN @extschema@.dim_user.account_id IS 'Account the user belongs to today';
COMMENT ON COLUMN @extschema@.dim_user.role IS 'Role in the account, such as member, manager or admin';
COMMENT ON COLUMN @extschema@.dim_user.country IS 'Country of the user';
COMMENT ON COLUMN @extschema@.dim_user.created_at IS 'When the user was invited or signed up';
COMMENT ON COLUMN @extschema@.dim_user.activated_at IS 'When the user first accepted; null where that has not happened';
COMMENT ON COLUMN @extschema@.dim_user.is_active IS 'Whether the user holds a seat today';
COMMENT ON COLUMN @extschema@.dim_user.deactivated_at IS 'When the seat was given up';

-- fct_event: a row per event, the single source of truth. Fixed-width columns first.
CREATE TABLE @extschema@.fct_event (
  event_id         uuid NOT NULL DEFAULT @extschema@.new_event_id(),
  user_id          uuid NOT NULL,
  account_id       uuid NOT NULL,
  task_id          uuid,
  event_ts         timestamptz NOT NULL,
  ingested_at      timestamptz NOT NULL DEFAULT now(),
  duration_seconds integer,
  event_name       text NOT NULL,
  source           text
);

ALTER TABLE @extschema@.fct_event ADD CONSTRAINT fct_event_pkey PRIMARY KEY (event_id);
ALTER TABLE @extschema@.fct_event ADD CONSTRAINT fct_event_user_id_fkey FOREIGN KEY (user_id) REFERENCES @extschema@.dim_user (user_id);
ALTER TABLE @extschema@.fct_event ADD CONSTRAINT fct_event_account_id_fkey FOREIGN KEY (account_id) REFERENCES @extschema@.dim_account (account_id);
ALTER TABLE @extschema@.fct_event ADD CONSTRAINT fct_event_event_name_check CHECK (octet_length(event_name) BETWEEN 1 AND 200);
ALTER TABLE @extschema@.fct_event ADD CONSTRAINT fct_event_event_ts_check CHECK (isfinite(event_ts));
ALTER TABLE @extschema@.fct_event ADD CONSTRAINT fct_event_ingested_at_check CHECK (isfinite(ingested_at));
ALTER TABLE @extschema@.fct_event ADD CONSTRAINT fct_event_duration_seconds_check CHECK (duration_seconds >= 0);
ALTER TABLE @extschema@.fct_event ADD CONSTRAINT fct_event_source_check CHECK (source IN ('desktop', 'web', 'mobile', 'api'));
CREATE INDEX fct_event_user_id_event_ts_idx ON @extschema@.fct_event (user_id, event_ts) INCLUDE (event_name);
CREATE INDEX fct_event_account_id_event_ts_idx ON @extschema@.fct_event (account_id, event_ts);
-- For periods, and for the latest of a source, which is found from the end
CREATE INDEX fct_event_event_ts_idx ON @extschema@.fct_event (event_ts);
CREATE INDEX fct_event_ingested_at_idx ON @extschema@.fct_event (ingested_at);

COMMENT ON TABLE @extschema@.fct_event IS 'Events, a row each, never summarised: the single source of truth';
COMMENT ON COLUMN @extschema@.fct_event.event_id IS 'Key of the event, made by the client, so that a retried insert is recognised';
COMMENT ON COLUMN @extschema@.fct_event.user_id IS 'User who did it';
COMMENT ON COLUMN @extschema@.fct_event.account_id IS 'Account of the user at the time, which the user may have left since';
COMMENT ON COLUMN @extschema@.fct_event.task_id IS 'Task it was about, if any';
COMMENT ON COLUMN @extschema@.fct_event.event_ts IS 'When it happened; metrics go by this';
COMMENT ON COLUMN @extschema@.fct_event.ingested_at IS 'When it arrived; freshness and late data go by this';
COMMENT ON COLUMN @extschema@.fct_event.duration_seconds IS 'Seconds of work; session time is that of timer_stop events and of no others';
COMMENT ON COLUMN @extschema@.fct_event.event_name IS 'What was done; event_taxonomy gives its category';
COMMENT ON COLUMN @extschema@.fct_event.source IS 'Client it came from: desktop, web, mobile or api; null where unknown';

-- event_taxonomy: reference data
CREATE TABLE @extschema@.event_taxonomy (
  event_name     text NOT NULL,
  event_category text NOT NULL
);

ALTER TABLE @extschema@.event_taxonomy ADD CONSTRAINT event_taxonomy_pkey PRIMARY KEY (event_name);

COMMENT ON TABLE @extschema@.event_taxonomy IS 'Category of each known event name; add rows for events of your own';
COMMENT ON COLUMN @extschema@.event_taxonomy.event_name IS 'Name as in fct_event';
COMMENT ON COLUMN @extschema@.event_taxonomy.event_category IS 'engagement, work_session, output, or a category of your own';

-- usage_settings: one row
CREATE TABLE @extschema@.usage_settings (
  time_zone     text NOT NULL DEFAULT 'UTC',
  week_start    integer NOT NULL DEFAULT 1,
  model_version text NOT NULL,
  singleton     boolean NOT NULL DEFAULT true
);

ALTER TABLE @extschema@.usage_settings ADD CONSTRAINT usage_settings_pkey PRIMARY KEY (singleton);
ALTER TABLE @extschema@.usage_settings ADD CONSTRAINT usage_settings_singleton_check CHECK (singleton);
ALTER TABLE @extschema@.usage_settings ADD CONSTRAINT usage_settings_week_start_check CHECK (week_start BETWEEN 1 AND 7);

COMMENT ON TABLE @extschema@.usage_settings IS 'Settings of the model, one row; change them with set_usage_time_zone() and set_usage_week_start()';
COMMENT ON COLUMN @extschema@.usage_settings.time_zone IS 'Reporting time zone: where a day begins and ends, for every metric';
COMMENT ON COLUMN @extschema@.usage_settings.week_start IS 'First day of a week: 1 Monday to 7 Sunday';
COMMENT ON COLUMN @extschema@.usage_settings.model_version IS 'Version of the library that made the model';
COMMENT ON COLUMN @extschema@.usage_settings.singleton IS 'Always true: there is one row';

INSERT INTO @extschema@.event_taxonomy (event_name, event_category) VALUES
  ('app_open', 'engagement'),
  ('dashboard_view', 'engagement'),
  ('timer_start', 'work_session'),
  ('timer_stop', 'work_session'),
  ('idle_detected', 'work_session'),
  ('manual_time_added', 'work_session'),
  ('task_created', 'output'),
  ('task_completed', 'output')
ON CONFLICT (event_name) DO NOTHING;

INSERT INTO @extschema@.usage_settings (model_version)
VALUES (@extschema@.usage_library_version())
ON CONFLICT (singleton) DO UPDATE SET model_version = excluded.model_version;
