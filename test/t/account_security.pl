# Row security by account: a role sees, infers and changes nothing of accounts that
# are not listed for it, in tables, views, reports and aggregates; what it sees of its
# own is all there is. The owner, who folds, proves, purges and erases, is not affected.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use Test::More;
use Usage;

start_node('security');
node()->append_conf('postgresql.conf', "jit = off\nusage_analytics.background_fold = off");
node()->reload;
my @roles = qw(one two nobody pair writer);
node()->safe_psql('postgres', join '', map { "CREATE ROLE $_ LOGIN;" } 'owner', 'exempt BYPASSRLS', @roles);
database('shop', 'owner');

# Accounts 1 to 4, with a user who has been active under 1 and 2, and one under 1 and 3;
# half of it folded, half of it pending.
run_ok('shop', 'owner', <<'SQL', 'a model with four accounts');
CREATE EXTENSION usage_analytics;
INSERT INTO dim_account (account_id, account_name, plan_tier, region)
SELECT id_from_bigint(n), 'Account ' || n, (ARRAY['pro', 'secret'])[1 + n % 2], 'region ' || n FROM generate_series(1, 4) AS n;
INSERT INTO dim_user (user_id, account_id, role, country)
SELECT id_from_bigint(100 * account + n), id_from_bigint(account), 'role ' || account, 'C' || account
  FROM generate_series(1, 4) AS account, generate_series(1, 6) AS n;
INSERT INTO event_taxonomy VALUES ('own', 'output');
INSERT INTO fct_event (event_id, user_id, account_id, task_id, event_name, event_ts, ingested_at, duration_seconds, source)
SELECT id_from_bigint(1000 * account + n), id_from_bigint(100 * account + 1 + n % 6), id_from_bigint(account), id_from_bigint(50000 + n % 40),
       (ARRAY['timer_stop', 'task_created', 'task_completed', 'own'])[1 + n % 4],
       date_trunc('day', now()) - (n * account) % 50 * interval '1 day' - interval '1 hour', now(), n * account, (ARRAY['web', 'api', NULL])[1 + n % 3]
  FROM generate_series(1, 4) AS account, generate_series(1, 120) AS n;
INSERT INTO fct_event (event_id, user_id, account_id, event_name, event_ts)
SELECT id_from_bigint(9000 + n), id_from_bigint(101), id_from_bigint(2 + n % 2), 'app_open', now() - n * interval '3 days' FROM generate_series(1, 10) AS n;
SELECT usage_refresh();
INSERT INTO fct_event (event_id, user_id, account_id, event_name, event_ts, duration_seconds)
SELECT id_from_bigint(1000 * account + 500 + n), id_from_bigint(100 * account + n % 6 + 1), id_from_bigint(account), 'timer_stop', now() - n * interval '2 days', 60
  FROM generate_series(1, 4) AS account, generate_series(1, 10) AS n;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO one, two, nobody, pair, exempt;
GRANT SELECT, INSERT, UPDATE, DELETE ON dim_account, dim_user, fct_event TO writer;
INSERT INTO usage_account_access VALUES
  ('one', id_from_bigint(1)), ('two', id_from_bigint(2)), ('pair', id_from_bigint(1)), ('pair', id_from_bigint(2)), ('writer', id_from_bigint(1));
SQL

# What a role is told by all views and reports, as text
my $reports = <<'SQL';
active_users('2000-01-01', '2999-01-01', 'week')
active_users('2000-01-01', '2999-01-01', 'month', 'plan_tier')
active_users('2000-01-01', '2999-01-01', 'month', 'region')
active_users('2000-01-01', '2999-01-01', 'quarter', 'account_id')
active_users('2000-01-01', '2999-01-01', 'day', 'role')
active_users('2000-01-01', '2999-01-01', 'week', 'country', category => 'output')
active_users('2000-01-01', '2999-01-01', 'week', 'event_name')
active_users('2000-01-01', '2999-01-01', 'week', 'source')
active_users('2000-01-01', '2999-01-01', 'week', event => 'own')
rolling_active_users('2000-01-01', '2999-01-01', 7)
rolling_active_users('2000-01-01', '2999-01-01', 5, 'region')
rolling_active_users('2000-01-01', '2999-01-01', 30, 'plan_tier')
stickiness('2000-01-01', '2999-01-01', 'month')
stickiness('2000-01-01', '2999-01-01', 'week', 'plan_tier')
lifecycle('2000-01-01', '2999-01-01')
lifecycle('2000-01-01', '2999-01-01', 'month', 'region')
retention_report('2000-01-01', '2999-01-01')
retention_report('2000-01-01', '2999-01-01', 'month', 'unbounded', segment => 'role')
streaks()
power_users(NULL, 1)
usage_trend('events', '2000-01-01', '2999-01-01', 'week')
usage_trend('work_seconds', '2000-01-01', '2999-01-01', 'month', 'plan_tier')
usage_trend('events', '2000-01-01', '2999-01-01', 'month', 'country')
usage_trend('events', '2000-01-01', '2999-01-01', 'day', 'account_id')
usage_trend('events', '2000-01-01', '2999-01-01', 'month', 'event_category')
funnel('{task_created,task_completed}', '20 days', '2000-01-01', '2999-01-01')
funnel('{task_created,task_completed}', '20 days', '2000-01-01', '2999-01-01', segment => 'account_id')
SQL
my @reports = grep { $_ } split /\n/, $reports;
my @views = split /\n/, value('shop', 'owner', q{SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'v' ORDER BY 1});
my @tables = qw(dim_account dim_user fct_event usage_rollup user_activity usage_pending account_rollup usage_totals usage_strays usage_account_access usage_rollup_state);

# By view, report or table, what a role is told, in one session
sub told
{
	my ($database, $role, @relations) = @_;
	my @lines = split /\n/, value($database, $role, join '', "SET timezone = 'UTC';",
		map { "SELECT count(*), md5(string_agg(r::text, chr(10) ORDER BY r::text COLLATE \"C\")) FROM $_ AS r;" } @relations);
	my %told;

	@told{@relations} = @lines;
	return \%told;
}

# Those of which two are told different things
sub unlike_each_other
{
	my ($one, $other) = @_;

	return join ' ', grep { $one->{$_} ne ($other->{$_} // '') } sort keys %$one;
}
my $owner_before = told('shop', 'owner', @views, @reports, @tables);

run_fails('shop', 'one', 'SELECT enable_account_security()', '42501', qr/must be owner/, 'not anyone may switch it on');
run_ok('shop', 'owner', 'SELECT enable_account_security()', 'the owner switches it on');
run_fails('shop', 'one', 'SELECT disable_account_security()', '42501', qr/must be owner/, 'nor off');

# ---------- who sees what ----------

# The same shop as if there were no others: what a role has to see, to the row. Users of
# the other accounts stay, as keys that events refer to, and are not looked at.
sub shop_of
{
	my ($name, @accounts) = @_;
	my $accounts = join ', ', map { "id_from_bigint($_)" } @accounts;

	node()->safe_psql('postgres', "CREATE DATABASE $name TEMPLATE shop OWNER owner");
	value($name, 'owner', <<"SQL");
SELECT disable_account_security();
CREATE TEMPORARY TABLE kept AS SELECT * FROM fct_event WHERE account_id IN ($accounts);
DELETE FROM fct_event;
DELETE FROM dim_user WHERE account_id NOT IN ($accounts) AND user_id NOT IN (SELECT user_id FROM kept);
DELETE FROM dim_account WHERE account_id NOT IN ($accounts) AND account_id NOT IN (SELECT account_id FROM dim_user);
SELECT usage_refresh();
INSERT INTO fct_event SELECT * FROM kept;
SQL
	return;
}
shop_of('shop_one', 1);
shop_of('shop_both', 1, 2);
# Sizes are nobody's business. That a user has activity under some other account, too, does
# show. Percentiles of lags come from the events themselves where row security is active.
my %in_part = (
	usage_status => '(SELECT 1)',
	usage_live_activity => '(SELECT account_id, user_id, days FROM usage_live_activity)',
	event_freshness => '(SELECT source, events, latest_event_ts, latest_ingested_at, late_share FROM event_freshness)');
my @parts = map { $in_part{$_} // $_ } @views, @reports;
foreach my $of ([ 'one', 'shop_one' ], [ 'pair', 'shop_both' ])
{
	my ($role, $shop) = @$of;
	is(unlike_each_other(told('shop', $role, @parts), told($shop, 'owner', @parts)), '',
		"$role sees of every view and report what there is of the account, and nothing else");
}
is(value('shop', 'nobody', "SELECT sum(n) FROM (SELECT count(*) AS n FROM $_) AS c"), 0, "who is not listed sees nothing of $_")
	foreach @tables, grep { !/^(usage_today|metric_catalog|data_quality|event_freshness)$/ } @views;
is(value('shop', 'nobody', 'SELECT sum(events) FROM data_quality'), 0, 'nor of data_quality');
is(value('shop', 'one', "SELECT string_agg(DISTINCT account_id::text, ',') FROM $_"), value('shop', 'owner', 'SELECT id_from_bigint(1)'), "$_: the account's rows only")
	foreach qw(dim_account dim_user fct_event usage_rollup user_activity usage_pending account_rollup usage_account_access usage_live_rollup usage_live_activity usage_live_accounts account_health account_daily_usage user_daily_activity work_sessions);
is(value('shop', 'one', "SELECT count(*) FROM $_"), 0, "$_: nothing") foreach qw(usage_totals usage_strays usage_rollup_state usage_status);
is(unlike_each_other(told('shop', 'owner', @views, @reports, grep { $_ !~ /access/ } @tables), $owner_before), '', 'the owner sees everything as before');
is(unlike_each_other(told('shop', 'exempt', @views, @reports), $owner_before), '', 'and so does who has BYPASSRLS');
is(value('shop', 'postgres', 'SET ROLE one; SELECT count(*) FROM dim_account'), 1, 'it goes by the current role');

# The account of a report may be another's: nothing, as for one that does not exist.
my @of_account = map { s/(?<=.)\)$/, account_id => %s)/r =~ s/\(, /(/r } grep { !/funnel/ } @reports;
sub told_of_account
{
	my ($account) = @_;
	my @calls = map { sprintf $_, "id_from_bigint($account)" } @of_account;

	return [ @{ told('shop', 'one', @calls) }{@calls} ];
}
is_deeply(told_of_account(2), told_of_account(77), "another's account is like none, in every report");

# ---------- who can infer what ----------

# Functions that fail, speak or are slow never see a row of another account, however the
# condition is put, and although what comes first costs more.
run_ok('shop', 'owner', 'GRANT CREATE ON SCHEMA public TO one', 'one may make functions');
run_ok('shop', 'one', <<'SQL', 'and makes some');
CREATE FUNCTION leak(text) RETURNS boolean COST 0.0000001 LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'leaked %', $1; RETURN true; END $$;
CREATE OPERATOR ==> (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq, RESTRICT = eqsel);
SQL
foreach my $relation (@tables, @views)
{
	my $messages = run_ok('shop', 'one', "SELECT count(*) FROM $relation AS r WHERE leak(r::text)", "a function that tells what it sees, on $relation");
	my @others = grep { /00000000-0000-8000-8000-0000000000(02|03|04)\b|Account [234]|role [234]|region [234]|C[234]\b/ } split /\n/, $messages;
	is("@others", '', "$relation: it sees nothing of others");
}
like(run_ok('shop', 'one', 'SELECT count(*) FROM dim_account WHERE leak(account_name)', 'on the account itself'), qr/leaked Account 1/, 'it does see one\'s own');
run_ok('shop', 'one', 'SELECT count(*) FROM fct_event WHERE 1 / (duration_seconds - 119 * 4) IS NOT NULL', 'an error that would show a value of another');
is(value('shop', 'one', <<'SQL'), '', 'of the library, nothing but what compares, and cannot fail, is leakproof');
SELECT proname
  FROM pg_proc
 WHERE proleakproof AND oid IN (SELECT objid FROM pg_depend WHERE deptype = 'e' AND classid = 'pg_proc'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'usage_analytics'))
   AND proname !~ '^(dayset|dayseries|dayseries_map)_(eq|ne|lt|le|gt|ge|cmp|hash|hash_extended)$|^id_from_bigint$'
SQL
value('shop', 'owner', 'ANALYZE');
is(value('shop', 'one', q{SELECT count(*) FROM pg_stats WHERE schemaname = 'public' AND tablename NOT IN ('event_taxonomy', 'usage_settings')}), 0, 'statistics of the tables do not show');
is(value('shop', 'one', q{SELECT count(*) FROM pg_stats_ext WHERE schemaname = 'public'}), 0, 'nor extended ones');
is(value('shop', 'one', q{SELECT count(*) FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace}), 0, 'there are no sequences to count by');

# Aggregates that look things up for themselves do so with the caller's rights.
my $users = 'ARRAY[' . join(', ', map { "id_from_bigint($_)" } 101 .. 106, 201 .. 206, 301 .. 306) . ']';
is(value('shop', 'one', "SELECT count(*) FROM funnel_found((SELECT funnel_users(u, '{task_created}', '1 day', '{}', '2000-01-01', '2999-01-01', '2999-01-01') FROM unnest($users) AS u)) WHERE user_id >= id_from_bigint(200)"),
	0, 'funnel_users() finds nothing of others\' users');
is(value('shop', 'one', "SELECT count(*) FROM usage_changes('{days,months,accounts,totals,sums}', '$_') WHERE account_id <> id_from_bigint(1)"), 0, "usage_changes($_) tells nothing of others")
	foreach 'pending', 'settled', 'outside totals';
is(value('shop', 'one', "SELECT count(*) FROM usage_figures_query('events', 'day', NULL, 'account_id', NULL, NULL, id_from_bigint(2), $_, '2000-01-01', '2100-01-01') AS source, usage_figures(source.query, 'day', '2000-01-01', '2100-01-01', '2100-01-01', false, source.accounts)"), 0, "usage_figures() of another, own accounts: $_, is empty") foreach 'true', 'false';
foreach my $call (
	'usage_refresh()', 'usage_fold()', 'rebuild_rollups()', 'verify_rollups()', q{purge_events('2020-01-01')}, 'erase_user(id_from_bigint(201))', q{usage_execute_as('owner', 'SELECT 1')},
	q{usage_recount('{}', 'SELECT 1', 1)}, 'usage_lock_rollups(false)', q{set_usage_time_zone('UTC')})
{
	my ($status, $out, $err) = Usage::run_sql('shop', 'one', "SELECT * FROM $call");
	ok($status != 0 && $err =~ /42501/, "$call: 42501") or diag("$status, $out, $err");
}

# ---------- who can change what ----------

my $row = sub { my ($user, $account, $id) = @_; "INSERT INTO fct_event (event_id, user_id, account_id, event_name, event_ts) VALUES (id_from_bigint($id), id_from_bigint($user), id_from_bigint($account), 'app_open', now())" };
my $violation = qr/new row violates row-level security policy/;
run_ok('shop', 'writer', $row->(101, 1, 20001), 'an event of one\'s own');
run_fails('shop', 'writer', $row->(201, 2, 20002), '42501', $violation, 'an event of another account');
run_fails('shop', 'writer', $row->(201, 1, 20003), '42501', $violation, 'an event of another\'s user under one\'s own account');
run_fails('shop', 'writer', $row->(101, 2, 20004), '42501', $violation, 'an event of one\'s own user under another account');
# Whether a key exists does not show in the error.
run_fails('shop', 'writer', $row->(201777, 1, 20005), '42501', $violation, 'an event of a user who is not there');
run_fails('shop', 'writer', $row->(101, 77, 20006), '42501', $violation, 'an event of an account that is not there');
run_fails('shop', 'writer', "INSERT INTO dim_user (user_id, account_id, role) VALUES (id_from_bigint(999), id_from_bigint($_), 'x')", '42501', $violation, "a user of account $_") foreach 2, 77;
run_fails('shop', 'writer', "UPDATE fct_event SET account_id = id_from_bigint(2) WHERE event_id = id_from_bigint(1001)", '42501', $violation, 'an event cannot be given away');
run_fails('shop', 'writer', "UPDATE fct_event SET user_id = id_from_bigint(201) WHERE event_id = id_from_bigint(1001)", '42501', $violation, 'nor to another user');
run_fails('shop', 'writer', "UPDATE dim_user SET account_id = id_from_bigint(2) WHERE user_id = id_from_bigint(101)", '42501', $violation, 'nor a user');
run_fails('shop', 'writer', "INSERT INTO dim_account (account_id, plan_tier) VALUES (id_from_bigint(78), 'pro')", '42501', $violation, 'nor is an account made');
my $before = value('shop', 'owner', q{SELECT md5(string_agg(e::text, ',' ORDER BY event_id)) FROM fct_event AS e WHERE account_id <> id_from_bigint(1)});
run_ok('shop', 'writer', <<'SQL', 'changes to everything change one\'s own');
UPDATE fct_event SET duration_seconds = 1;
UPDATE dim_user SET role = 'changed';
UPDATE dim_account SET plan_tier = 'changed';
MERGE INTO fct_event AS e USING (VALUES (public.id_from_bigint(2001))) AS v (id) ON e.event_id = v.id WHEN MATCHED THEN DELETE;
DELETE FROM fct_event WHERE event_id <= id_from_bigint(1010) OR account_id = id_from_bigint(2);
SQL
is(value('shop', 'owner', q{SELECT md5(string_agg(e::text, ',' ORDER BY event_id)) FROM fct_event AS e WHERE account_id <> id_from_bigint(1)}), $before, 'and nothing else');
is(value('shop', 'owner', q{SELECT count(*) FROM dim_user WHERE role = 'changed' AND account_id <> id_from_bigint(1)}), 0, 'no other users');
is(value('shop', 'owner', q{SELECT count(*) FROM dim_account WHERE plan_tier = 'changed' AND account_id <> id_from_bigint(1)}), 0, 'no other accounts');
foreach my $statement (
	'TRUNCATE fct_event', q{INSERT INTO usage_account_access VALUES ('writer', id_from_bigint(2))}, q{UPDATE usage_account_access SET account_id = id_from_bigint(2)},
	'DELETE FROM usage_account_access', 'DELETE FROM usage_pending', 'UPDATE account_rollup SET month = month', 'ALTER TABLE fct_event DISABLE ROW LEVEL SECURITY',
	'DROP POLICY usage_account_access ON fct_event', 'SET SESSION AUTHORIZATION owner', 'SET ROLE owner')
{
	run_fails('shop', 'writer', $statement, '42501', qr/permission denied|must be owner/, $statement);
}
run_fails('shop', 'one', 'SET row_security = off; SELECT count(*) FROM fct_event', '42501', qr/would be affected by row-level security/, 'switching row security off is an error, not a way around');

# ---------- the owner's upkeep ----------

is(value('shop', 'owner', 'SELECT count(*) FROM verify_rollups()'), 0, 'what the writer did is captured');
cmp_ok(value('shop', 'owner', 'SELECT usage_refresh()'), '>', 0, 'the owner folds');
is(value('shop', 'owner', 'SELECT count(*) FROM verify_rollups()'), 0, 'and all is as it should be');
run_ok('shop', 'owner', <<'SQL', 'erases, purges and rebuilds');
SELECT * FROM erase_user(id_from_bigint(302));
SELECT rebuild_rollups();
SELECT purge_events((now() - interval '45 days')::date);
SQL
is(value('shop', 'owner', 'SELECT count(*) FROM verify_rollups()'), 0, 'nothing differs');
is(value('shop', 'owner', "SELECT count(*) FROM $_ WHERE user_id = id_from_bigint(302)"), 0, "$_: the user is gone") foreach qw(dim_user fct_event usage_rollup user_activity);

# Policies follow the tables: to partitions, to what is made anew, through a dump.
my $policies = q{SELECT count(*) FROM pg_policy JOIN pg_class ON pg_class.oid = polrelid WHERE polname = 'usage_account_access' AND relrowsecurity};
is(value('shop', 'owner', $policies), 11, 'eleven tables have the policy');
run_ok('shop', 'owner', 'SELECT enable_account_security()', 'switched on twice');
is(value('shop', 'owner', $policies), 11, 'is as once');
run_ok('shop', 'owner', 'SET client_min_messages = error; DROP EXTENSION usage_analytics CASCADE; CREATE EXTENSION usage_analytics; GRANT SELECT ON ALL TABLES IN SCHEMA public TO one', 'the extension dropped and made again');
is(value('shop', 'owner', $policies), 11, 'the new tables have the policy, too');
is(value('shop', 'one', "SELECT count(*) FROM $_ WHERE account_id <> id_from_bigint(1)"), 0, "$_: nothing of others") foreach qw(usage_rollup user_activity account_rollup);
my $dump = "${PostgreSQL::Test::Utils::tmp_check}/shop.sql";
command_ok([ 'pg_dump', '-f', $dump, node()->connstr('shop') ], 'a dump');
database('restored', 'owner');
command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $dump, node()->connstr('restored') ], 'is restored');
is(unlike_each_other(told('restored', 'one', qw(fct_event account_daily_usage account_rollup)), told('shop', 'one', qw(fct_event account_daily_usage account_rollup))), '', 'and tells the same');
cmp_ok(value('restored', 'one', 'SELECT count(*) FROM fct_event'), '>', 0, 'not that nothing were there');

database('parts', 'owner');
run_ok('parts', 'owner', <<'SQL', 'a partitioned table of events');
CREATE TABLE fct_event (
  event_id uuid NOT NULL, user_id uuid NOT NULL, account_id uuid NOT NULL, task_id uuid, event_ts timestamptz NOT NULL,
  ingested_at timestamptz NOT NULL DEFAULT now(), duration_seconds integer, event_name text NOT NULL, source text,
  PRIMARY KEY (event_id, event_ts)) PARTITION BY RANGE (event_ts);
CREATE TABLE part_2026 PARTITION OF fct_event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE EXTENSION usage_analytics;
INSERT INTO dim_account (account_id, plan_tier) SELECT id_from_bigint(n), 'pro' FROM generate_series(1, 2) AS n;
INSERT INTO dim_user (user_id, account_id, role) SELECT id_from_bigint(n), id_from_bigint(n), 'member' FROM generate_series(1, 2) AS n;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts) SELECT id_from_bigint(n), id_from_bigint(n), 'app_open', '2026-01-01' FROM generate_series(1, 2) AS n;
INSERT INTO usage_account_access VALUES ('one', id_from_bigint(1));
SELECT enable_account_security();
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO one;
SQL
is(value('parts', 'one', "SELECT count(*) FROM $_"), 1, "$_: the account's row") foreach 'fct_event', 'part_2026';
run_fails('parts', 'one', "INSERT INTO part_2026 (event_id, user_id, account_id, event_name, event_ts) VALUES (new_event_id(), id_from_bigint(2), id_from_bigint(1), 'x', '2026-01-02')", '42501', $violation, 'nor does a partition take what is not theirs');

# ---------- the way back ----------

run_ok('shop', 'owner', 'CREATE POLICY mine ON dim_user USING (true); SELECT disable_account_security()', 'switched off');
is(value('shop', 'owner', $policies), 0, 'no policy is left');
is(value('shop', 'owner', q{SELECT string_agg(relname, ',') FROM pg_class WHERE relrowsecurity}), 'dim_user', 'but the owner\'s own');
is(value('shop', 'one', 'SELECT count(*) FROM dim_account'), 4, 'all see all again');

node()->stop;
done_testing();
