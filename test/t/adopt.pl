# Tables that are there before the extension: taken into the model where they
# fit, refused with nothing touched where they do not.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use Test::More;
use Usage;

start_node('adopt');
node()->safe_psql('postgres', 'CREATE ROLE owner LOGIN; CREATE ROLE other LOGIN');

# Without the tables' own columns and indexes, and whatever their order.
sub model_only
{
	my ($database) = @_;

	return join "\n", grep { !/\bown|partition/ } split /\n/, describe($database, 'public', 'true');
}

database('fresh', 'owner');
run_ok('fresh', 'owner', 'CREATE EXTENSION usage_analytics', 'a model from nothing');
my $fresh = model_only('fresh');

# Bare tables: columns in another order, own columns, no constraint, no index,
# no default, no comment; and rows.
my $bare = <<'SQL';
CREATE TABLE dim_account (own_crm_id text, is_active boolean, region text, created_at timestamptz, plan_tier text,
                          account_name text, account_id uuid);
CREATE TABLE dim_user (deactivated_at timestamptz, is_active boolean, activated_at timestamptz, created_at timestamptz,
                       country text, own_email text, role text, account_id uuid, user_id uuid);
CREATE TABLE fct_event (source text, event_name text, duration_seconds integer, ingested_at timestamptz,
                        event_ts timestamptz, own_payload jsonb DEFAULT '{}', task_id uuid, account_id uuid, user_id uuid, event_id uuid);
CREATE TABLE event_taxonomy (event_category text, event_name text, own_label text);
CREATE TABLE usage_settings (singleton boolean, model_version text, week_start integer, time_zone text, own_logo bytea);
CREATE INDEX own_payload_idx ON fct_event USING gin (own_payload);
INSERT INTO dim_account SELECT 'crm', true, 'emea', '2025-01-01', 'pro', 'Acme', '00000000-0000-0000-0000-000000000001';
INSERT INTO dim_user SELECT NULL, true, NULL, '2025-01-01', 'de', 'x@y.z', 'member', account_id, '00000000-0000-0000-0000-000000000002' FROM dim_account;
INSERT INTO fct_event SELECT 'web', 'timer_stop', n, '2026-01-02', '2026-01-01', '{"n": 1}', NULL, account_id, user_id, gen_random_uuid()
  FROM dim_user, generate_series(1, 1000) AS n;
INSERT INTO event_taxonomy VALUES ('coffee', 'coffee_made', 'Coffee');
INSERT INTO usage_settings VALUES (true, '1.0', 7, 'Asia/Kolkata');
SQL
my $digest = q{SELECT md5(string_agg(e::text, ',' ORDER BY e::text)) FROM fct_event AS e};

database('bare', 'owner');
run_ok('bare', 'owner', $bare, 'bare tables');
my $events = value('bare', 'owner', $digest);
run_ok('bare', 'owner', 'CREATE EXTENSION usage_analytics', 'bare tables are adopted');
is(model_only('bare'), $fresh, 'and have all that a new model has');
is(value('bare', 'owner', $digest), $events, 'their rows are kept');
is(value('bare', 'owner', 'SELECT time_zone, week_start FROM usage_settings'), 'Asia/Kolkata|7', 'the settings too');
is(value('bare', 'owner', q{SELECT count(*), count(*) FILTER (WHERE event_name = 'coffee_made') FROM event_taxonomy}), '9|1',
	'the taxonomy is completed');
is(value('bare', 'owner', q{SELECT count(*), sum(duration_seconds) FROM work_sessions}), '1000|500500', 'the views show them');
run_fails('bare', 'owner', 'UPDATE fct_event SET duration_seconds = -1', '23514', qr/fct_event_duration_seconds_check/, 'a constraint holds');
is(value('bare', 'owner', q{SELECT count(*) FROM pg_class WHERE relname = 'own_payload_idx'}), 1, 'an index of one\'s own stays');

# Half of it: keys, indexes and constraints of one's own that do the same.
database('own_names', 'owner');
run_ok('own_names', 'owner', <<'SQL', 'tables with keys and indexes of other names');
CREATE TABLE dim_account (account_id uuid CONSTRAINT my_key PRIMARY KEY, account_name text, plan_tier text NOT NULL DEFAULT 'free',
                          created_at timestamptz NOT NULL DEFAULT '2025-01-01', region text, is_active boolean NOT NULL DEFAULT false);
CREATE TABLE other_account (account_id uuid PRIMARY KEY);
CREATE TABLE dim_user (user_id uuid PRIMARY KEY, account_id uuid REFERENCES other_account, role text, country text,
                       created_at timestamptz, activated_at timestamptz, is_active boolean, deactivated_at timestamptz);
CREATE TABLE fct_event (event_id uuid, user_id uuid, account_id uuid, task_id uuid, event_ts timestamptz, ingested_at timestamptz,
                        duration_seconds integer, event_name text, source text,
                        CONSTRAINT my_user FOREIGN KEY (user_id) REFERENCES dim_user (user_id) ON DELETE CASCADE,
                        CONSTRAINT fct_event_source_check CHECK (source IN ('watch', 'web')));
CREATE INDEX my_timeline ON fct_event (user_id, event_ts DESC, event_name);
CREATE INDEX my_partial ON fct_event (account_id, event_ts) WHERE event_name = 'app_open';
CREATE INDEX my_time ON fct_event (event_ts);
COMMENT ON TABLE fct_event IS 'My events';
COMMENT ON COLUMN fct_event.source IS 'My sources';
CREATE EXTENSION usage_analytics;
SQL
is( value('own_names', 'owner', <<'SQL'), <<'OUT' =~ s/\n$//r, 'are not doubled');
SELECT conrelid::regclass, conname, confrelid::regclass FROM pg_constraint
 WHERE conrelid IN ('dim_account'::regclass, 'dim_user'::regclass, 'fct_event'::regclass) AND contype IN ('p', 'f') ORDER BY 1, 2;
SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'fct_event'::regclass ORDER BY indexrelid::regclass::text;
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'fct_event_source_check';
SELECT obj_description('fct_event'::regclass, 'pg_class'), col_description('fct_event'::regclass, 9), col_description('fct_event'::regclass, 8);
SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'dim_account'::regclass ORDER BY adnum;
SQL
dim_account|my_key|-
dim_user|dim_user_account_id_fkey|other_account
dim_user|dim_user_pkey|-
fct_event|fct_event_account_id_fkey|dim_account
fct_event|fct_event_pkey|-
fct_event|my_user|dim_user
fct_event_account_id_event_ts_idx
fct_event_ingested_at_idx
fct_event_pkey
my_partial
my_time
my_timeline
CHECK ((source = ANY (ARRAY['watch'::text, 'web'::text])))
My events|My sources|What was done; event_taxonomy gives its category
'free'::text
'2025-01-01 00:00:00+00'::timestamp with time zone
false
OUT

# Partitioned by time.
database('partitioned', 'owner');
run_ok('partitioned', 'owner', <<'SQL', 'a partitioned fct_event');
CREATE TABLE fct_event (event_id uuid, user_id uuid, account_id uuid, task_id uuid, event_ts timestamptz, ingested_at timestamptz,
                        duration_seconds integer, event_name text, source text,
                        PRIMARY KEY (event_id, event_ts)) PARTITION BY RANGE (event_ts);
CREATE TABLE fct_event_2026 PARTITION OF fct_event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE fct_event_rest PARTITION OF fct_event DEFAULT;
CREATE EXTENSION usage_analytics;
INSERT INTO dim_account (account_id, plan_tier) VALUES (id_from_bigint(1), 'pro');
INSERT INTO dim_user (user_id, account_id, role) VALUES (id_from_bigint(2), id_from_bigint(1), 'member');
INSERT INTO fct_event (user_id, account_id, event_name, event_ts)
VALUES (id_from_bigint(2), id_from_bigint(1), 'app_open', '2026-05-05'), (id_from_bigint(2), id_from_bigint(1), 'app_open', '2025-05-05');
SELECT create_usage_model();
SQL
is(value('partitioned', 'owner', q{SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'fct_event'::regclass AND contype = 'p'}),
	'PRIMARY KEY (event_id, event_ts)', 'keeps its key');
is(value('partitioned', 'owner', 'SELECT count(*), count(DISTINCT tableoid) FROM fct_event'), '2|2', 'and takes events in');
is(value('partitioned', 'owner', q{SELECT count(*) FROM pg_constraint WHERE conrelid = 'fct_event_rest'::regclass AND contype = 'c'}), 5,
	'constraints hold for its partitions');

# A view of one's own that has the model's columns is replaced, and its
# dependents stay.
database('views', 'owner');
run_ok('views', 'owner', <<'SQL', 'a view of before');
CREATE EXTENSION usage_analytics;
CREATE VIEW own_report AS SELECT count(*) AS n FROM work_sessions;
SELECT create_usage_model();
TABLE own_report;
SQL
is(model_only('views'), $fresh, 'views are replaced in place');

# A part of what is derived is missing: all of that is made anew, by hand, but
# not at the cost of what depends on it.
database('derived', 'owner');
run_ok('derived', 'owner', "$bare CREATE EXTENSION usage_analytics", 'bare tables again');
my $derived = q{SELECT md5(string_agg(a::text, ',' ORDER BY user_id)) FROM user_activity AS a; SELECT count(*) FROM verify_rollups()};
my $before_loss = value('derived', 'owner', "SELECT usage_refresh(); $derived");
run_ok('derived', 'owner', 'DROP TABLE usage_rollup CASCADE; SELECT create_usage_model()', 'a lost rollup is made anew');
is(value('derived', 'owner', "SELECT usage_refresh(); $derived"), $before_loss, 'as it was');
is(model_only('derived'), $fresh, 'with all views');
run_ok('derived', 'owner', 'CREATE VIEW own_days AS SELECT user_id, days FROM user_activity; DROP TABLE usage_pending CASCADE', 'another one, with a view');
run_fails('derived', 'owner', 'SELECT create_usage_model()', '2BP01', qr/own_days/, 'a view of one\'s own is not dropped');

# What does not fit is refused, and nothing is touched.
sub refused
{
	my ($name, $setup, $sqlstate, $like, $role) = @_;

	database('refused', 'owner');
	run_ok('refused', 'owner', $setup, "$name: set up");
	my $before = catalogs('refused');
	run_fails('refused', $role // 'owner', 'CREATE EXTENSION usage_analytics', $sqlstate, $like, $name);
	is(catalogs('refused'), $before, "$name: nothing is touched");
	node()->safe_psql('postgres', 'DROP DATABASE refused');
	return;
}

sub bare_with { my ($from, $to) = @_; my $sql = $bare; $sql =~ s/$from/$to/ or die; return $sql =~ s/^INSERT[^;]*;\n//gmr; }

refused('a column of another type', bare_with('account_name text', 'account_name integer'),
	'42804', qr/dim_account exists and its column account_name.*of type text; it is of type integer/s);
refused('a column with a limit', bare_with('account_name text', 'account_name varchar(10)'),
	'42804', qr/character varying\(10\)/);
refused('a column with a precision', bare_with('event_ts timestamptz', 'event_ts timestamptz(0)'),
	'42804', qr/timestamp\(0\) with time zone/);
refused('a column of a domain', 'CREATE DOMAIN key AS uuid; ' . bare_with('user_id uuid, event_id', 'user_id key, event_id'),
	'42804', qr/column user_id.*of type uuid; it is of type.*key/s);
refused('a missing column', bare_with('event_ts timestamptz,', ''), '42804', qr/column event_ts.*there is none/s);
refused('a dropped column', "$bare ALTER TABLE dim_user DROP COLUMN role;", '42804', qr/column role.*there is none/s);
refused('no version', bare_with('model_version text,', ''), '42804', qr/column model_version/);
refused('a view in place of a table', 'CREATE VIEW dim_user AS SELECT 1 AS user_id', '42809', qr/dim_user exists and is not a table.*Rename/s);
refused('a materialized view', 'CREATE MATERIALIZED VIEW fct_event AS SELECT 1 AS event_id', '42809', qr/fct_event exists and is not a table/);
refused('a sequence', 'CREATE SEQUENCE usage_settings', '42809', qr/usage_settings exists and is not a table/);
refused('a type', 'CREATE TYPE dim_user AS (a int)', '42809', qr/dim_user exists and is not a table/);
refused('an enum', q{CREATE TYPE dim_user AS ENUM ('a')}, '42710', qr/type "dim_user" already exists/);
refused('a table in place of a view', 'CREATE TABLE usage_events (event_id uuid)', '42809', qr/usage_events exists and is not a view/);
refused('a view with other columns', 'CREATE VIEW work_sessions AS SELECT 1 AS hours', '42P16', qr/work_sessions exists with other columns.*Rename or drop/s);
refused('a table in place of a derived one', "$bare CREATE TABLE user_activity (user_id uuid, days integer, what text)", '42P07', qr/user_activity exists and is not derived.*column what/s);
refused('a table of the same columns', 'CREATE TABLE user_activity (user_id uuid, account_id uuid)', '42P07', qr/user_activity exists and is not derived.*no usage_settings/s);
refused('a view in place of a derived one', 'CREATE VIEW usage_rollup AS SELECT 1 AS month', '42809', qr/usage_rollup exists and is not a table/);
refused('a function of the same name', 'CREATE FUNCTION event_day(timestamptz) RETURNS date RETURN current_date', '42723', qr/event_day/);
refused('an index of the same name', 'CREATE TABLE own (a int); CREATE INDEX dim_user_account_id_idx ON own (a)', '42P07', qr/dim_user_account_id_idx/);
refused('a null in a key', "$bare UPDATE fct_event SET user_id = NULL WHERE duration_seconds = 7;", '23502', qr/user_id/);
refused('a row against a constraint', "$bare UPDATE fct_event SET duration_seconds = -7 WHERE duration_seconds = 7;", '23514', qr/duration_seconds/);
refused('a key that is there twice', "$bare INSERT INTO dim_account SELECT * FROM dim_account;", '23505', qr/account_id/);
refused('an orphan', "$bare DELETE FROM dim_user;", '23503', qr/fct_event_user_id_fkey/);
refused('two rows of settings', "$bare INSERT INTO usage_settings TABLE usage_settings;", '23505', qr/singleton/);
refused('a newer model', q{CREATE TABLE usage_settings (model_version text); INSERT INTO usage_settings VALUES ('2.0')}, '55000', qr/of version 2.0, newer/);
refused('a model of no version', q{CREATE TABLE usage_settings (model_version text); INSERT INTO usage_settings VALUES ('x.0')}, '55000', qr/unknown version/);
refused('a partitioned table without its key', 'CREATE TABLE fct_event (event_id uuid, user_id uuid, account_id uuid, task_id uuid,
	event_ts timestamptz, ingested_at timestamptz, duration_seconds integer, event_name text, source text) PARTITION BY RANGE (event_ts)',
	'0A000', qr/partition/);

# Another role's table, in either direction.
node()->safe_psql('postgres', 'CREATE DATABASE refused OWNER owner');
run_ok('refused', 'postgres', 'GRANT CREATE ON SCHEMA public TO other; GRANT CREATE ON DATABASE refused TO other', 'two roles');
run_ok('refused', 'other', 'CREATE TABLE dim_user (user_id uuid)', 'a table of another role');
my $before = catalogs('refused');
for my $role ('owner', 'postgres')
{
	run_fails('refused', $role, 'CREATE EXTENSION usage_analytics', '42501', qr/table \S*dim_user exists and does not belong to role $role/, "$role installs");
}
is(catalogs('refused'), $before, 'nothing is touched');
run_ok('refused', 'other', 'DROP TABLE dim_user; CREATE VIEW usage_events AS SELECT 1 AS event_id', 'a view of another role');
run_fails('refused', 'owner', 'CREATE EXTENSION usage_analytics', '42501', qr/view \S*usage_events exists and does not belong to role owner/, 'another role\'s view');

done_testing();
