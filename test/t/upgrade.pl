# An old version under a new library, and the way from one to the other: a database that
# was updated, dumps of it and of the old one that were restored, the old one after
# pg_upgrade, and one that began with this version are the same, in all that the catalogs
# say and all that the views give.
use strict;
use warnings;

use Cwd 'abs_path';
use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Usage;

my $old = '1.0';
my ($new) = slurp_file('usage_analytics.control') =~ /^default_version = '(.*)'$/m;
my $top = "$FindBin::Bin/..";
my $dir = PostgreSQL::Test::Utils::tempdir();
my $seed = $ENV{HISTORY_SEED} // int(rand(1_000_000_000));
diag("HISTORY_SEED=$seed");

start_node('upgrade');
node()->append_conf('postgresql.conf', "usage_analytics.background_fold = off\njit = off\n");
node()->restart;
node()->safe_psql('postgres', 'CREATE ROLE owner LOGIN; CREATE ROLE reader LOGIN; CREATE ROLE stranger LOGIN');

sub connection { return ('-d', node()->connstr($_[0]) . ' user=' . ($_[1] // 'postgres')); }

# The tables of two kinds of models, before the extension comes
my %kinds = (
	plain => '',
	partitioned => <<'SQL');
CREATE TABLE fct_event (event_id uuid, user_id uuid, account_id uuid, task_id uuid, event_ts timestamptz, ingested_at timestamptz,
                        duration_seconds integer, event_name text, source text, own_column text, PRIMARY KEY (event_id, event_ts))
  PARTITION BY RANGE (event_ts);
CREATE TABLE "events of 2026" PARTITION OF fct_event FOR VALUES FROM ('2026-01-01Z') TO ('2027-01-01Z');
CREATE TABLE other_events PARTITION OF fct_event DEFAULT;
SQL

# A model of that version, in a schema of its own, with rights and settings
sub install
{
	my ($database, $kind, $version) = @_;

	database($database, 'owner');
	run_ok($database, 'owner', <<SQL, "$database: $version is installed");
CREATE SCHEMA "Usage";
SET search_path = "Usage";
$kinds{$kind}
CREATE EXTENSION usage_analytics VERSION '$version' SCHEMA "Usage";
SELECT set_usage_time_zone('America/St_Johns'), set_usage_week_start(7);
CREATE INDEX own_index ON fct_event (duration_seconds);
CREATE VIEW own_report AS SELECT event_day, count(*) AS events FROM usage_events GROUP BY event_day;
GRANT USAGE ON SCHEMA "Usage" TO reader;
GRANT SELECT ON ALL TABLES IN SCHEMA "Usage" TO reader;
SQL
	run_ok($database, 'owner', <<'SQL', "$database: with row security") if $kind eq 'partitioned';
SET search_path = "Usage";
SELECT enable_account_security();
INSERT INTO usage_account_access SELECT 'reader', id_from_bigint(n) FROM generate_series(1, 3) AS n;
SQL
	return;
}

# Every relation and, where all arguments have a default, every function that gives rows;
# not what tells of the files and of the time of the last fold.
sub results
{
	my ($database) = @_;

	return value($database, 'postgres', <<'SQL');
SET search_path = "Usage";
SET TimeZone = 'UTC';
SELECT format($$SELECT %L, count(*), md5(string_agg(t::text, E'\n' ORDER BY t::text COLLATE "C")) FROM %s AS t$$, relation, query)
  FROM (SELECT relname::text,
               CASE relname
                 WHEN 'usage_status' THEN '(SELECT model_version, library_version, settled_rows, pending_rows, first_event_day, last_event_day, purged_before FROM usage_status)'
                 -- The share of lags that are over depends on the moment.
                 WHEN 'late_arrivals' THEN '(SELECT to_jsonb(arrivals) - ''expected_completeness'' AS figures FROM late_arrivals AS arrivals)'
                 ELSE oid::regclass::text
               END
          FROM pg_class
         WHERE relnamespace = '"Usage"'::regnamespace AND relkind IN ('r', 'p', 'v') AND relname <> 'usage_rollup_state'
        UNION ALL
        SELECT proname, format('%s()', oid::regproc)
          FROM pg_proc
         WHERE pronamespace = '"Usage"'::regnamespace AND proretset AND pronargs = pronargdefaults
        UNION ALL
        SELECT proname, format('%s(current_date - 80, current_date)', oid::regproc)
          FROM pg_proc
         WHERE pronamespace = '"Usage"'::regnamespace AND proretset AND pronargs = pronargdefaults + 2 AND proargtypes[0] = 'date'::regtype AND proargtypes[1] = 'date'::regtype) AS sources (relation, query)
 ORDER BY relation COLLATE "C"
\gexec
SQL
}

# All that the catalogs say, as pg_upgrade wants it, which is with the members of
# extensions: a list of entries, without what is numbered.
sub catalog
{
	my ($database) = @_;
	my $file = "$dir/$database.sql";

	system_or_bail('pg_dump', '--binary-upgrade', '-s', '-N', 'reference', '-f', $file, connection($database));
	my $dump = slurp_file($file);
	unlink $file;
	$dump =~ s/^\\(?:un)?restrict .*\n//mg;
	$dump =~ s/^SELECT pg_catalog\.binary_upgrade_set_next_.*\n//mg;
	$dump =~ s/\b(relfrozenxid|relminmxid|oid) = '\d+'/$1/g;
	$dump =~ s/^SET default_\w+ = .*\n//mg;
	return join "\n", sort map { s/\s+\z//r } split /^--\n(?=-- Name: )/m, $dump;
}

# What differs, where anything does
sub same
{
	my ($got, $wanted, $name) = @_;
	my %wanted = map { $_ => 1 } split /\n(?=-- Name: )/, $wanted;
	my %got = map { $_ => 1 } split /\n(?=-- Name: )/, $got;

	ok($got eq $wanted, $name)
	  or diag(join "\n", (map { "only there: $_" } grep { !$wanted{$_} } sort keys %got), (map { "missing: $_" } grep { !$got{$_} } sort keys %wanted));
	return;
}

# Right is what plain SQL over the events gives.
sub reference
{
	my ($database) = @_;

	command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-v', 'model=Usage', connection($database),
			map { ('-f', "$top/$_.sql") } qw(reference compare random_history) ], "$database: the reference is there");
	node()->safe_psql($database, 'GRANT USAGE ON SCHEMA reference TO owner');
	return;
}

sub right
{
	my ($database, $name) = @_;

	is( value($database, 'postgres', q{SELECT * FROM reference.differences(); SELECT 'verify_rollups', v FROM "Usage".verify_rollups() AS v}),
		'', "$database: right $name");
	return;
}

sub versions
{
	my ($database) = @_;

	return value($database, 'postgres', 'SELECT model_version, library_version FROM "Usage".usage_status');
}

# Changes as random as they come; in partitions event_id alone is no key. Figures that go
# by the time since a day ended change fast on the first days.
sub change
{
	my ($database, $kind, $number) = @_;
	my $sql = $kind eq 'plain'
	  ? "SELECT reference.random_change($seed + $number, 60)"
	  : "SELECT reference.random_model($seed + $number, 2, 6, 40, 60, current_date - 5); DELETE FROM fct_event WHERE get_byte(uuid_send(event_id), 0) % 17 = $number";

	run_ok($database, 'owner', "SET search_path = \"Usage\"; $sql", "$database: changes ($number)");
	cmp_ok(value($database, 'postgres', 'SELECT pending_rows FROM "Usage".usage_status'), '>', 0, 'are pending');
	return;
}

# What owners do all the year round
my $upkeep = <<'SQL';
SET search_path = "Usage";
SELECT usage_refresh() > 0;
SELECT pending_rows FROM usage_status;
SELECT rebuild_rollups() = (SELECT count(*) FROM fct_event);
SELECT set_usage_week_start(1), set_usage_week_start(7);
BEGIN;
SELECT count(*) FROM erase_user((SELECT min(user_id::text)::uuid FROM fct_event));
SELECT purge_events('2026-01-01') >= 0;
SELECT count(*) FROM verify_rollups();
ROLLBACK;
SQL
my $done = "t\n0\nt\n|\n6\nt\n0";

# ---------- the new shared library serves the old version ----------

# Every function, once with nulls and once with values of its types: what they give is for
# the regression tests to say; here, none may bring the server down.
database('calls', 'owner');
node()->safe_psql('calls', "CREATE EXTENSION usage_analytics VERSION '$old'; CREATE TABLE calls (call text, error text)");
run_ok('calls', 'postgres', <<'SQL', "$old: every function is called");
SET client_min_messages = error;
SET statement_timeout = '60s';
INSERT INTO dim_account (account_id, plan_tier) VALUES (id_from_bigint(1), 'pro');
INSERT INTO dim_user (user_id, account_id, role) VALUES (id_from_bigint(1), id_from_bigint(1), 'member');
INSERT INTO fct_event (user_id, account_id, event_name, event_ts) VALUES (id_from_bigint(1), id_from_bigint(1), 'app_open', '2026-01-05');
DO $$
DECLARE
  sample CONSTANT jsonb := '{"boolean": "true", "bigint": "1", "integer": "7", "text": "week", "cstring": "{}", "date": "2026-01-05", "uuid": "00000000-0000-0000-0000-000000000001",
    "timestamp with time zone": "2026-01-05", "interval": "1 day", "dayset": "{2026-01-05}", "dayseries": "{2026-01-05:1}", "dayseries_map": "{a={2026-01-05:1}}",
    "daterange": "[2026-01-01,2026-02-01)", "datemultirange": "{[2026-01-01,2026-02-01)}", "regclass": "fct_event", "regrole": "postgres", "jsonb": "{}", "numeric": "0.5"}';
  called record;
  with_values boolean;
  call text;
BEGIN
  FOR called IN
    SELECT pg_proc.oid, prokind, pronamespace::regnamespace || '.' || quote_ident(proname) AS name, proargtypes, provariadic <> 0 AS is_variadic
      FROM pg_depend
      JOIN pg_proc
        ON pg_proc.oid = objid
     WHERE classid = 'pg_proc'::regclass AND deptype = 'e'
       AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'usage_analytics')
       -- SQL cannot call these; aggregates and types do.
       AND 'internal'::regtype <> ALL (proargtypes)
     ORDER BY proname, pg_proc.oid
  LOOP
    FOREACH with_values IN ARRAY '{false,true}'::boolean[] LOOP
      SELECT format('SELECT %s(%s)%s', called.name,
                    string_agg(CASE WHEN called.is_variadic AND place = cardinality(called.proargtypes) THEN 'VARIADIC ' ELSE '' END ||
                               format('%L::%s', CASE
                                 WHEN with_values AND name ~ '\[\]$' THEN (ARRAY[sample ->> rtrim(name, '[]')])::text
                                 WHEN with_values THEN sample ->> name
                               END, name), ', ' ORDER BY place),
                    CASE called.prokind WHEN 'w' THEN ' OVER ()' WHEN 'a' THEN ' FROM generate_series(1, 3)' END)
        INTO call
        FROM unnest(called.proargtypes) WITH ORDINALITY AS argument (type, place),
             format_type(type, NULL) AS name;
      BEGIN
        EXECUTE call;
        RAISE 'taken back' USING ERRCODE = 'raise_exception';
      EXCEPTION WHEN OTHERS THEN
        INSERT INTO calls VALUES (call, CASE WHEN SQLERRM <> 'taken back' THEN SQLSTATE || ' ' || SQLERRM END);
      END;
    END LOOP;
  END LOOP;
END $$;
SQL
cmp_ok(value('calls', 'postgres', 'SELECT count(*) FILTER (WHERE error IS NULL) FROM calls'), '>', 350, 'most calls are right');
is(value('calls', 'postgres', q{SELECT * FROM calls WHERE error ~ '^(XX|42883|42P01|42703|57014)' AND error !~ 'outside of an aggregate|non-aggregate context|\mweek\M'}),
	'', 'and none meets what is missing');

# The regression tests, but for those that name the version or try what is newer, and those that take long
my @tests = grep { !/^(?:settings|trailing_days|status|views_edges|insights|limits|dayset_aggregates|figures|funnel)$|_random$/ } map { m{([^/]+)[.]sql$} } glob "$top/sql/*.sql";
database('regression', 'owner');
node()->safe_psql('regression', "CREATE EXTENSION usage_analytics VERSION '$old'");
command_ok([ $ENV{PG_REGRESS}, '--use-existing', '--dbname=regression', '--host=' . node()->host, '--port=' . node()->port, '--user=postgres',
		'--bindir=', "--inputdir=$top", "--outputdir=$dir", @tests ], "$old: the regression tests");
diag(slurp_file("$dir/regression.diffs")) if -s "$dir/regression.diffs";

my (%catalog, %results);
foreach my $kind (sort keys %kinds)
{
	# ---------- the old version ----------

	my $updated = "updated_$kind";
	install($updated, $kind, $old);
	reference($updated);
	run_ok($updated, 'owner', "SELECT reference.random_model($seed, 5, 40, 90, 600, current_date - 5); SELECT \"Usage\".usage_refresh()", "$updated: data");
	change($updated, $kind, 1);
	right($updated, 'in the old version');
	is(versions($updated), "$old|$old", "$updated: of which library and model are");
	command_ok([ 'pg_dump', '-Fc', '-N', 'reference', '-f', "$dir/$kind.old", connection($updated) ], 'a dump of it');
	node()->safe_psql('postgres', "CREATE DATABASE upgraded_$kind TEMPLATE $updated OWNER owner");

	# ---------- the new library, and the old model ----------

	# What the owner has of that name stays the owner's.
	my $own = '"Usage".trailing_days("Usage".dayset, integer)';
	run_ok($updated, 'owner', "CREATE FUNCTION $own RETURNS boolean LANGUAGE sql RETURN true", "$updated: with a function of the owner's");
	run_fails($updated, 'owner', 'ALTER EXTENSION usage_analytics UPDATE', '42723', qr/trailing_days/, "$updated: no update over it");
	is(versions($updated), "$old|$old", 'and none in part');
	run_ok($updated, 'owner', "DROP FUNCTION $own", 'without it');
	like(run_ok($updated, 'owner', 'ALTER EXTENSION usage_analytics UPDATE', "$updated: its owner updates"),
		qr/WARNING:  55000: .*older than the library.*HINT:  .*"Usage".upgrade_usage_model\(\)/s, 'and is told to bring the model up to it');
	is(versions($updated), "$old|$new", 'as usage_status tells, too');
	right($updated, 'with a new library');
	change($updated, $kind, 2);
	right($updated, 'with changes since');
	is(value($updated, 'owner', $upkeep), $done, "$updated: upkeep of the old model");
	right($updated, 'after upkeep');
	change($updated, $kind, 3);
	node()->safe_psql($updated, 'SET usage_analytics.background_fold = on; SET usage_analytics.pending_limit = 8;'
		. q{INSERT INTO "Usage".fct_event (event_id, user_id, account_id, event_name, event_ts, ingested_at)
			SELECT gen_random_uuid(), user_id, account_id, 'app_open', created_at + n * interval '1 day', now() FROM "Usage".dim_user, generate_series(0, 20) AS n});
	ok(node()->poll_query_until($updated, 'SELECT pending_rows = 0 AND last_error IS NULL FROM "Usage".usage_status'), "$updated: folds in the background");
	# and leaves, or it would fold what comes
	ok(node()->poll_query_until($updated, q{SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'usage_analytics fold')}), "$updated: and leaves");
	right($updated, 'after a fold in the background');
	change($updated, $kind, 4);

	# ---------- the new model ----------

	run_fails($updated, $_, 'SELECT "Usage".upgrade_usage_model()', '42501', qr/must be owner|permission denied/, "$updated: $_ upgrades the model") foreach qw(reader stranger);
	run_ok($updated, 'owner', 'SELECT "Usage".upgrade_usage_model()', "$updated: the owner does");
	is(versions($updated), "$new|$new", 'now they go together');
	right($updated, 'with the new model');
	is(value($updated, 'owner', $upkeep), $done, "$updated: upkeep of the new model");
	run_ok($updated, 'owner', 'SELECT "Usage".upgrade_usage_model(), "Usage".create_usage_model()', "$updated: again, which does nothing");

	# ---------- the others ----------

	command_ok([ 'pg_dump', '-Fc', '-N', 'reference', '-f', "$dir/$kind.new", connection($updated) ], 'a dump of it');
	my ($restored, $moved, $fresh) = map { "${_}_$kind" } qw(restored moved fresh);
	database($restored, 'owner');
	command_ok([ 'pg_restore', '-e', connection($restored), "$dir/$kind.new" ], "$restored: restored");

	database($moved, 'owner');
	command_ok([ 'pg_restore', '-e', connection($moved), "$dir/$kind.old" ], "$moved: the old dump under the new library");
	is(versions($moved), "$old|$new", 'which has the old model');
	reference($moved);
	right($moved, 'with the old model');
	run_ok($moved, 'owner', 'SELECT "Usage".upgrade_usage_model()', "$moved: upgraded");
	right($moved, 'with the new model');
	run_ok($moved, 'owner', 'SELECT "Usage".usage_refresh()', "$moved: folded");
	$results{$kind} = results($moved);

	install($fresh, $kind, $new);
	my $data = "$dir/$kind.data";
	my @tables = map { ('-t', "\"Usage\".$_") } qw(dim_account dim_user fct_event event_taxonomy), $kind eq 'partitioned' ? ('"events of 2026"', 'other_events') : ();
	command_ok([ 'pg_dump', '-a', '--load-via-partition-root', @tables, '-f', $data, connection($updated) ], 'the events alone');
	node()->safe_psql($fresh, 'TRUNCATE "Usage".event_taxonomy');
	command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $data, connection($fresh) ], "$fresh: the same events");

	# ---------- are they the same? ----------

	my $catalog = $catalog{$kind} = catalog($fresh);
	cmp_ok(() = $catalog =~ /^ALTER EXTENSION usage_analytics ADD /mg, '>', 250, 'the catalogs tell of members');
	foreach my $other ($updated, $restored, $moved)
	{
		same(catalog($other), $catalog, "$other: the catalogs are those of $fresh");
	}
	run_ok($_, 'owner', 'SELECT "Usage".usage_refresh()', "$_: folded") foreach $updated, $restored, $fresh;
	my $results = results($fresh);
	like($results, qr/^fct_event\|\d{3,}\|/m, 'there are results to compare');
	like($results, qr/^$_\|/m, "those of $_ too") foreach qw(usage_status retention_weekly streaks retention_report);
	is(results($_), $results, "$_: results are those of $fresh") foreach $updated, $restored;

	# ---------- and would it show if they were not? ----------

	my %omissions = (
		'a comment' => 'COMMENT ON FUNCTION "Usage".trailing_days("Usage".dayset, integer) IS NULL',
		'a mark of a function' => 'ALTER FUNCTION "Usage".usage_library_version() PARALLEL RESTRICTED',
		'a right' => 'REVOKE SELECT ON "Usage".usage_status FROM reader',
		'an option of a view' => 'ALTER VIEW "Usage".usage_status RESET (security_invoker)',
		'a member' => 'ALTER EXTENSION usage_analytics DROP FUNCTION "Usage".trailing_days("Usage".dayset, integer)');
	foreach my $omission ($kind eq 'plain' ? sort keys %omissions : ())
	{
		node()->safe_psql('postgres', "CREATE DATABASE omitted TEMPLATE $fresh OWNER owner");
		node()->safe_psql('omitted', $omissions{$omission});
		isnt(catalog('omitted'), $catalog, "without $omission, the catalogs differ");
		node()->safe_psql('postgres', 'DROP DATABASE omitted');
	}
}

# ---------- pg_upgrade of the old version ----------

node()->safe_psql('postgres', q{SELECT format('DROP DATABASE %I', datname) FROM pg_database WHERE NOT datistemplate AND datname !~ '^(postgres$|upgraded_)' \gexec});
node()->stop;
my $before = node();
my $upgraded = PostgreSQL::Test::Cluster->new('upgraded');
$upgraded->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$upgraded->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\njit = off\nusage_analytics.background_fold = off\n");
chomp(my $bin = `pg_config --bindir`);
# It writes where it is called.
command_ok([ 'sh', '-c', 'cd "$0" && exec "$@"', $dir, 'pg_upgrade', '--no-sync', '--link', '-d', abs_path($before->data_dir), '-D', abs_path($upgraded->data_dir),
		'-b', $bin, '-B', $bin, '-s', $upgraded->host, '-p', $before->port, '-P', $upgraded->port ], 'pg_upgrade');
$upgraded->start;
Usage::use_node($upgraded);
foreach my $kind (sort keys %kinds)
{
	my $database = "upgraded_$kind";

	is(versions($database), "$old|$old", "$database: the old version");
	right($database, 'in the old version');
	run_fails($database, 'owner', 'ALTER EXTENSION usage_analytics UPDATE', '42501', qr/must be owner of extension/, "$database: the extension is the superuser's now");
	run_ok($database, 'postgres', 'ALTER EXTENSION usage_analytics UPDATE', 'who updates it');
	right($database, 'with a new library');
	run_ok($database, 'owner', 'SELECT "Usage".upgrade_usage_model(), "Usage".usage_refresh()', "$database: the owner brings the model up to it");
	is(versions($database), "$new|$new", 'now they go together');
	same(catalog($database), $catalog{$kind}, "$database: the catalogs are those of a fresh one");
	is(results($database), $results{$kind}, "$database: results are those of the dump that was restored");
	right($database, 'with the new model');
}
done_testing();
