# A dump of a database with a model, and what has become of the model in the
# meantime, restored in every way there is.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Usage;

start_node('dump');
# What is pending is to stay so.
node()->append_conf('postgresql.conf', "usage_analytics.background_fold = off\n");
node()->reload;
node()->safe_psql('postgres', <<'SQL');
CREATE ROLE owner LOGIN;
CREATE ROLE reader LOGIN;
CREATE DATABASE original OWNER owner;
SQL

run_ok('original', 'owner', <<'SQL', 'a model, data, and changes to both');
CREATE SCHEMA "Usage";
CREATE EXTENSION usage_analytics SCHEMA "Usage";
SET search_path = "Usage";
SELECT set_usage_time_zone('America/St_Johns'), set_usage_week_start(7);
INSERT INTO dim_account (account_id, plan_tier) SELECT id_from_bigint(n), 'pro' FROM generate_series(1, 5) AS n;
INSERT INTO dim_user (user_id, account_id, role) SELECT id_from_bigint(100 + n), id_from_bigint(1 + n % 5), 'member' FROM generate_series(1, 50) AS n;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts, ingested_at, duration_seconds)
SELECT user_id, account_id, (ARRAY['app_open', 'timer_stop', 'own event'])[1 + n % 3],
       '2026-01-01'::timestamptz + n * interval '7 hours', '2026-01-02'::timestamptz + n * interval '7 hours', n
  FROM dim_user, generate_series(1, 100) AS n;
INSERT INTO event_taxonomy VALUES ('own event', 'own category');
DELETE FROM event_taxonomy WHERE event_name = 'dashboard_view';
ALTER TABLE fct_event ADD COLUMN payload jsonb DEFAULT '{"own": true}';
CREATE INDEX fct_event_payload_idx ON fct_event USING gin (payload);
CREATE INDEX dim_user_upper_idx ON dim_user (upper(role)) WHERE is_active;
DROP INDEX fct_event_ingested_at_idx;
COMMENT ON COLUMN fct_event.payload IS 'Ours';
COMMENT ON TABLE dim_user IS 'People';
CREATE VIEW own_report AS SELECT event_day, count(*) AS events FROM usage_events GROUP BY event_day;
CREATE TABLE own_rollup AS SELECT * FROM own_report;
ALTER TABLE own_rollup ADD COLUMN made uuid DEFAULT new_event_id();
GRANT USAGE ON SCHEMA "Usage" TO reader;
GRANT SELECT ON usage_events, fct_event, dim_user, dim_account, usage_settings, event_taxonomy TO reader;
GRANT INSERT (event_name) ON fct_event TO reader;
ALTER TABLE dim_account ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_policy ON dim_account USING (true);
SQL

# Every row of every relation of the model, views too.
sub rows
{
	my ($database) = @_;

	return value($database, 'postgres', <<'SQL');
SET search_path = "Usage";
SET TimeZone = 'UTC';
SELECT format($$SELECT '%1$s', count(*), md5(string_agg(t::text, ',' ORDER BY t::text COLLATE "C")) FROM "Usage".%1$I AS t$$, relname)
  FROM pg_class
 WHERE relnamespace = '"Usage"'::regnamespace AND relkind IN ('r', 'p', 'v') AND relname NOT IN ('usage_status', 'usage_rollup_state')
 ORDER BY relname COLLATE "C"
\gexec
SQL
}

my $schema = '"Usage"';
my $description = describe('original', $schema);
my $rows = rows('original');
like($rows, qr/^fct_event\|5000\|/m, 'there are events');

my $dir = PostgreSQL::Test::Utils::tempdir();
my @url = ('-d', node()->connstr('original') . ' user=postgres');
sub to { return ('-d', node()->connstr($_[0]) . ' user=postgres'); }
my %restores = (
	'plain SQL in one transaction' => sub {
		command_ok([ 'pg_dump', '-f', "$dir/plain.sql", @url ], 'pg_dump');
		return [ 'psql', '-X', '-q', '-1', '-v', 'ON_ERROR_STOP=1', '-f', "$dir/plain.sql", to($_[0]) ];
	},
	'plain SQL with inserts' => sub {
		command_ok([ 'pg_dump', '--inserts', '--quote-all-identifiers', '-f', "$dir/inserts.sql", @url ], 'pg_dump --inserts');
		return [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$dir/inserts.sql", to($_[0]) ];
	},
	'custom format with two jobs' => sub {
		command_ok([ 'pg_dump', '-Fc', '-f', "$dir/custom.dump", @url ], 'pg_dump -Fc');
		return [ 'pg_restore', '-v', '-e', '-j', '2', to($_[0]), "$dir/custom.dump" ];
	},
	'plain SQL, by the owner' => sub {
		command_ok([ 'pg_dump', '-f', "$dir/owner.sql", @url ], 'pg_dump');
		return [ 'psql', '-X', '-q', '-1', '-v', 'ON_ERROR_STOP=1', '-f', "$dir/owner.sql", '-d', node()->connstr($_[0]) . ' user=owner' ];
	},
	'custom format over what is there' => sub {
		run_ok($_[0], 'owner', 'CREATE SCHEMA "Usage"; CREATE EXTENSION usage_analytics SCHEMA "Usage"', 'another model');
		command_ok([ 'pg_dump', '-Fc', '-f', "$dir/over.dump", @url ], 'pg_dump -Fc');
		return [ 'pg_restore', '-v', '-e', '--clean', '--if-exists', to($_[0]), "$dir/over.dump" ];
	},
	'directory in one transaction' => sub {
		command_ok([ 'pg_dump', '-Fd', '-j', '2', '-f', "$dir/directory", @url ], 'pg_dump -Fd');
		return [ 'pg_restore', '-v', '-e', '-1', to($_[0]), "$dir/directory" ];
	},
	'schema, then data' => sub {
		command_ok([ 'pg_restore', '-e', '-s', to($_[0]), "$dir/custom.dump" ], 'pg_restore -s');
		return [ 'pg_restore', '-e', '-a', '--disable-triggers', to($_[0]), "$dir/custom.dump" ];
	},
);
my $number = 0;
my %gone_on;

# A dump of what was restored is the same as the first.
sub without_statistics { my $dump = slurp_file($_[0]); $dump =~ s/^\\(un)?restrict .*$//mg; return $dump; }
for my $name (sort keys %restores)
{
	my $database = 'restored' . ++$number;
	my ($out, $err) = ('', '');

	database($database, 'owner');
	my $command = $restores{$name}->($database);
	ok(IPC::Run::run($command, '>', \$out, '2>', \$err), "$name: restored") or diag($err);
	like($err, qr/WARNING:  usage model not created: a dump is being restored/, "$name: with a warning") if $name !~ /then/;
	is(describe($database, $schema), $description, "$name: the model is the same");
	is(rows($database), $rows, "$name: the rows are the same");
	is(value($database, 'postgres', q{SELECT count(*) FROM pg_depend WHERE deptype = 'e' AND classid = 'pg_class'::regclass}),
		0, "$name: no relation is a member");

	if ($name eq 'plain SQL in one transaction')
	{
		command_ok([ 'pg_dump', '-f', "$dir/again.sql", to($database) ], 'pg_dump of what was restored');
		is(without_statistics("$dir/again.sql"), without_statistics("$dir/plain.sql"), 'a dump of the restored database is the same');
	}

	# It goes on from here.
	run_ok($database, 'owner', <<'SQL', "$name: the owner goes on");
SET search_path = "Usage";
SELECT create_usage_model();
SELECT set_usage_week_start(7);
INSERT INTO fct_event (user_id, account_id, event_name, event_ts) SELECT user_id, account_id, 'app_open', '2027-01-01' FROM dim_user;
DELETE FROM fct_event WHERE event_ts = '2027-01-01';
DELETE FROM event_taxonomy WHERE event_name = 'dashboard_view';
DROP INDEX fct_event_ingested_at_idx;
SELECT usage_refresh();
SQL
	is(describe($database, $schema), $description, "$name: and it stays the same");
	$gone_on{$name} = rows($database);
	run_fails($database, 'reader', 'SET search_path = "Usage"; SELECT create_usage_model()', '42501', qr/must be owner/, "$name: not a reader");
	run_ok($database, 'reader', 'SELECT count(*) FROM "Usage".usage_events', "$name: but a reader reads");
}

# What was pending is settled by now, there and here.
run_ok('original', 'owner', 'SELECT "Usage".usage_refresh()', 'the original is folded, too');
$rows = rows('original');
is($gone_on{$_}, $rows, "$_: and so do the rows") for sort keys %gone_on;

# The files of the cluster, taken over by a new one.
my $new = PostgreSQL::Test::Cluster->new('new');
$new->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
node()->stop;
command_ok([ 'pg_upgrade', '--no-sync', '-r',
		'-d', node()->data_dir, '-D', $new->data_dir,
		'-b', $new->config_data('--bindir'), '-B', $new->config_data('--bindir'),
		'-s', $new->host, '-p', node()->port, '-P', $new->port ], 'pg_upgrade');
$new->start;
Usage::use_node($new);
is(describe('restored1', $schema), $description, 'pg_upgrade: the model is the same');
is(rows('restored1'), $gone_on{ (sort keys %restores)[0] }, 'pg_upgrade: the rows are the same');
run_ok('restored1', 'owner', 'SELECT "Usage".create_usage_model(), "Usage".usage_refresh()', 'pg_upgrade: the owner goes on');

done_testing();
