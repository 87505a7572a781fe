# demo/import_csv: an export as it comes is loaded once, and rows that cannot be
# taken are kept with the reason and stop nothing.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('import');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;

# Whoever installed owns the model; no superuser is needed.
$node->safe_psql('postgres', 'CREATE ROLE analyst LOGIN');
$node->safe_psql('postgres', 'CREATE DATABASE usage OWNER analyst');
my $connection = $node->connstr('usage') . ' user=analyst';
sub query
{
	my ($sql) = @_;
	my ($out, $err) = run_command([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $connection, '-c', $sql ]);
	die $err if $err =~ /ERROR/;
	return $out;
}
query('CREATE SCHEMA "Usage data"');
query('CREATE EXTENSION usage_analytics SCHEMA "Usage data"');
query('ALTER ROLE analyst SET search_path = "Usage data"');

# What the import says: a line a file, "rows|added|there already|rejected|columns not used"
sub import_directory
{
	my ($directory) = @_;
	my ($out, $err) = run_command([ 'demo/import_csv', $directory, '-d', $connection, '-At' ]);
	return ($out, $err);
}

sub summary
{
	my ($out, $err) = import_directory(@_);
	is($err, '', 'nothing to complain of');
	return join "\n", map { s{^.*/(\w+)\.csv(\.gz)?\|}{$1|}r } grep { m{\.csv(\.gz)?\|\d} } split /\n/, $out;
}

sub write_file
{
	my ($name, @lines) = @_;
	open my $file, '>:raw', $name or die "$name: $!";
	print $file map { "$_\n" } @lines;
	close $file;
}

sub read_file
{
	my ($name) = @_;
	open my $file, '<:raw', $name or die "$name: $!";
	chomp(my @lines = <$file>);
	return @lines;
}

# ---- A good export ----

my $sample = 'data/sample';
my @account = read_file("$sample/dim_account.csv");
my @user    = read_file("$sample/dim_user.csv");
my @event   = read_file("$sample/fct_event.csv");
my ($accounts, $users, $events) = ($#account, $#user, $#event);

is(summary($sample),
	"dim_account|$accounts|$accounts|0|0|\n"
	  . "dim_user|$users|$users|0|0|timezone\n"
	  . "fct_event|$events|$events|0|0|event_category, is_productive",
	'every row of the export is taken');
is(summary($sample),
	"dim_account|$accounts|0|$accounts|0|\n"
	  . "dim_user|$users|0|$users|0|timezone\n"
	  . "fct_event|$events|0|$events|0|event_category, is_productive",
	'once more, it adds nothing');

# The file again, split naively: the sample has no quotes.
my %sum = (count => 0, duration => 0, task => 0, lag => 0);
my @name = split /,/, $event[0];
foreach my $line (@event[ 1 .. $#event ])
{
	my %e;
	@e{@name} = split /,/, $line, -1;
	$sum{count}++;
	$sum{duration} += $e{duration_seconds} || 0;
	$sum{task}++ if $e{task_id} ne '';
}
is(query('SELECT count(*), sum(duration_seconds), count(task_id) FROM fct_event'),
	"$sum{count}|$sum{duration}|$sum{task}", 'the values are the files\'');
my %first;
@first{@name} = split /,/, $event[1], -1;
is(query("SELECT to_char(event_ts AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS'), user_id, account_id, event_name, source
          FROM fct_event WHERE event_id = '$first{event_id}'"),
	"$first{event_ts}|$first{user_id}|$first{account_id}|$first{event_name}|$first{source}",
	'a timestamp without a zone is UTC, whatever the order of the columns');
is(query('SELECT count(*) FROM usage_import_rejected'), 0, 'none is rejected');

# ---- An export with everything that can be wrong ----

my $dir = PostgreSQL::Test::Utils::tempdir;
my ($a1, $u1) = ('00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-0000000000b1');
my $known_event = (split /,/, $event[1])[0];

write_file("$dir/dim_account.csv",
	"\xef\xbb\xbfplan_tier,account_name,Account_ID ,is_active\r",
	"pro,\"Smith, Jones \"\"and\"\" S\xc3\xb6hne\",$a1,True\r",
	"pro,no id,,True\r",
	",no plan,00000000-0000-4000-8000-0000000000a2,True\r",
	"pro,half a flag,00000000-0000-4000-8000-0000000000a3,maybe\r");

write_file("$dir/dim_user.csv",
	'user_id,account_id,role,created_at,activated_at,is_active,deactivated_at',
	"$u1,$a1,member,2026-01-01,2026-01-02 10:00:00+02:00,true,",
	"00000000-0000-4000-8000-0000000000b2,00000000-0000-4000-8000-0000000000ff,member,2026-01-01,,t,",
	"00000000-0000-4000-8000-0000000000b3,$a1,,2026-01-01,,t,",
	"00000000-0000-4000-8000-0000000000b4,$a1,member,2026-01-01,2025-12-31,t,",
	"00000000-0000-4000-8000-0000000000b5,$a1,member,2026-01-01,,f,2025-12-31",
	"00000000-0000-4000-8000-0000000000b6,$a1,member,2026-01-01,,t,2026-01-05",
	"00000000-0000-4000-8000-0000000000b7,$a1,member,,,t,");

# A check of the user's own, of which the import knows nothing
query(q{ALTER TABLE fct_event ADD CONSTRAINT no_tuesdays CHECK (event_name <> 'tuesday')});

my $next_id = 0;
sub id { return sprintf '00000000-0000-4000-8000-%012x', 0xe0000 + $next_id++ }
my $good = id();
# Each row is its reason, or 'ok', and the line
my @case = (
	[ 'ok' => "$good,$u1,$a1,app_open,2026-02-01T10:00:00,,desktop," ],
	[ '' => "$good,$u1,$a1,app_open,2026-02-01 10:00:00,,desktop," ],
	[ 'event_id came before with other content' => "$good,$u1,$a1,app_open,2026-02-01T10:00:01,,desktop," ],
	[ 'event_id is there already with other content' => "$known_event,$u1,$a1,app_open,2026-02-01T10:00:00,,desktop," ],
	[ 'ok' => '{' . uc(id()) . "},$u1,$a1,timer_stop,2026-02-01T10:00:00,9532.0,web," . id() ],
	[ 'ok' => join(',', id() =~ s/-//gr, $u1, $a1, 'app_open', '2026-02-28', '', '', '') ],
	[ 'ok' => id() . ",$u1,$a1,\"a \"\"quoted\"\", name\",0001-01-01T00:00:00,0,,"],
	[ 'event_id is missing' => ",$u1,$a1,app_open,2026-02-01T10:00:00,,," ],
	[ 'event_id is not a uuid' => "x$good,$u1,$a1,app_open,2026-02-01T10:00:00,,," ],
	[ 'event_id is not a uuid' => "00000000-0000-4000-8000-0000000-0000001,$u1,$a1,app_open,2026-02-01T10:00:00,,," ],
	[ 'unknown user' => id() . ',' . id() . ",$a1,app_open,2026-02-01T10:00:00,,," ],
	[ 'unknown user' => id() . ",00000000-0000-4000-8000-0000000000b4,$a1,app_open,2026-02-01T10:00:00,,," ],
	[ 'user_id is missing' => id() . ",,$a1,app_open,2026-02-01T10:00:00,,," ],
	[ 'unknown account' => id() . ",$u1," . id() . ',app_open,2026-02-01T10:00:00,,,' ],
	[ 'event_ts is missing' => id() . ",$u1,$a1,app_open,,,," ],
	(map { [ 'event_ts is not a timestamp' => id() . ",$u1,$a1,app_open,$_,,," ] }
		'2026-02-29T10:00:00', '2026-13-01T10:00:00', '2026-02-01T25:00:00', '2026-02-01T10:60:00',
		'infinity', '-infinity', 'now', 'yesterday', '02/01/2026', '300000-01-01T00:00:00',
		'2026-02-01T10:00:00 Nowhere/Town'),
	[ 'duration_seconds is negative' => id() . ",$u1,$a1,timer_stop,2026-02-01T10:00:00,-1.0,," ],
	[ 'duration_seconds is not a whole number' => id() . ",$u1,$a1,timer_stop,2026-02-01T10:00:00,12.5,," ],
	[ 'duration_seconds is out of range' => id() . ",$u1,$a1,timer_stop,2026-02-01T10:00:00,2147483648,," ],
	[ 'duration_seconds is out of range' => id() . ",$u1,$a1,timer_stop,2026-02-01T10:00:00,Infinity,," ],
	[ 'duration_seconds is not a number' => id() . ",$u1,$a1,timer_stop,2026-02-01T10:00:00,an hour,," ],
	[ 'ok' => id() . ",$u1,$a1,timer_stop,2026-02-01T10:00:00,2147483647,," ],
	[ 'event_name is missing' => id() . ",$u1,$a1,,2026-02-01T10:00:00,,," ],
	[ 'event_name is missing' => id() . ",$u1,$a1,\"\",2026-02-01T10:00:00,,," ],
	[ 'event_name is not of 200 bytes at most' => id() . ",$u1,$a1," . ("\xc3\xb6" x 101) . ',2026-02-01T10:00:00,,,' ],
	[ 'ok' => id() . ",$u1,$a1," . ("\xc3\xb6" x 100) . ',2026-02-01T10:00:00,,,' ],
	[ 'source is not desktop, web, mobile or api' => id() . ",$u1,$a1,app_open,2026-02-01T10:00:00,,fax," ],
	[ 'task_id is not a uuid' => id() . ",$u1,$a1,task_created,2026-02-01T10:00:00,,,task 7" ],
	[ 'user_id is not a uuid; event_ts is not a timestamp; duration_seconds is negative' =>
		  id() . ",me,$a1,timer_stop,today,-5,," ],
	[ 'the number of fields is not the header\'s' => id() . ",$u1,$a1,app_open" ],
	[ 'the number of fields is not the header\'s' => id() . ",$u1,$a1,app_open,2026-02-01T10:00:00,,,,surplus" ],
	[ 'quotes do not pair up' => id() . ",$u1,$a1,\"app_open,2026-02-01T10:00:00,,," ],
	[ 'quotes do not pair up' => id() . ",$u1,$a1,app\"open\",2026-02-01T10:00:00,,," ],
	[ 'the line is not UTF-8' => id() . ",$u1,$a1,caf\xe9,2026-02-01T10:00:00,,," ],
	[ 'the line has control characters' => id() . ",$u1,$a1,app\0open,2026-02-01T10:00:00,,," ],
	[ 'the number of fields is not the header\'s' => '\.' ],
	[ 'new row for relation "fct_event" violates check constraint "no_tuesdays"' =>
		  id() . ",$u1,$a1,tuesday,2026-02-03T10:00:00,,," ],
	[ 'ok' => id() . ",$u1,$a1,wednesday,2026-02-04T10:00:00,,," ]);

write_file("$dir/fct_event.csv",
	'event_id,user_id,account_id,event_name,event_ts,duration_seconds,source,task_id',
	map { $_->[1] } @case);
system_or_bail('gzip', "$dir/fct_event.csv");

my $ok = grep { $_->[0] eq 'ok' } @case;
my $same = grep { $_->[0] eq '' } @case;
my $bad = @case - $ok - $same;

is(summary($dir), "dim_account|4|1|0|3|\ndim_user|7|1|0|6|\nfct_event|" . @case . "|$ok|$same|$bad|",
	'the good rows among bad ones are taken');

my $reasons = sub {
	return query("SELECT line || ' ' || reason FROM usage_import_rejected WHERE file LIKE '%/$_[0]%' ORDER BY line");
};
is($reasons->('dim_account'), join("\n",
	'3 account_id is missing',
	'4 plan_tier is missing',
	'5 is_active is not true or false'), 'accounts: every reason');
is($reasons->('dim_user'), join("\n",
	'3 unknown account',
	'4 role is missing',
	'5 activated before created',
	'6 deactivated before created',
	'7 active, but deactivated',
	'8 created_at is missing'), 'users: every reason');
is($reasons->('fct_event'),
	join("\n", map { $case[$_][0] =~ /^(ok)?$/ ? () : ($_ + 2) . " $case[$_][0]" } 0 .. $#case),
	'events: every reason, at its line');
is(query("SELECT content FROM usage_import_rejected WHERE reason = 'unknown account' AND file LIKE '%/dim_user%'"),
	'00000000-0000-4000-8000-0000000000b2,00000000-0000-4000-8000-0000000000ff,member,2026-01-01,,t,',
	'the line is kept as it was');

is(query("SELECT account_name FROM dim_account WHERE account_id = '$a1'"), 'Smith, Jones "and" S' . "\xc3\xb6" . 'hne',
	'quotes and UTF-8 are read');
is(query("SELECT activated_at AT TIME ZONE 'UTC' FROM dim_user WHERE user_id = '$u1'"), '2026-01-02 08:00:00',
	'a zone that is given counts');
is(query("SELECT event_ts AT TIME ZONE 'UTC', duration_seconds, task_id IS NOT NULL FROM fct_event
          WHERE user_id = '$u1' AND event_name = 'timer_stop' AND source = 'web'"), '2026-02-01 10:00:00|9532|t',
	'9532.0 is 9532 seconds');

my $rejected = query('SELECT count(*) FROM usage_import_rejected');
is(summary($dir), "dim_account|4|0|1|3|\ndim_user|7|0|1|6|\nfct_event|" . @case . "|0|" . ($ok + $same) . "|$bad|",
	'once more, nothing is added');
is(query('SELECT count(*) FROM usage_import_rejected'), $rejected, 'nor are the rejected rows kept twice');
is(query('SELECT count(*) FROM fct_event'), $events + $ok, 'every event is there once');

# ---- Files that cannot be read as an export at all ----

my $broken = PostgreSQL::Test::Utils::tempdir;
write_file("$broken/dim_account.csv", 'account_id,account_name', "$a1,x");
my (undef, $error) = import_directory($broken);
like($error, qr/dim_account.csv: the header has no column "plan_tier"/, 'a column that is needed');

write_file("$broken/dim_account.csv", 'account_id,plan_tier,plan_tier', "$a1,x,y");
(undef, $error) = import_directory($broken);
like($error, qr/dim_account.csv: the header has the column "plan_tier" twice/, 'a column that comes twice');

unlink "$broken/dim_account.csv";
write_file("$broken/fct_event.csv.gz", 'this is not compressed');
(undef, $error) = import_directory($broken);
like($error, qr/fct_event/, 'a file that does not unpack');

is(query('SELECT count(*) FROM fct_event'), $events + $ok, 'these leave everything as it was');

$node->stop;
done_testing();
