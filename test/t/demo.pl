# The demo: what the generator makes is as asked for and always the same; it
# loads, and the tour of it runs.
use strict;
use warnings;
use Encode;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir;
my $generate = "$dir/generate";
command_ok([ 'cc', '-O2', '-Wall', '-Wextra', '-Werror', '-o', $generate, 'demo/generate.c' ],
	'the generator compiles');

my @small = ('--accounts', 12, '--users', 8, '--days', 40, '--end', '2026-01-31');

# The generator's lines, and its complaints
sub generate
{
	my ($out, $err) = run_command([ $generate, @_ ]);
	return wantarray ? split(/\n/, $out) : $out;
}

# ---- The same parameters, the same bytes ----

foreach my $table ('dim_account', 'dim_user', 'fct_event')
{
	my $once = generate('--table', $table, @small);
	ok($once eq generate('--table', $table, @small), "$table: the same seed, the same bytes");
	ok($once ne generate('--table', $table, @small, '--seed', 2), "$table: another seed, other bytes");

	my @csv = generate('--table', $table, '--format', 'csv', @small);
	is(shift @csv, (generate('--table', $table, '--columns'))[0], "$table: the header names the columns");
	is_deeply([ map { s/\\N//gr =~ tr/\t/,/r } split /\n/, $once ], \@csv, "$table: CSV has the same rows");

	my @script = generate('--table', $table, '--format', 'script', @small);
	is(join("\n", grep { !/^(COPY .* FROM stdin;|\\\.)$/ } @script), $once, "$table: so has the script");
}

# ---- As asked for ----

my @account = map { [ split /\t/ ] } generate('--table', 'dim_account', @small);
my @user = map { [ split /\t/ ] } generate('--table', 'dim_user', @small);
my @event = map { [ split /\t/ ] } generate('--table', 'fct_event', @small);
my %account = map { $_->[0] => 1 } @account;
my %user = map { $_->[0] => 1 } @user;
is(scalar(keys %account), 12, 'the number of accounts');
is(scalar(keys %user), 12 * 8, 'the number of users, so many an account on average');
is(scalar(grep { !$account{ $_->[1] } } @user), 0, 'every user has an account');
is(scalar(grep { !$user{ $_->[1] } || !$account{ $_->[2] } } @event), 0, 'every event has a user and an account');
my %id = map { $_->[0] => 1 } @event;
is(scalar(keys %id), scalar(@event), 'event ids are unique');

my @arrival = map { $_->[5] } @event;
is_deeply(\@arrival, [ sort @arrival ], 'events come in the order of arrival');
is(substr($arrival[0], 0, 10), '2025-12-23', 'the first day of forty');
is(substr($arrival[-1], 0, 10), '2026-01-31', 'the last day');
my $per_user_day = @event / (12 * 8 * 40);
cmp_ok($per_user_day, '>', 0.8, 'a user has one event a day or more …');
cmp_ok($per_user_day, '<', 4, '… and not too many');

my @until_noon = map { [ split /\t/ ] } generate('--table', 'fct_event', @small, '--end', '2026-01-30T12:00');
is(scalar(grep { $_->[5] ge '2026-01-30 12:00:00' } @until_noon), 0, 'nothing arrives after the end');
my @one = generate('--table', 'dim_user', '--accounts', 1, '--users', 1, '--days', 1);
is(scalar @one, 1, 'one account, one user, one day');

# What makes it like a real feed
sub share
{
	my ($name, $what, $from, $to, @of) = @_;
	my $n = grep { $what->($_) } @of;
	cmp_ok($n, '>', $from * @of, "$name: some");
	cmp_ok($n, '<', $to * @of, "$name: not too many");
}
share('a later day of arrival', sub { substr($_->[4], 0, 10) lt substr($_->[5], 0, 10) }, 0.005, 0.3, @event);
share('stops without a duration', sub { $_->[6] eq '\N' }, 0.001, 0.1, grep { $_->[7] eq 'timer_stop' } @event);
share('completions without a task', sub { $_->[3] eq '\N' }, 0.001, 0.1, grep { $_->[7] eq 'task_completed' } @event);
share('users never activated', sub { $_->[5] eq '\N' }, 0.02, 0.4, @user);
my %name = map { $_->[7] => 1 } @event;
is(join(' ', sort keys %name),
	'app_open comment_added dashboard_view idle_detected manual_time_added report_exported '
	  . 'task_completed task_created timer_start timer_stop',
	'every kind of event');

# ---- What cannot be ----

command_fails_like([ $generate, '--table', 'dim_task' ], qr/unknown name "dim_task"/, 'an unknown table');
command_fails_like([ $generate, '--table', 'dim_user', '--users', '0' ], qr/--users must be a number/, 'no users');
command_fails_like([ $generate, '--table', 'dim_user', '--days', '7x' ], qr/--days must be a number/, 'half a number');
command_fails_like([ $generate, '--table', 'dim_user', '--end', '2026-02-29' ], qr/not a date/, 'a day that is not');
command_fails_like([ $generate, '--table', 'dim_user', '--end', '2026-02-28T24:00' ], qr/not a date/, 'an hour that is not');
command_fails_like([ $generate, '--wait' ], qr/usage:/, 'an unknown option');

# ---- Loading it ----

my $node = PostgreSQL::Test::Cluster->new('demo');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;

my %content;
my %constraints;
foreach my $name ('plain', 'bulk')
{
	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name, 'CREATE SCHEMA product; CREATE EXTENSION usage_analytics SCHEMA product');
	$node->safe_psql('postgres', "ALTER DATABASE $name SET search_path = product");
	my $made = q{SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'fct_event'::regclass
	             UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'fct_event'::regclass
	             ORDER BY 1};
	$constraints{before} = $node->safe_psql($name, $made);
	command_checks_all([ 'demo/load', '--dbname', $node->connstr($name), ($name eq 'bulk' ? '--bulk' : ()), @small ],
		0, [qr/^$/], [qr/day 40 of 40, ${\ scalar @event} events/], "loading, $name");
	$constraints{$name} = $node->safe_psql($name, $made);
	is($constraints{$name}, $constraints{before}, "$name: constraints and indexes are as before");
	$content{$name} = $node->safe_psql($name, 'SELECT md5(string_agg(e::text, E\'\n\' ORDER BY event_id)), count(*) FROM fct_event e');
}
is($content{bulk}, $content{plain}, 'both ways load the same');
like($content{plain}, qr/\|${\ scalar @event}$/, 'all of it');

# ---- The tour ----

my ($tour, $complaints) = run_command([ 'psql', '-X', '-d', $node->connstr('bulk'), '-f', 'demo/tour.sql' ]);
is($complaints, '', 'the tour runs');
my @question = grep { /^[A-Z].*[?.]$/ } split /\n/, $tour;
my @answer = split /^[A-Z].*[?.]\n/m, $tour;
cmp_ok(scalar @question, '>=', 14, 'it asks');
is(scalar(grep { !/┼.*\n.*\w/ } @answer[ 1 .. $#answer ]), 0, 'and has an answer to everything');
is_deeply([ grep { decode('UTF-8', $_) =~ /^.{101}/ } split /\n/, $tour ], [], 'on 100 columns');
my ($dau) = $tour =~ /active_now\s*\n.*\n\s*(\d+ │\s+\d+)/;
my ($before, $now) = $dau =~ /(\d+)/g;
is($now, $before + 1, 'an insert shows at once');
is($node->safe_psql('bulk', 'SELECT count(*) FROM fct_event'), scalar(@event), 'and is not kept');

command_fails([ 'demo/load', '--dbname', $node->connstr('postgres'), @small ], 'a database without the extension');

$node->stop;
done_testing();
