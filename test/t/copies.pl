# Copies of a database with a model: restored from its data alone, upgraded with
# pg_upgrade, replicated logically in whole and in part, and physically. The rollups are
# right on each, or the step that doc/operations.md names makes them right.
use strict;
use warnings;

use Cwd 'abs_path';
use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $bin = `pg_config --bindir`;
chomp $bin;
my $settings = "jit = off\nfsync = off\nmax_prepared_transactions = 5\nusage_analytics.background_fold = off\nmax_logical_replication_workers = 8\nmax_worker_processes = 16\n";
my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 'logical', extra => [ '--encoding=UTF8', '--no-locale' ]);
$primary->append_conf('postgresql.conf', $settings);
$primary->start;
$primary->safe_psql('postgres', "CREATE ROLE owner LOGIN; CREATE DATABASE usage OWNER owner");

my $tables = 'usage_settings, event_taxonomy, usage_rollup_state';
my $change = q{
INSERT INTO fct_event (user_id, account_id, event_name, event_ts, duration_seconds, source)
SELECT id_from_bigint(100 + n % 20), id_from_bigint(1 + n % 4), (ARRAY['timer_stop', 'app_open', 'own "event"'])[1 + n % 3],
       '2026-01-01Z'::timestamptz + n * interval '7 hours', n % 100, (ARRAY['web', NULL])[1 + n % 2]
  FROM generate_series(1, 300) AS n;
UPDATE fct_event SET event_ts = event_ts + interval '1 day', account_id = id_from_bigint(1) WHERE user_id = id_from_bigint(101);
DELETE FROM fct_event WHERE user_id = id_from_bigint(102);
};

sub as_owner
{
	my ($node, $database, $sql) = @_;

	return $node->safe_psql($database, $sql, connstr => $node->connstr($database) . ' user=owner');
}

# Every row of every relation, but for when things were folded and how large they are.
sub rows
{
	my ($node, $database) = @_;
	my $queries = $node->safe_psql($database, q{
		SELECT string_agg(format('SELECT %L, count(*), md5(string_agg(t::text, chr(10) ORDER BY t::text COLLATE "C")) FROM %I AS t', relname, relname), ' UNION ALL ' ORDER BY relname)
		  FROM pg_class
		 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') AND relname NOT IN ('usage_status', 'usage_rollup_state')});
	return $node->safe_psql($database, "SET TimeZone = 'UTC'; SELECT * FROM ($queries) AS q ORDER BY 1");
}

sub is_right
{
	my ($node, $database, $name) = @_;

	is(as_owner($node, $database, 'SELECT * FROM verify_rollups()'), '', "$name: the rollups are right");
	is($node->safe_psql($database, 'SELECT sum(events) = (SELECT count(*) FROM fct_event) FROM user_daily_activity'), 't', "$name: so are the views");
	return;
}

as_owner($primary, 'usage', q{
CREATE EXTENSION usage_analytics;
SELECT set_usage_time_zone('America/St_Johns'), set_usage_week_start(7);
INSERT INTO event_taxonomy VALUES ('own "event"', 'own');
INSERT INTO dim_account (account_id, plan_tier) SELECT id_from_bigint(n), 'pro' FROM generate_series(1, 4) AS n;
INSERT INTO dim_user (user_id, account_id, role) SELECT id_from_bigint(99 + n), id_from_bigint(1 + n % 4), 'member' FROM generate_series(1, 20) AS n;
} . $change . 'SELECT usage_refresh();' . $change);
my $rows = rows($primary, 'usage');
like($rows, qr/^usage_pending\|[1-9]/m, 'something is pending');

# ---------- data only ----------

my $dir = PostgreSQL::Test::Utils::tempdir();
my @from = ('-d', $primary->connstr('usage') . ' user=postgres');
sub psql_file { return [ 'psql', '-Xq', @_, '-d', $primary->connstr('copy') . " user=owner", '-f', "$dir/data.sql" ]; }

sub fresh
{
	$primary->safe_psql('postgres', $_) foreach 'DROP DATABASE IF EXISTS copy', 'CREATE DATABASE copy OWNER owner';
	as_owner($primary, 'copy', 'CREATE EXTENSION usage_analytics');
	return;
}

# With triggers off, which takes a superuser, all comes as it was.
fresh();
as_owner($primary, 'copy', "TRUNCATE $tables");
command_ok([ 'pg_dump', '-Fc', '--data-only', '--disable-triggers', '-f', "$dir/data.dump", @from ], 'pg_dump --data-only --disable-triggers');
command_ok([ 'pg_restore', '-e', '-j', '2', '--data-only', '--disable-triggers', '-d', $primary->connstr('copy') . ' user=postgres', "$dir/data.dump" ], 'restored with two jobs');
is(rows($primary, 'copy'), $rows, 'data with triggers disabled: the same');
is_right($primary, 'copy', 'data with triggers disabled');

# The dimensions and the events alone: capture counts them.
fresh();
as_owner($primary, 'copy', q{SELECT set_usage_time_zone('America/St_Johns')});
command_ok([ 'pg_dump', '--data-only', (map { ('-t', $_) } qw(dim_account dim_user fct_event)), '-f', "$dir/data.sql", @from ], 'pg_dump of events and dimensions');
command_ok(psql_file('-1', '-v', 'ON_ERROR_STOP=1'), 'restored by the owner, triggers firing');
is_right($primary, 'copy', 'events and dimensions');

# Everything, with triggers: events count twice until the rollups are rebuilt.
fresh();
command_ok([ 'pg_dump', '--data-only', '-f', "$dir/data.sql", @from ], 'pg_dump --data-only');
IPC::Run::run(psql_file(), '>', \my $out, '2>', \my $err);
like($err, qr/duplicate key value/, 'the settings are there already');
isnt(as_owner($primary, 'copy', 'SELECT count(*) FROM verify_rollups()'), 0, 'all data with triggers: counted twice');
as_owner($primary, 'copy', 'SELECT rebuild_rollups()');
is_right($primary, 'copy', 'all data with triggers, rebuilt');

# With row security
$primary->safe_psql('postgres', $_) foreach 'DROP DATABASE copy', 'CREATE DATABASE copy OWNER owner';
as_owner($primary, 'usage', 'ALTER TABLE fct_event ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON fct_event USING (true)');
command_ok([ 'pg_dump', '--enable-row-security', '-f', "$dir/data.sql", '-d', $primary->connstr('usage') . ' user=owner' ], 'pg_dump --enable-row-security');
command_ok(psql_file('-1', '-v', 'ON_ERROR_STOP=1'), 'restored');
is(rows($primary, 'copy'), $rows, 'with row security: the same');
is_right($primary, 'copy', 'with row security');
as_owner($primary, 'usage', 'DROP POLICY own ON fct_event; ALTER TABLE fct_event DISABLE ROW LEVEL SECURITY');

# ---------- a standby ----------

$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
as_owner($primary, 'usage', $change);
$primary->wait_for_catchup($standby);
is(rows($standby, 'usage'), rows($primary, 'usage'), 'a standby has the same');
is_right($standby, 'usage', 'a standby');
is($standby->safe_psql('usage', 'SELECT count(*) FROM verify_rollups()'), 0, 'for a superuser, too');
foreach my $call ('usage_refresh', 'rebuild_rollups')
{
	my ($status, $stdout, $stderr) = $standby->psql('usage', "SELECT $call()");
	like($stderr, qr/ERROR:  cannot (execute .* (in a read-only transaction|during recovery)|acquire lock mode .* while recovery is in progress)/, "a standby: $call() is refused");
}
like(($standby->psql('usage', 'SELECT usage_refresh()'))[2], qr/cannot execute usage_refresh\(\) during recovery/, 'a standby: and says why');
as_owner($primary, 'usage', 'SELECT usage_refresh()');
$primary->wait_for_catchup($standby);
is(rows($standby, 'usage'), rows($primary, 'usage'), 'a standby has the fold, too');

# ---------- logical replication ----------

my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$subscriber->append_conf('postgresql.conf', $settings);
$subscriber->start;
$subscriber->safe_psql('postgres', 'CREATE ROLE owner LOGIN; CREATE DATABASE whole OWNER owner; CREATE DATABASE part OWNER owner');
as_owner($subscriber, $_, 'CREATE EXTENSION usage_analytics') foreach 'whole', 'part';
$primary->safe_psql('usage', 'CREATE PUBLICATION whole FOR ALL TABLES; CREATE PUBLICATION part FOR TABLE dim_account, dim_user, fct_event, event_taxonomy');

as_owner($subscriber, 'whole', "TRUNCATE $tables");
as_owner($subscriber, 'part', q{TRUNCATE event_taxonomy; SELECT set_usage_time_zone('America/St_Johns'), set_usage_week_start(7)});
my $connection = $primary->connstr('usage') . ' user=postgres';
$subscriber->safe_psql($_, "CREATE SUBSCRIPTION $_ CONNECTION \$\$$connection\$\$ PUBLICATION $_") foreach 'whole', 'part';
$subscriber->wait_for_subscription_sync(undef, undef, $_) foreach 'whole', 'part';
sub catch_up { $primary->wait_for_catchup($_) foreach 'whole', 'part'; return; }
catch_up();

is(rows($subscriber, 'whole'), rows($primary, 'usage'), 'FOR ALL TABLES: the same');
is_right($subscriber, 'whole', 'FOR ALL TABLES');
isnt(as_owner($subscriber, 'part', 'SELECT count(*) FROM verify_rollups()'), 0, 'events alone: not counted');
as_owner($subscriber, 'part', 'SELECT rebuild_rollups()');
is_right($subscriber, 'part', 'events alone, rebuilt');

as_owner($primary, 'usage', $change . 'BEGIN; ' . $change . q{PREPARE TRANSACTION 'prepared'});
catch_up();
is(rows($subscriber, 'whole'), rows($primary, 'usage'), 'changes: the same');
is_right($subscriber, 'whole', 'changes');
as_owner($primary, 'usage', q{SELECT usage_refresh(); COMMIT PREPARED 'prepared'; SELECT set_usage_week_start(1)});
catch_up();
is(rows($subscriber, 'whole'), rows($primary, 'usage'), 'a fold and a prepared transaction: the same');
is_right($subscriber, 'whole', 'a fold');
as_owner($primary, 'usage', q{SELECT usage_refresh(); SELECT * FROM erase_user(id_from_bigint(105)); SELECT purge_events('2026-01-20'); SELECT rebuild_rollups()});
catch_up();
is(rows($subscriber, 'whole'), rows($primary, 'usage'), 'erasing, purging and rebuilding: the same');
is(as_owner($subscriber, 'whole', 'SELECT * FROM verify_rollups()'), '', 'erasing, purging and rebuilding: the rollups are right');
as_owner($subscriber, 'part', 'SELECT rebuild_rollups()');
is_right($subscriber, 'part', 'events alone, rebuilt again');
as_owner($primary, 'usage', 'TRUNCATE dim_account CASCADE');
catch_up();
is(rows($subscriber, 'whole'), rows($primary, 'usage'), 'TRUNCATE: the same');
$subscriber->safe_psql($_, "DROP SUBSCRIPTION $_") foreach 'whole', 'part';
$subscriber->stop;

# ---------- the standby takes over ----------

$standby->stop;
$standby->start;
$primary->wait_for_catchup($standby);
$standby->promote;
as_owner($standby, 'usage', q{
INSERT INTO dim_account (account_id, plan_tier) SELECT id_from_bigint(n), 'pro' FROM generate_series(1, 4) AS n;
INSERT INTO dim_user (user_id, account_id, role) SELECT id_from_bigint(99 + n), id_from_bigint(1 + n % 4), 'member' FROM generate_series(1, 20) AS n;
} . $change);
is_right($standby, 'usage', 'a standby that was promoted');
as_owner($standby, 'usage', 'SELECT usage_refresh()');
is_right($standby, 'usage', 'a standby that was promoted, and folded');
$standby->stop;

# ---------- pg_upgrade ----------

as_owner($primary, 'usage', q{
INSERT INTO dim_account (account_id, plan_tier) SELECT id_from_bigint(n), 'pro' FROM generate_series(1, 4) AS n;
INSERT INTO dim_user (user_id, account_id, role) SELECT id_from_bigint(99 + n), id_from_bigint(1 + n % 4), 'member' FROM generate_series(1, 20) AS n;
} . $change . 'SELECT usage_refresh();' . $change);
$primary->safe_psql('postgres', 'DROP DATABASE copy');
$rows = rows($primary, 'usage');
$primary->stop;
foreach my $mode ('copy', 'link')
{
	my $new = PostgreSQL::Test::Cluster->new("new_$mode");
	$new->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
	$new->append_conf('postgresql.conf', $settings);
	# It writes where it is called.
	command_ok([ 'sh', '-c', 'cd "$0" && exec "$@"', $dir, 'pg_upgrade', '--no-sync', ($mode eq 'link' ? '--link' : ()), '-d', abs_path($primary->data_dir), '-D', abs_path($new->data_dir), '-b', $bin, '-B', $bin, '-s', $new->host, '-p', $primary->port, '-P', $new->port ],
		"pg_upgrade, $mode");
	$new->start;
	is(rows($new, 'usage'), $rows, "pg_upgrade, $mode: the same");
	is_right($new, 'usage', "pg_upgrade, $mode");
	as_owner($new, 'usage', $change . 'SELECT usage_refresh()');
	is_right($new, 'usage', "pg_upgrade, $mode, going on");
	$new->stop;
}

done_testing();
