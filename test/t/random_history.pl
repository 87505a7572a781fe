# Random histories: eight sessions insert, copy, change, delete and truncate events,
# move users, roll back in whole and in part, prepare transactions, erase users, fold, rebuild and
# are killed, as is the worker that folds in the background. All the while, and at
# rest, every view gives what plain SQL over the events gives, and the rollups are
# those of the events.
#
# HISTORY_SEED and HISTORY_ROUNDS in the environment repeat a run or make it longer;
# each round is seeded from the seed and its own number.
use strict;
use warnings;

use Digest::MD5 'md5_hex';
use FindBin;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $seed = $ENV{HISTORY_SEED} // int(rand(1_000_000_000));
my $rounds = $ENV{HISTORY_ROUNDS} // 3;
my $sessions = 8;
my $top = "$FindBin::Bin/..";
diag("HISTORY_SEED=$seed");

my $node = PostgreSQL::Test::Cluster->new('history');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
# Short pending lists, so that the worker folds all the time.
$node->append_conf(
	'postgresql.conf', q{
jit = off
fsync = off
deadlock_timeout = '50ms'
max_connections = 30
max_prepared_transactions = 20
usage_analytics.pending_limit = '8kB'
});
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION usage_analytics');
command_ok(
	[
		'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'),
		map { ('-f', "$top/$_.sql") } qw(reference compare random_history)
	],
	'the reference is there');

# What may befall a session without any fault. (Under REPEATABLE READ an event is there
# twice when it was deleted by another since the snapshot, and inserted again.)
my $expected = qr/deadlock\ detected
                 |could\ not\ serialize\ access
                 |canceling\ statement\ due\ to
                 |terminating\ connection
                 |server\ closed\ the\ connection
                 |This\ probably\ means\ the\ server
                 |before\ or\ while\ processing
                 |connection\ to\ server\ was\ lost
                 |no\ connection\ to\ the\ server
                 |current\ transaction\ is\ aborted
                 |printf
                 |cannot\ affect\ row\ a\ second\ time
                 |more\ than\ one\ row\ returned\ by\ a\ subquery
                 |duplicate\ key\ value\ violates\ unique\ constraint\ "fct_event_pkey"
                 |savepoint\ "part"\ does\ not\ exist
                 |prepared\ transaction\ with\ identifier\ .*\ does\ not\ exist
                 |violates\ foreign\ key\ constraint/x;

# COPY of some events, in psql's own way: rows do not follow where the server refuses.
sub copy
{
	my @rows;

	foreach my $i (1 .. 1 + int(rand(20)))
	{
		my $moment = sprintf '2026-%02d-%02d %02d:00Z', 9 + int(rand(3)), 1 + int(rand(30)), int(rand(24));
		push @rows, join ',', md5_hex("$seed user " . (1 + int(rand(40)))), md5_hex("$seed account " . (1 + int(rand(5)))),
		  (qw(app_open timer_stop own))[ int(rand(3)) ], $moment, int(rand(500));
	}
	return '\\copy fct_event (user_id, account_id, event_name, event_ts, duration_seconds) FROM PROGRAM \'printf "%s\\n" '
	  . join(' ', map { "\"$_\"" } @rows) . "' (FORMAT csv)\n";
}

# Some users go to another account.
sub move
{
	my $account = md5_hex("$seed account " . (1 + int(rand(5))));
	my $users = join ', ', map { "'" . md5_hex("$seed user " . (1 + int(rand(40)))) . "'" } 1 .. 1 + int(rand(4));

	return "UPDATE dim_user SET account_id = '$account' WHERE user_id IN ($users);\n";
}

# The statements of one session in one round.
sub history
{
	my ($round, $session) = @_;
	my $isolation = $session % 4 == 3 ? 'REPEATABLE READ' : $session % 4 == 2 ? 'SERIALIZABLE' : 'READ COMMITTED';
	my $sql = "SET application_name = 'history $session';\n";
	# Each call has a seed of its own, as new keys come from it.
	my $call = $seed + 100_000 * $round + 1000 * $session;
	my $change = sub {
		return 'SELECT reference.random_change(' . $call++ . ', ' . (1 + int(rand(12))) . ");\n";
	};

	for my $transaction (1 .. 20)
	{
		my $prepared = "history $round $session $transaction";

		$sql .= "BEGIN ISOLATION LEVEL $isolation;\n" . $change->();
		$sql .= "SAVEPOINT part;\n" . $change->() . (rand() < 0.5 ? 'ROLLBACK TO' : 'RELEASE') . " part;\n"
		  if rand() < 0.3;
		$sql .= 'SELECT pg_sleep(' . rand(0.4) . ");\n" if rand() < 0.4;
		$sql .= copy() if rand() < 0.3;
		$sql .= move() if rand() < 0.2;
		$sql .= "TRUNCATE fct_event;\n" if rand() < 0.005;
		$sql .= 'SELECT * FROM erase_user((SELECT user_id FROM dim_user ORDER BY md5(user_id::text || ' . $call++ . ") LIMIT 1));\n"
		  if $isolation eq 'READ COMMITTED' && rand() < 0.02;
		if (rand() < 0.15)
		{
			$sql .= "PREPARE TRANSACTION '$prepared';\nSELECT pg_sleep(" . rand(0.05) . ");\n";
			$sql .= (rand() < 0.3 ? 'ROLLBACK' : 'COMMIT') . " PREPARED '$prepared';\n";
		}
		else
		{
			$sql .= rand() < 0.2 ? "ROLLBACK;\n" : "COMMIT;\n";
		}
		$sql .= "SELECT rebuild_rollups();\n" if rand() < 0.02;
		$sql .= "SELECT usage_refresh();\n" if rand() < 0.2;
	}
	return "$sql\\q\n";
}

# What a killed session had prepared, and others wait for
my $lost = q{AND prepared < now() - interval '1 second'};

# Commit or roll back prepared transactions; their session may come first.
sub finish_prepared
{
	my ($condition) = @_;

	foreach (split /\n/, $node->safe_psql('postgres', "SELECT gid FROM pg_prepared_xacts WHERE database = 'postgres' $condition"))
	{
		my $outcome = rand() < 0.5 ? 'ROLLBACK' : 'COMMIT';
		$node->psql('postgres', "$outcome PREPARED '$_'");
	}
	return;
}

# The views and the rollups, in the snapshot of one statement each.
sub differences
{
	# Who reads many tables can meet a deadlock with TRUNCATE, or wait for it while it
	# waits for what is prepared.
	for (1 .. 20)
	{
		my ($status, $out, $err) = $node->psql('postgres',
			q{SET lock_timeout = '5s'; SELECT * FROM reference.differences(); SELECT 'verify_rollups', v FROM verify_rollups() AS v;
			  SELECT 'usage_strays', a.account_id, a.user_id, u.account_id FROM user_activity AS a LEFT JOIN dim_user AS u ON u.user_id = a.user_id
			   WHERE u.account_id IS DISTINCT FROM a.account_id AND a.user_id NOT IN (SELECT user_id FROM usage_strays)},
			on_error_stop => 1);
		return $out if $status == 0;
		die $err if $err !~ /deadlock detected|lock timeout/;
		finish_prepared($lost);
	}
	die 'nothing but deadlocks';
}

srand($seed);
$node->safe_psql('postgres', "SELECT reference.random_model($seed, 5, 40, 120, 800)");
is(differences(), '', 'as loaded');

for my $round (1 .. $rounds)
{
	my @running;
	for my $session (1 .. $sessions)
	{
		my ($in, $out, $err) = (history($round, $session), '', '');
		my $run = { err => \$err };
		$run->{handle} = IPC::Run::start([ 'psql', '-XqAt', '-d', $node->connstr('postgres') ],
			\$in, \$out, \$err);
		push @running, $run;
	}

	my $killed = 0;
	my @seen;
	while (grep { $_->{handle}->pumpable } @running)
	{
		foreach my $run (@running)
		{
			$run->{handle}->pump_nb if $run->{handle}->pumpable;
		}
		# Kill two of them in the midst of it, and what folds in the background.
		$killed += $node->safe_psql('postgres',
			q{SELECT count(pg_terminate_backend(pid))
			    FROM (SELECT pid
			            FROM pg_stat_activity
			           WHERE application_name LIKE 'history%' AND state = 'active'
			              OR backend_type = 'usage_analytics fold'
			           ORDER BY backend_type = 'usage_analytics fold', random()
			           LIMIT 1) AS one}) if @seen > 0 && $killed < 3;
		push @seen, differences() if @seen < 5;
		finish_prepared($lost);
		usleep(20_000);
	}
	my $complaints = '';
	foreach my $run (@running)
	{
		eval { $run->{handle}->finish };
		$complaints .= join '', map { "$_\n" } grep { /\S/ && !/$expected/ && !/^(DETAIL|HINT|CONTEXT|LINE|NOTICE|\s)/
			&& !/^Process \d+ waits/ && !/^PL\/pgSQL|^SQL statement/ } split /\n/, ${ $run->{err} };
	}
	is($complaints, '', "round $round: no session met an error of another kind");
	ok(@seen > 0 && join('', @seen) eq '', "round $round: right while they were at it")
	  or diag(@seen);
	finish_prepared('');
	is(differences(), '', "round $round: right at rest");
	$node->safe_psql('postgres', 'SELECT usage_refresh()');
	is(differences(), '', "round $round: right when folded");
}

is($node->safe_psql('postgres', 'SELECT last_error FROM usage_status'), '', 'no fold in the background failed');
$node->stop;
done_testing();
