# The server is killed in the midst of loads and folds, again and again: after each
# restart the rollups are those of the events that committed.
#
# CRASHES in the environment is how often, CRASH_SEED repeats a run.
use strict;
use warnings;

use FindBin;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $crashes = $ENV{CRASHES} // 3;
my $seed = $ENV{CRASH_SEED} // int(rand(1_000_000_000));
diag("CRASH_SEED=$seed");
srand($seed);

# What is lost in a crash of the server is what the operating system has not
# been given, so fsync may stay off; all else is as it is by default.
my $node = PostgreSQL::Test::Cluster->new('crashes');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', q{
jit = off
full_page_writes = on
synchronous_commit = on
wal_level = minimal
max_wal_senders = 0
checkpoint_timeout = 30s
max_wal_size = 32MB
restart_after_crash = off
max_prepared_transactions = 10
log_min_messages = warning
usage_analytics.pending_limit = '64kB'
});
$node->start;
$node->safe_psql('postgres', q{
CREATE EXTENSION usage_analytics;
INSERT INTO dim_account (account_id, plan_tier) SELECT id_from_bigint(n), 'pro' FROM generate_series(1, 5) AS n;
INSERT INTO dim_user (user_id, account_id, role) SELECT id_from_bigint(n), id_from_bigint(1 + n % 5), 'member' FROM generate_series(100, 199) AS n;
});

my $load = q{
INSERT INTO fct_event (user_id, account_id, event_name, event_ts, duration_seconds)
SELECT id_from_bigint(100 + (random() * 99)::integer), id_from_bigint(1 + (random() * 4)::integer), (ARRAY['timer_stop', 'app_open'])[1 + (n + %1$d) %% 2],
       timestamptz '2026-01-01Z' + random() * interval '200 days', n
  FROM generate_series(1, 300) AS n;
};
my $change = q{
UPDATE fct_event SET event_ts = event_ts + interval '1 day', duration_seconds = duration_seconds + 1 WHERE user_id = id_from_bigint(%2$d);
DELETE FROM fct_event WHERE user_id = id_from_bigint(%3$d) AND event_ts < '2026-03-01';
};

sub session
{
	my ($number) = @_;
	my $sql = '';

	foreach my $i (1 .. 1000)
	{
		my $work = sprintf($load, $i) . ($i % 3 == 0 ? sprintf($change, 0, 100 + int(rand(100)), 100 + int(rand(100))) : '');
		$sql .= "BEGIN;\n$work";
		$sql .= $i % 7 == 0 ? "PREPARE TRANSACTION 'p${number}_$i';\nSELECT pg_sleep(0.02);\nCOMMIT PREPARED 'p${number}_$i';\n" : "COMMIT;\n";
		$sql .= "SELECT usage_refresh();\n" if $number == 1 || $i % 10 == 0;
		$sql .= "SELECT rebuild_rollups();\n" if $number == 2 && $i % 20 == 0;
		$sql .= "SELECT purge_events('2026-01-10');\n" if $number == 3 && $i % 30 == 0;
	}
	my ($out, $err) = ('', '');
	return IPC::Run::start([ 'psql', '-XqAt', '-d', $node->connstr('postgres') ], '<', \$sql, '>', \$out, '2>', \$err);
}

foreach my $crash (1 .. $crashes)
{
	my @sessions = map { session($_) } 1 .. 4;
	my $until = Time::HiRes::time() + 0.7 + rand(1.5);
	while (Time::HiRes::time() < $until)
	{
		$_->pump_nb foreach @sessions;
		usleep(10_000);
	}
	# The postmaster stops first, so that it starts no child that would be missed: one
	# that waits for a lock of a process that is gone waits for ever.
	my $pid = slurp_file($node->data_dir . '/postmaster.pid');
	$pid =~ s/\n.*//s;
	kill 'STOP', $pid;
	my @children = split /\n/, `ps -o pid= --ppid $pid`;
	kill 'KILL', $pid, @children;
	$_->kill_kill foreach @sessions;
	$node->{_pid} = undef;
	# Where nobody reaps them, the dead seem to hold these.
	unlink $node->data_dir . '/postmaster.pid', $node->host . '/.s.PGSQL.' . $node->port . '.lock';
	# They may take a moment to go.
	my $started = 0;
	for (1 .. 100)
	{
		usleep(200_000);
		last if $started = $node->start(fail_ok => 1);
	}
	die 'the server does not start' unless $started;

	# What differs, row by row: by verify_rollups(), and by plain SQL; in one statement each
	my $wrong = q{SELECT v FROM verify_rollups() AS v};
	my $since = q{coalesce((SELECT purged_before FROM usage_rollup_state), '-infinity')};
	my $view = qq{SELECT account_id, user_id, activity_date, events, work_seconds FROM user_daily_activity WHERE activity_date >= $since};
	my $events = qq{SELECT account_id, user_id, (event_ts AT TIME ZONE 'UTC')::date, count(*), coalesce(sum(duration_seconds) FILTER (WHERE event_name = 'timer_stop'), 0)
		FROM fct_event WHERE (event_ts AT TIME ZONE 'UTC')::date >= $since GROUP BY 1, 2, 3};
	my $plain = qq{SELECT 'view', d FROM ($view EXCEPT ALL $events) AS d UNION ALL SELECT 'events', d FROM ($events EXCEPT ALL $view) AS d};
	# What was prepared is neither lost nor counted before its time.
	is($node->safe_psql('postgres', $wrong), '', "crash $crash: the rollups are right");
	$node->safe_psql('postgres', "COMMIT PREPARED '$_'") foreach split /\n/, $node->safe_psql('postgres', 'SELECT gid FROM pg_prepared_xacts');
	is($node->safe_psql('postgres', "$wrong; $plain"), '', "crash $crash: and with what was prepared, by plain SQL, too");
	$node->safe_psql('postgres', 'SELECT usage_refresh()');
	is($node->safe_psql('postgres', "$wrong; $plain"), '', "crash $crash: and folded");
}
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM fct_event'), '>', 1000, 'there were loads');

$node->stop;
done_testing();
