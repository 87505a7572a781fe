# Who may install, what they get, and what others may do with it.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use Test::More;
use Usage;

start_node('install');
node()->safe_psql('postgres', <<'SQL');
CREATE ROLE owner LOGIN;
CREATE ROLE colleague LOGIN IN ROLE owner;
CREATE ROLE creator LOGIN;
CREATE ROLE reader LOGIN;
CREATE ROLE stranger LOGIN;
SQL

my $relations = q{SELECT count(*) FROM pg_class
	WHERE relnamespace = (SELECT extnamespace FROM pg_extension WHERE extname = 'usage_analytics')
	AND relkind IN ('r', 'p', 'v')};
my $members = q{pg_depend WHERE refclassid = 'pg_extension'::regclass
	AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'usage_analytics') AND deptype = 'e'};

# The model is there, belongs to that role, and nothing of it to the extension.
sub check_model
{
	my ($database, $role, $name) = @_;

	cmp_ok(value($database, 'postgres', $relations), '>=', 5, "$name: tables are there");
	is(value($database, 'postgres', "$relations AND relowner <> '$role'::regrole"),
		0, "$name: all relations belong to the installer");
	is(value($database, 'postgres', "SELECT count(*) FROM $members AND classid = 'pg_class'::regclass"),
		0, "$name: no relation is a member");
	is(value($database, 'postgres',
			"SELECT count(*) FROM $members AND classid = 'pg_proc'::regclass AND
			 EXISTS (SELECT FROM pg_proc WHERE oid = objid AND prosecdef)"),
		0, "$name: no member is SECURITY DEFINER");
	is(value($database, 'postgres', 'SELECT count(*) FROM pg_init_privs WHERE privtype = \'e\''),
		0, "$name: no initial privileges stay behind");
	return;
}

# Into public and other schemas, as superuser, database owner and creator.
database('by_superuser', 'postgres');
run_ok('by_superuser', 'postgres', 'CREATE EXTENSION usage_analytics', 'a superuser installs');
check_model('by_superuser', 'postgres', 'superuser');
my $fresh = describe('by_superuser', 'public');

database('by_owner', 'owner');
run_ok('by_owner', 'owner', 'CREATE EXTENSION usage_analytics', 'the owner of the database installs');
check_model('by_owner', 'owner', 'owner');
(my $expected = $fresh) =~ s/\| postgres/| owner/g;
is(describe('by_owner', 'public'), $expected, 'a superuser and an owner get the same');

database('by_creator', 'postgres');
node()->safe_psql('by_creator', 'GRANT CREATE ON DATABASE by_creator TO creator');
run_fails('by_creator', 'creator', 'CREATE EXTENSION usage_analytics', '42501',
	qr/permission denied for schema public.*SCHEMA/s,
	'who may not create tables in public cannot install there');
run_ok('by_creator', 'creator',
	'CREATE SCHEMA "My Usage-Schema"; CREATE EXTENSION usage_analytics SCHEMA "My Usage-Schema"',
	'who may only create in the database installs in a schema of their own');
check_model('by_creator', 'creator', 'creator');
($expected = $fresh) =~ s/\| postgres/| creator/g;
(my $got = describe('by_creator', '"My Usage-Schema"')) =~ s/"My Usage-Schema"\.//g;
$expected =~ s/public\.//g;
$got =~ s/OPERATOR\((\S+?)\)/$1/g;
is($got, $expected, 'a schema with a name that needs quotes holds the same');

# Settings of the session that change how SQL is read, or what is an error.
for my $setting ('standard_conforming_strings = off', "search_path = ''", 'quote_all_identifiers = on',
	'check_function_bodies = off', "plpgsql.extra_errors = 'all'", 'transform_null_equals = on',
	'client_min_messages = error', "default_transaction_isolation = 'serializable'",
	"DateStyle = 'SQL, DMY'", 'row_security = off')
{
	database('settings', 'owner');
	my $load = $setting =~ /plpgsql/ ? 'DO $$ BEGIN END $$;' : '';
	run_ok('settings', 'owner', "$load SET $setting; CREATE EXTENSION usage_analytics SCHEMA public", "installs with $setting");
	($got = describe('settings', 'public')) =~ s/\| owner/| postgres/g;
	is($got, $fresh, "the same model with $setting");
	node()->safe_psql('postgres', 'DROP DATABASE settings');
}

# Databases of other encodings.
for my $encoding ('LATIN1', 'EUC_JP', 'SQL_ASCII')
{
	node()->safe_psql('postgres', "CREATE DATABASE encoded ENCODING '$encoding' LOCALE 'C' TEMPLATE template0");
	run_ok('encoded', 'postgres', q{CREATE EXTENSION usage_analytics; SELECT set_usage_time_zone('Asia/Tokyo'), set_usage_week_start(7)}, "installs in a database of $encoding");
	node()->safe_psql('postgres', 'DROP DATABASE encoded');
}

# A schema whose name has all that PostgreSQL lets an extension's have.
database('odd_name', 'owner');
run_ok('odd_name', 'owner', <<'SQL', 'installs in a schema of an odd name');
CREATE SCHEMA "Half of (a); b.c [d]* {e} | ü";
CREATE EXTENSION usage_analytics SCHEMA "Half of (a); b.c [d]* {e} | ü";
SET search_path = "Half of (a); b.c [d]* {e} | ü";
SELECT set_usage_time_zone('Asia/Tokyo'), set_usage_week_start(7), create_usage_model(), upgrade_usage_model();
INSERT INTO dim_account (account_id, plan_tier) VALUES (id_from_bigint(1), 'pro');
INSERT INTO dim_user (user_id, account_id, role) VALUES (id_from_bigint(2), id_from_bigint(1), 'member');
INSERT INTO fct_event (user_id, account_id, event_name, event_ts) VALUES (id_from_bigint(2), id_from_bigint(1), 'app_open', now());
SELECT event_category, event_day FROM usage_events;
SELECT usage_refresh(), rebuild_rollups(), purge_events('2020-01-01');
SELECT * FROM verify_rollups();
SELECT * FROM erase_user(id_from_bigint(2));
SQL
run_ok('odd_name', 'postgres', <<'SQL', 'where a superuser maintains it, too');
SET search_path = "Half of (a); b.c [d]* {e} | ü";
SELECT usage_refresh(), rebuild_rollups(), purge_events('2020-01-02'), set_usage_week_start(1), create_usage_model();
SELECT * FROM verify_rollups();
SELECT * FROM erase_user(id_from_bigint(2));
SQL

run_fails('odd_name', 'owner', 'DROP EXTENSION usage_analytics CASCADE; CREATE SCHEMA "50%"; CREATE EXTENSION usage_analytics SCHEMA "50%"',
	'3F000', qr/percent sign/, 'but for one');

# The installer maintains it all; members of their role do, too.
for my $role ('owner', 'colleague')
{
	run_ok('by_owner', $role, <<SQL, "$role uses and maintains everything");
SELECT set_usage_time_zone('Europe/Berlin'), set_usage_week_start(7);
SELECT create_usage_model();
SELECT upgrade_usage_model();
INSERT INTO dim_account (account_id, plan_tier) VALUES (id_from_bigint(1), 'pro');
INSERT INTO dim_user (user_id, account_id, role) VALUES (id_from_bigint(2), id_from_bigint(1), 'member');
INSERT INTO event_taxonomy VALUES ('${role}_event', 'output');
INSERT INTO fct_event (user_id, account_id, event_name, event_ts)
VALUES (id_from_bigint(2), id_from_bigint(1), '${role}_event', now());
SELECT event_category FROM usage_events;
ALTER TABLE fct_event ADD COLUMN note text;
CREATE INDEX fct_event_note_idx ON fct_event (note);
ALTER TABLE fct_event DROP COLUMN note;
DELETE FROM fct_event;
DELETE FROM dim_user;
DELETE FROM dim_account;
DELETE FROM event_taxonomy WHERE event_name = '${role}_event';
SQL
}
is(value('by_owner', 'postgres', 'SELECT time_zone, week_start FROM usage_settings'),
	'Europe/Berlin|7', 'by-hand calls keep the settings');
($expected = $fresh) =~ s/\| postgres/| owner/g;
is(describe('by_owner', 'public'), $expected, 'creating the model again changes nothing');

# Others may do what they were granted, and nothing else.
for my $call ('create_usage_model()', 'upgrade_usage_model()', "set_usage_time_zone('UTC')",
	'set_usage_week_start(1)', "usage_execute_as('owner', 'DROP TABLE fct_event')",
	"usage_execute_as('postgres', 'CREATE ROLE taken SUPERUSER')")
{
	run_fails('by_owner', 'stranger', "SELECT $call", '42501', qr/must be owner|act as role/, "a stranger calls $call");
}
run_fails('by_owner', 'stranger', 'TABLE fct_event', '42501', qr/fct_event/, 'a stranger reads events');
run_fails('by_owner', 'stranger', 'SELECT event_day(now())', '42501', qr/usage_settings/, 'a stranger asks for the day');
run_ok('by_owner', 'owner', 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader', 'the owner grants');
run_ok('by_owner', 'reader', 'SELECT event_day(now()); TABLE usage_events; TABLE data_quality', 'a reader reads');
run_fails('by_owner', 'reader', 'DELETE FROM fct_event', '42501', qr/fct_event/, 'a reader deletes');

# Versions that do not go together.
run_ok('by_owner', 'owner', q{UPDATE usage_settings SET model_version = '0.9'}, 'an older model');
run_fails('by_owner', 'owner', 'SELECT set_usage_week_start(1)', '55000', qr/older than.*upgrade_usage_model/s, 'an older model is reported');
run_ok('by_owner', 'owner', 'SELECT upgrade_usage_model(); SELECT set_usage_week_start(1)', 'and upgraded');
is( value('by_owner', 'owner', 'SELECT model_version = usage_library_version() FROM usage_settings'),
	't', 'its version is the library\'s then');
for my $version (value('by_owner', 'owner', 'SELECT usage_library_version()') . '.1', '99.0')
{
	run_ok('by_owner', 'owner', "UPDATE usage_settings SET model_version = '$version'", 'a newer model');
	for my $call ('set_usage_week_start(1)', 'upgrade_usage_model()', 'create_usage_model()')
	{
		run_fails('by_owner', 'owner', "SELECT $call", '55000', qr/newer than.*ALTER EXTENSION/s, "$call with a newer model");
	}
}
run_ok('by_owner', 'owner', q{UPDATE usage_settings SET model_version = 'draft'}, 'no version');
run_fails('by_owner', 'owner', 'SELECT upgrade_usage_model()', '55000', qr/unknown version/, 'an unknown version');

# Dropped and created again, the events stay.
run_fails('by_superuser', 'postgres', 'DROP EXTENSION usage_analytics', '2BP01', qr/CASCADE/, 'DROP EXTENSION is refused');
run_ok('by_superuser', 'postgres', <<'SQL', 'some data');
INSERT INTO dim_account (account_id, plan_tier) VALUES (id_from_bigint(1), 'pro');
INSERT INTO dim_user (user_id, account_id, role) VALUES (id_from_bigint(2), id_from_bigint(1), 'member');
INSERT INTO fct_event (user_id, account_id, event_name, event_ts)
SELECT id_from_bigint(2), id_from_bigint(1), 'app_open', '2026-01-01'::timestamptz + n * interval '1 hour' FROM generate_series(1, 100) AS n;
SELECT set_usage_week_start(7);
SQL
my $events = value('by_superuser', 'postgres', 'SELECT md5(string_agg(e::text, $$,$$ ORDER BY e::text)) FROM fct_event AS e');
run_ok('by_superuser', 'postgres', 'DROP EXTENSION usage_analytics CASCADE', 'with CASCADE it goes');
is(value('by_superuser', 'postgres', 'SELECT count(*) FROM fct_event'), 100, 'the events stay');
run_ok('by_superuser', 'postgres', 'CREATE EXTENSION usage_analytics', 'and it comes again');
is(describe('by_superuser', 'public'), $fresh, 'with everything there was');
is(value('by_superuser', 'postgres', 'SELECT md5(string_agg(e::text, $$,$$ ORDER BY e::text)) FROM fct_event AS e'),
	$events, 'and the events');
is(value('by_superuser', 'postgres', 'SELECT count(*), count(DISTINCT event_name) FROM usage_events'), '100|1', 'which the views show');
is(value('by_superuser', 'postgres', 'SELECT week_start FROM usage_settings'), 7, 'and the settings');

# Without its tables, the model is made anew by hand.
run_ok('by_superuser', 'postgres', <<'SQL', 'all tables are dropped');
DO $$ DECLARE r record; BEGIN
  FOR r IN SELECT oid::regclass AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
    EXECUTE format('DROP TABLE IF EXISTS %s CASCADE', r.name);
  END LOOP;
END $$;
SQL
run_fails('by_superuser', 'postgres', 'SELECT set_usage_week_start(1)', '55000', qr/there is no usage model.*create_usage_model/s, 'a setter');
run_fails('by_superuser', 'postgres', 'SELECT upgrade_usage_model()', '55000', qr/there is no usage model/, 'an upgrade');
run_fails('by_superuser', 'stranger', 'SELECT create_usage_model()', '42501', qr/must be owner/, 'a stranger');
run_ok('by_superuser', 'postgres', 'SELECT create_usage_model()', 'the installer creates it');
is(describe('by_superuser', 'public'), $fresh, 'all of it');

# Citus brings the model by itself.
database('citus', 'owner');
my $messages = run_ok('citus', 'owner', q{SET application_name = 'citus_internal gpid=1'; CREATE EXTENSION usage_analytics}, 'propagated by Citus');
like($messages, qr/WARNING.*Citus/, 'a warning says that there is no model');
is(value('citus', 'postgres', $relations), 0, 'there is none');
run_ok('citus', 'owner', 'SELECT create_usage_model()', 'but by hand');
check_model('citus', 'owner', 'by hand');

done_testing();
