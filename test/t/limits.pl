# Where something runs out, time, disk, memory or locks, an error says so and nothing
# is lost; and partitions of fct_event by the hundred.
#
# PARTITIONS in the environment is how many (48; make soak tries 5000); LIMITS=fine
# takes smaller steps from nothing to enough.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);
use Usage;

my $partitions = $ENV{PARTITIONS} // 48;
my $fine = ($ENV{LIMITS} // '') eq 'fine';

# A limit on the size of files must let through those of the write-ahead log.
my $node = PostgreSQL::Test::Cluster->new('limits');
$node->init(extra => [ '--encoding=UTF8', '--no-locale', '--wal-segsize=1' ]);
$node->append_conf('postgresql.conf', <<'CONF');
jit = off
fsync = off
autovacuum = off
min_wal_size = 16MB
max_wal_size = 256MB
usage_analytics.background_fold = off
CONF
$node->start;
Usage::use_node($node);

sub sql { return $node->safe_psql($_[0], $_[1]); }

# A model with some users
sub model
{
	my ($database) = @_;

	sql('postgres', "CREATE DATABASE $database");
	sql($database, <<'SQL');
CREATE EXTENSION usage_analytics;
INSERT INTO dim_account (account_id, plan_tier) SELECT id_from_bigint(n), 'pro' FROM generate_series(1, 5) AS n;
INSERT INTO dim_user (user_id, account_id, role) SELECT id_from_bigint(n), id_from_bigint(1 + n % 5), 'member' FROM generate_series(100, 1099) AS n;
SQL
	return;
}

sub load
{
	my ($events) = @_;

	return qq{INSERT INTO fct_event (user_id, account_id, event_name, event_ts, duration_seconds)
		SELECT id_from_bigint(100 + n % 1000), id_from_bigint(1 + n % 7 % 5), (ARRAY['timer_stop', 'app_open', 'own ' || n % 50])[1 + n % 3],
		       timestamptz '2026-01-01Z' + n * interval '9 minutes', n % 100 FROM generate_series(1, $events) AS n};
}

# All figures of activity, which no purge changes
my $activity = q{SELECT count(*), sum(events), sum(work_seconds), md5(string_agg(v::text, ',' ORDER BY v::text COLLATE "C")) FROM user_daily_activity AS v};

# What is wrong with the rollups, also by plain SQL
sub wrong
{
	my ($database) = @_;

	my $view = 'SELECT account_id, user_id, activity_date, events, work_seconds FROM user_daily_activity';
	my $plain = q{SELECT account_id, user_id, (event_ts AT TIME ZONE 'UTC')::date, count(*), coalesce(sum(duration_seconds) FILTER (WHERE event_name = 'timer_stop'), 0)
		FROM fct_event GROUP BY 1, 2, 3};
	return sql($database, "SELECT count(*) FROM verify_rollups()
		UNION ALL SELECT count(*) FROM (($view EXCEPT ALL $plain) UNION ALL ($plain EXCEPT ALL $view)) AS differences");
}

# ---------- time ----------

# With more and more time, until it is enough
model('time_out');
my $load = load(3000);
sql('time_out', $load);
sql('time_out', 'SELECT usage_refresh()');
my $timeouts = 0;
foreach my $command (
	$load, q{UPDATE fct_event SET event_ts = event_ts + interval '40 days'}, q{DELETE FROM fct_event WHERE event_ts < '2026-02-01'},
	'SELECT usage_refresh()', 'SELECT * FROM verify_rollups()', 'SELECT rebuild_rollups()',
	q{SELECT set_usage_time_zone('Asia/Tokyo')}, q{SELECT set_usage_week_start(3)}, q{SELECT set_usage_time_zone('UTC')},
	'SELECT create_usage_model()', 'SELECT * FROM daily_active_users', 'SELECT * FROM erase_user(id_from_bigint(100))',
	q{DELETE FROM dim_user WHERE user_id = id_from_bigint(101)}, q{SELECT purge_events('2026-02-20')}, 'SELECT rebuild_rollups()', 'TRUNCATE fct_event')
{
	my $name = substr $command, 0, 40;
	# What stands in the way of that
	sql('time_out', 'DELETE FROM fct_event WHERE user_id = id_from_bigint(101)') if $command =~ /dim_user/;
	my $before = sql('time_out', $activity);
	my $clean = 1;
	my $enough = 0;
	for (my $milliseconds = 1; $milliseconds < 300_000 && $clean && !$enough; $milliseconds = int($milliseconds * ($fine ? 1.3 : 3)) + 1)
	{
		my ($out, $err);
		my $status = $node->psql('time_out', "SET statement_timeout = '${milliseconds}ms';\n$command", stdout => \$out, stderr => \$err, on_error_stop => 1);
		$enough = $status == 0;
		next if $enough;
		$timeouts++;
		$clean = $err =~ /canceling statement due to statement timeout/ && sql('time_out', $activity) eq $before
		  && sql('time_out', 'SELECT count(*) FROM verify_rollups()') == 0;
		diag($err) if !$clean;
	}
	ok($enough && $clean && sql('time_out', 'SELECT count(*) FROM verify_rollups()') == 0, "timeouts of $name");
}
cmp_ok($timeouts, '>', 20, 'many commands were cancelled');

# ---------- disk and memory ----------

# Run SQL in a session of which prlimit limits something meanwhile; what went wrong.
sub run_limited
{
	my ($database, $limit, $sql) = @_;
	my ($out, $err);

	$node->psql($database, <<SQL, stdout => \$out, stderr => \$err, on_error_stop => 0);
SET work_mem = '1MB';
SET maintenance_work_mem = '64MB';
DO 'BEGIN END';
SELECT pg_backend_pid() AS backend, new_event_id() AS id \\gset
\\setenv BACKEND :backend
\\! prlimit --pid \$BACKEND $limit
$sql;
\\! prlimit --pid \$BACKEND --fsize=unlimited:unlimited --as=unlimited:unlimited
SELECT 'alive';
SQL
	return $out =~ /^alive$/m ? $err : "the session ended: $err";
}

# With a larger and larger limit, until it is enough
sub until_enough
{
	my ($database, $command, $error, @limits) = @_;
	my $name = $database . ', ' . substr $command, 0, 30;
	my $before = sql($database, $activity);
	my $failures = 0;

	foreach my $limit (@limits)
	{
		my $err = run_limited($database, $limit, $command);
		my $wrong = sql($database, 'SELECT count(*) FROM verify_rollups()');
		if ($err eq '')
		{
			is($wrong, 0, "$name: done after $failures failures");
			return $failures;
		}
		$failures++;
		ok($err =~ $error && $wrong == 0 && sql($database, $activity) eq $before, "$name, $failures: nothing is lost")
		  or diag("$limit: $wrong, $err");
	}
	fail("$name: done at last");
	return $failures;
}

SKIP:
{
	skip 'no prlimit here', 1 if system('prlimit --pid $$ --fsize=unlimited >/dev/null 2>&1') != 0 || !-r '/proc/self/status';
	my @sizes = map { '--fsize=' . ($_ * 128 * 1024) . ':unlimited' } $fine ? (9 .. 20, 25, 30, 40, 60, 80, 120, 200) : (9, 12, 20, 200);

	# Appending to usage_pending, folding from it, and making all anew
	model('disk_full');
	my $full = qr/ERROR:  could not (?:extend|write)/;
	my $failures = until_enough('disk_full', load(20_000), $full, @sizes);
	cmp_ok($failures, '>=', 2, 'there was no room for events');
	cmp_ok(until_enough('disk_full', 'SELECT usage_refresh()', $full, @sizes), '>=', 2, 'there was no room for a fold');
	is(sql('disk_full', 'SELECT pending_rows FROM usage_status'), 0, 'all is folded');
	cmp_ok(until_enough('disk_full', 'SELECT rebuild_rollups()', $full, @sizes), '>=', 2, 'there was no room to rebuild');

	# In the background: the limit is the server's, and what it starts inherits it.
	sql('disk_full', q{UPDATE fct_event SET duration_seconds = duration_seconds + 1 WHERE event_name = 'timer_stop'});
	my ($postmaster) = slurp_file($node->data_dir . '/postmaster.pid') =~ /\A(\d+)/;
	system("prlimit --pid $postmaster --fsize=1200000:unlimited");
	my $seen = 0;
	for (1 .. 100)
	{
		# Some commit asks for a fold.
		my $err = run_limited('disk_full', '--fsize=unlimited', q{
SET usage_analytics.background_fold = on;
SET usage_analytics.pending_limit = '8kB';
UPDATE fct_event SET duration_seconds = duration_seconds + 1 WHERE user_id = id_from_bigint(500) AND event_name = 'timer_stop'});
		die $err if $err ne '';
		last if $seen = sql('disk_full', q{SELECT coalesce(last_error ~ 'could not (extend|write)', false) FROM usage_status}) eq 't';
	}
	system("prlimit --pid $postmaster --fsize=unlimited");
	ok($seen, 'a worker without room says so in usage_status');
	is(sql('disk_full', 'SELECT count(*) FROM verify_rollups()'), 0, 'and reads are exact');
	$node->poll_query_until('disk_full', 'SELECT folding_pid IS NULL FROM usage_status');
	sql('disk_full', 'SELECT usage_refresh()');
	is(sql('disk_full', 'SELECT pending_rows, last_error IS NULL FROM usage_status'), '0|t', 'with room again, it is folded');
	is(wrong('disk_full'), "0\n0", 'all is right');

	# Memory, from what the session has up in small steps
	model('memory');
	my @memory = map {
		my $more = $_ * 1024;
		q{--as=$(( ($(sed -n 's/^VmSize:[^0-9]*\([0-9]*\).*/\1/p' /proc/$BACKEND/status) + } . $more . q{) * 1024 )):unlimited}
	} $fine ? (0 .. 40, 64, 256, 1024) : (0, 2, 5, 1024);
	my $out_of_memory = qr/ERROR:  (?:out of memory|could not map shared memory segment .*: Cannot allocate memory)/;
	cmp_ok(until_enough('memory', load(30_000), $out_of_memory, @memory), '>=', 2, 'there was no memory to capture');
	cmp_ok(until_enough('memory', 'UPDATE fct_event SET event_ts = event_ts + interval \'1 hour\', source = \'api\'', $out_of_memory, @memory), '>=', 2, 'nor for an update');
	cmp_ok(until_enough('memory', 'SELECT usage_refresh()', $out_of_memory, @memory), '>=', 2, 'there was no memory to fold');
	cmp_ok(until_enough('memory', 'SELECT rebuild_rollups()', $out_of_memory, @memory), '>=', 2, 'there was no memory to rebuild');
	is(wrong('memory'), "0\n0", 'all is right');
}

# ---------- partitions ----------

# Seconds that a statement takes
sub seconds
{
	my ($what, $sql) = @_;
	my $start = time;
	my $out = sql('partitions', $sql);

	diag(sprintf '%d partitions, %s: %.1f s', $partitions, $what, time - $start) if $partitions > 1000;
	return $out;
}

if ($partitions > 1000)
{
	$node->append_conf('postgresql.conf', 'max_locks_per_transaction = ' . int($partitions / 5));
	$node->restart;
}
sql('postgres', 'CREATE DATABASE partitions');
sql('partitions', q{
CREATE TABLE fct_event (event_id uuid, user_id uuid, account_id uuid, task_id uuid, event_ts timestamptz, ingested_at timestamptz,
  duration_seconds integer, event_name text, source text, PRIMARY KEY (event_id, event_ts)) PARTITION BY RANGE (event_ts);
CREATE EXTENSION usage_analytics;
INSERT INTO dim_account (account_id, plan_tier) SELECT id_from_bigint(n), 'pro' FROM generate_series(1, 5) AS n;
INSERT INTO dim_user (user_id, account_id, role) SELECT id_from_bigint(n), id_from_bigint(1 + n % 5), 'member' FROM generate_series(100, 199) AS n;
});
# By month; thousands of them by day
my $step = $partitions > 1000 ? 'day' : 'month';
my $first = q{timestamptz '2005-01-01Z'};
seconds('all made', qq{SET TimeZone = 'UTC';
DO \$\$
BEGIN
  FOR n IN 0 .. $partitions - 1 LOOP
    EXECUTE format('CREATE TABLE part_%s PARTITION OF fct_event FOR VALUES FROM (%L) TO (%L)', n, $first + n * interval '1 $step', $first + (n + 1) * interval '1 $step');
    COMMIT;
  END LOOP;
END \$\$});
my $spread = qq{INSERT INTO fct_event (user_id, account_id, event_name, event_ts, duration_seconds)
	SELECT id_from_bigint(100 + n % 100), id_from_bigint(1 + n % 7 % 5), (ARRAY['timer_stop', 'app_open'])[1 + n % 2],
	       $first + (n % $partitions) * interval '1 $step' + n % 5 * interval '1 hour', n % 100 FROM generate_series(1, } . 2 * $partitions . q{) AS n};
seconds('rows into all of them', $spread);
is(wrong('partitions'), "0\n0", "$partitions partitions: rows into all of them count");
seconds('a fold', 'SELECT usage_refresh()');
seconds('a row into one, in a new session', qq{INSERT INTO fct_event (user_id, account_id, event_name, event_ts) VALUES (id_from_bigint(100), id_from_bigint(1), 'app_open', $first)});
seconds('rows to other partitions', qq{UPDATE fct_event SET event_ts = event_ts + interval '1 $step' WHERE event_ts < $first + 20 * interval '1 $step'});
seconds('a user\'s rows', q{DELETE FROM fct_event WHERE user_id = id_from_bigint(101)});
is(wrong('partitions'), "0\n0", 'so do changes from one to another');
seconds('daily_active_users', 'SELECT count(*) FROM daily_active_users');
seconds('verify_rollups()', 'SELECT count(*) FROM verify_rollups()');
# Bounds that are constants: partitions are left out before they are planned for.
seconds('a month of usage_events', q{SELECT count(*) FROM usage_events WHERE event_ts >= '2005-01-01Z' AND event_ts < '2005-02-01Z'});
seconds('erase_user()', 'SELECT count(*) FROM erase_user(id_from_bigint(102))');
seconds('rebuild_rollups()', 'SELECT rebuild_rollups()');
is(wrong('partitions'), "0\n0", 'so do rebuilds and erasures');
my $before = sql('partitions', $activity);
# What is dropped is locked until the transaction ends: readers of events wait, those of
# activity do not.
my $quick = "psql -XqAt -d '" . $node->connstr('partitions') . "' -c \"SET lock_timeout = '100ms'\"";
is(sql('partitions', qq{BEGIN; SELECT purge_events('2006-01-01') > 0;
\\! $quick -c 'SELECT count(*) > 0 FROM user_daily_activity' 2>&1
\\! $quick -c 'SELECT count(*) > 0 FROM usage_events' 2>&1
\\! $quick -c "INSERT INTO fct_event (user_id, account_id, event_name, event_ts) VALUES (id_from_bigint(100), id_from_bigint(1), 'a', '2007-05-01')" 2>&1
ROLLBACK}) =~ s/\n?^(?:LINE| +\^).*//mgr, "t\nt\nERROR:  canceling statement due to lock timeout\nERROR:  canceling statement due to lock timeout",
	'a purge holds up those who need the events, and no others');
my $half = sql('partitions', "SET TimeZone = 'UTC'; SELECT ($first + $partitions / 2 * interval '1 $step')::date");
seconds('half of them purged', "SELECT purge_events('$half')");
is(sql('partitions', q{SELECT count(*) FROM pg_partition_tree('fct_event') WHERE isleaf}), $partitions - int($partitions / 2), 'half of them purged');
is(sql('partitions', $activity), $before, 'changes no figure');
is(sql('partitions', 'SELECT count(*) FROM verify_rollups()'), 0, 'and the rollups are right');

$node->stop;
done_testing();
