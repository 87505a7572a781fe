# Folds, rebuilds, purges and erasures that are cancelled or killed at any point leave
# nothing half done; statements on many events need little memory.
#
# INTERRUPTS and INTERRUPT_SEED in the environment make a run longer and repeat it;
# MANY_EVENTS is the size of the large statement.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use IPC::Run;
use Test::More;
use Time::HiRes qw(usleep);
use Usage;

my $interrupts = $ENV{INTERRUPTS} // 15;
my $seed = $ENV{INTERRUPT_SEED} // int(rand(1_000_000_000));
my $many = $ENV{MANY_EVENTS} // 200_000;
diag("INTERRUPT_SEED=$seed");
srand($seed);

my $node = start_node('interrupts');
$node->append_conf('postgresql.conf', "jit = off\nusage_analytics.background_fold = off\n");
$node->reload;
$node->safe_psql('postgres', q{
CREATE EXTENSION usage_analytics;
INSERT INTO dim_account (account_id, plan_tier) SELECT id_from_bigint(n), 'pro' FROM generate_series(1, 5) AS n;
INSERT INTO dim_user (user_id, account_id, role) SELECT id_from_bigint(n), id_from_bigint(1 + n % 5), 'member' FROM generate_series(100, 299) AS n;
});
my $load = q{INSERT INTO fct_event (user_id, account_id, event_name, event_ts, duration_seconds)
	SELECT id_from_bigint(100 + n % 200), id_from_bigint(1 + n % 7 % 5), (ARRAY['timer_stop', 'app_open'])[1 + n % 2],
	       timestamptz '2026-01-01Z' + n * interval '20 minutes', n % 100 FROM generate_series(1, 10000) AS n};
my $activity = q{SELECT count(*), md5(string_agg(v::text, ',' ORDER BY v::text COLLATE "C")) FROM user_daily_activity AS v};
$node->safe_psql('postgres', $load);

my $whole = 0;
foreach my $i (1 .. $interrupts)
{
	my ($command, $keeps) = @{ (
			[ 'SELECT usage_refresh()', 1 ], [ 'SELECT rebuild_rollups()', 1 ],
			[ q{SELECT purge_events('2026-02-}. sprintf('%02d', 1 + $i % 28) . q{')}, 1 ],
			[ 'SELECT * FROM erase_user(id_from_bigint(' . (100 + $i) . '))', 0 ],
			[ q{SELECT set_usage_week_start(2); SELECT rebuild_rollups()}, 1 ])[ $i % 5 ] };
	my $person = q{SELECT count(*) FROM usage_live_rollup WHERE user_id = id_from_bigint(} . (100 + $i) . ')';
	my ($out, $err) = ('', '');

	$node->safe_psql('postgres', q{UPDATE fct_event SET duration_seconds = duration_seconds + 1 WHERE random() < 0.2});
	my $before = $node->safe_psql('postgres', $activity);
	my $there = $node->safe_psql('postgres', $person);
	my $psql = IPC::Run::start([ 'psql', '-Xq', '-d', $node->connstr('postgres') . ' application_name=victim', '-c', $command ], '>', \$out, '2>', \$err);
	usleep(15_000 + rand(150_000));
	my $end = rand() < 0.5 ? 'pg_cancel_backend' : 'pg_terminate_backend';
	$node->safe_psql('postgres', "SELECT $end(pid) FROM pg_stat_activity WHERE application_name = 'victim'");
	$psql->finish;
	$whole++ if $err eq '';
	$node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'victim'});
	my $after = $node->safe_psql('postgres', $activity);
	my $left = $node->safe_psql('postgres', $person);
	my $wrong = $node->safe_psql('postgres', 'SELECT * FROM verify_rollups()');
	ok( $wrong eq '' && ($keeps ? $after eq $before : $left == $there || $left == 0),
		"$command, $end") or diag($wrong, $err);
}
cmp_ok($whole, '<', $interrupts, 'some were interrupted');

# ---------- many events ----------

# Memory of the backend at its peak, in kB; with few shared buffers, as they count.
sub peak
{
	my ($statement) = @_;
	my $out = $node->safe_psql('postgres', qq{
		SET work_mem = '4MB';
		SET maintenance_work_mem = '4MB';
		$statement;
		SELECT substring(pg_read_file('/proc/' || pg_backend_pid() || '/status') FROM 'VmHWM:\\s+(\\d+)');});
	return (split /\n/, $out)[-1];
}

SKIP:
{
	skip 'no /proc here', 6 unless -r '/proc/self/status';
	$node->append_conf('postgresql.conf', 'shared_buffers = 2MB');
	$node->restart;
	$node->safe_psql('postgres', q{
		TRUNCATE fct_event;
		INSERT INTO dim_user (user_id, account_id, role) SELECT id_from_bigint(n), id_from_bigint(1 + n % 5), 'member' FROM generate_series(100, 299) AS n ON CONFLICT DO NOTHING});
	# A new user and month for almost each of them, and many names: the worst there is
	my %statements = (
		INSERT => qq{INSERT INTO fct_event (user_id, account_id, event_name, event_ts, duration_seconds)
			SELECT id_from_bigint(100 + n % 200), id_from_bigint(1 + n % 5), repeat('name', 10) || n % 1000,
			       timestamptz '1900-01-01Z' + n % 100000 * interval '11 hours', n % 100 FROM generate_series(1, $many) AS n},
		UPDATE => q{UPDATE fct_event SET event_ts = event_ts + interval '1 month'},
		DELETE => 'DELETE FROM fct_event');
	foreach my $name ('INSERT', 'UPDATE', 'DELETE')
	{
		# What the same takes without capture; foreign keys alone need some for each row.
		$node->safe_psql('postgres', 'ALTER TABLE fct_event DISABLE TRIGGER USER');
		my $plain = peak("BEGIN; $statements{$name}; ROLLBACK");
		$node->safe_psql('postgres', 'ALTER TABLE fct_event ENABLE TRIGGER USER');
		my $peak = peak($statements{$name});
		cmp_ok($peak, '<', $plain + 32_000, "$name of $many events: $peak kB, $plain kB without capture");
		my $fold = peak('SELECT usage_refresh()');
		cmp_ok($fold, '<', 250_000, "$name: its fold takes $fold kB");
		is($node->safe_psql('postgres', 'SELECT count(*) FROM verify_rollups()'), 0, "$name: right") if $many < 1_000_000;
	}
}

$node->stop;
done_testing();
