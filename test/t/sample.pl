# A cut of a real export, loaded by demo/import_csv: every view gives what plain
# SQL over the same events gives, and what counting the file's lines gives.
use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = "$FindBin::Bin/..";
my $sample = "$top/data/sample";

# The files are plain: no quotes, no commas within a value.
sub read_csv
{
	my ($table) = @_;
	open my $file, '<', "$sample/$table.csv" or die "$table.csv: $!";
	chomp(my $header = <$file>);
	my @names = split /,/, $header;
	my @rows;
	while (my $line = <$file>)
	{
		chomp $line;
		my %row;
		@row{@names} = split /,/, $line, -1;
		push @rows, \%row;
	}
	return @rows;
}

my $node = PostgreSQL::Test::Cluster->new('sample');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', 'jit = off');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION usage_analytics');

my @server = ('-h', $node->host, '-p', $node->port, '-d', 'postgres');
command_ok([ "$top/demo/import_csv", $sample, @server ], 'the sample is imported');
command_ok(
	[
		'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', @server,
		'-f', "$top/reference.sql", '-f', "$top/compare.sql"
	],
	'the reference is there');

sub compare
{
	my ($state) = @_;
	my @views = split /\n/, $node->safe_psql('postgres',
		q{SELECT relname FROM pg_class WHERE relnamespace = 'reference'::regnamespace AND relkind = 'v'
		  AND relname NOT IN ('event', 'past_event', 'as_of', 'suspect_event') ORDER BY relname});
	foreach my $view (@views)
	{
		is($node->safe_psql('postgres', "SELECT * FROM reference.differences('{$view}')"),
			'', "$view, $state");
	}
	return;
}

# Counted from the file itself.
my @events = read_csv('fct_event');
my (%users, %count, $seconds);
foreach my $event (@events)
{
	my $day = substr $event->{event_ts}, 0, 10;
	$users{$day}{ $event->{user_id} } = 1;
	$count{ $event->{event_name} }++;
	$seconds += $event->{duration_seconds} || 0 if $event->{event_name} eq 'timer_stop';
}
foreach my $table ('dim_account', 'dim_user', 'fct_event')
{
	my @rows = read_csv($table);
	is($node->safe_psql('postgres', "SELECT count(*) FROM $table"), @rows, "rows of $table");
}
is( $node->safe_psql('postgres',
		'SELECT activity_date, dau FROM daily_active_users WHERE dau > 0 ORDER BY activity_date'),
	join("\n", map { "$_|" . keys %{ $users{$_} } } sort keys %users),
	'daily active users are those of the file');
is( $node->safe_psql('postgres',
		'SELECT event_name, sum(events) FROM feature_adoption GROUP BY event_name ORDER BY event_name COLLATE "C"'),
	join("\n", map { "$_|$count{$_}" } sort keys %count),
	'events by name are those of the file');
is($node->safe_psql('postgres', 'SELECT sum(work_seconds) FROM user_daily_activity'),
	$seconds, 'session time is that of the file');

compare('as loaded');
$node->safe_psql('postgres', 'SELECT usage_refresh()');
compare('folded');
$node->safe_psql('postgres',
	q{SELECT set_usage_time_zone('America/Bogota'); SELECT set_usage_week_start(7)});
compare('in another zone, weeks from Sunday');

$node->stop;
done_testing();
