# Who may only insert events gains nothing else; an owner's code on the rollups runs
# as the owner, whoever sets it off, in the background too; and the background worker
# says what went wrong.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use IPC::Run;
use Test::More;
use Usage;

start_node('rights');
node()->append_conf('postgresql.conf', 'jit = off');
node()->reload;
node()->safe_psql('postgres', <<'SQL');
CREATE ROLE mallory LOGIN;
CREATE ROLE writer LOGIN;
CREATE ROLE deleter LOGIN;
CREATE ROLE reader LOGIN;
SQL
database('rights', 'mallory');

# ---------- a writer ----------

run_ok('rights', 'mallory', <<'SQL', 'a model');
CREATE EXTENSION usage_analytics;
ALTER DATABASE rights SET usage_analytics.background_fold = off;
INSERT INTO dim_account (account_id, plan_tier) VALUES (id_from_bigint(1), 'pro');
INSERT INTO dim_user (user_id, account_id, role) VALUES (id_from_bigint(2), id_from_bigint(1), 'member'), (id_from_bigint(3), id_from_bigint(1), 'member');
GRANT INSERT ON fct_event TO writer;
GRANT INSERT, SELECT, DELETE ON fct_event TO deleter;
SQL
run_ok('rights', 'writer', <<'SQL', 'INSERT and COPY need no more than INSERT');
INSERT INTO fct_event (user_id, account_id, event_name, event_ts) VALUES (id_from_bigint(2), id_from_bigint(1), 'app_open', '2026-01-01');
INSERT INTO fct_event (user_id, account_id, event_name, event_ts) VALUES (id_from_bigint(2), id_from_bigint(1), 'app_open', '2026-01-01') ON CONFLICT DO NOTHING;
COPY fct_event (user_id, account_id, event_name, event_ts) FROM stdin;
00000000-0000-8000-8000-000000000002	00000000-0000-8000-8000-000000000001	app_open	2026-01-02
\.
SQL
my $event = q{INSERT INTO fct_event (event_id, user_id, account_id, event_name, event_ts)
	VALUES (id_from_bigint(10), id_from_bigint(2), id_from_bigint(1), 'app_open', '2026-01-01') ON CONFLICT (event_id) DO NOTHING};
run_fails('rights', 'writer', $event, '42501', qr/permission denied for table fct_event/, 'ON CONFLICT (event_id) needs to read the key');
run_ok('rights', 'mallory', 'GRANT SELECT (event_id) ON fct_event TO writer', 'which can be granted');
run_ok('rights', 'writer', $event, 'and is enough');
is(value('rights', 'mallory', 'SELECT sum(events) FROM user_daily_activity'), 4, 'they count');
foreach my $statement (
	'SELECT FROM usage_pending', 'SELECT FROM usage_strays', 'SELECT FROM usage_rollup', 'SELECT FROM user_activity', 'SELECT FROM fct_event WHERE user_id IS NULL',
	'SELECT FROM usage_status', 'SELECT FROM usage_settings', 'SELECT FROM daily_active_users',
	'INSERT INTO usage_pending DEFAULT VALUES', 'DELETE FROM usage_rollup', 'TRUNCATE user_activity', 'DELETE FROM fct_event',
	'SELECT usage_refresh()', 'SELECT usage_fold()', q{SELECT usage_apply_changes('pending')}, 'SELECT usage_lock_rollups(false)', 'SELECT rebuild_rollups()',
	'SELECT * FROM verify_rollups()', q{SELECT purge_events('2026-01-02')}, 'SELECT * FROM erase_user(id_from_bigint(2))',
	q{SELECT set_usage_time_zone('UTC')}, 'SELECT set_usage_week_start(1)', 'SELECT create_usage_model()', 'SELECT upgrade_usage_model()',
	q{SELECT usage_forget_settings('fct_event')}, q{SELECT capture_partition('fct_event')},
	q{SELECT * FROM usage_purged_sums(ARRAY[id_from_bigint(2)])},
	q{SELECT usage_execute_as('mallory', 'SELECT 1')}, q{SELECT usage_execute_as('postgres', 'SELECT 1')})
{
	run_fails('rights', 'writer', $statement, '42501', qr/permission denied|must be owner/, "$statement by a writer");
}
# These change rollups, so not even those may who could change the events.
foreach my $role ('writer', 'deleter', 'postgres')
{
	run_fails('rights', $role, q{SELECT usage_recount('{}', 'SELECT id_from_bigint(1) AS account_id, id_from_bigint(9) AS user_id, now() AS event_ts, 1 AS duration_seconds, text ''x'' AS event_name, text ''web'' AS source', 1)},
		'42501', qr/must be owner/, "usage_recount() by $role");
	run_fails('rights', $role, q{SELECT usage_delete_raw('2026-02-01')}, '42501', qr/must be owner/, "usage_delete_raw() by $role");
}
run_ok('rights', 'deleter', 'DELETE FROM fct_event WHERE event_id = id_from_bigint(10)', 'who may delete does so');
is(value('rights', 'mallory', 'SELECT (SELECT sum(events) FROM user_daily_activity), (SELECT count(*) FROM verify_rollups())'), '3|0', 'and it counts');

# A reader, by the recipe of doc/operations.md
open my $operations, '<', "$FindBin::RealBin/../doc/operations.md" or die $!;
my ($recipe) = do { local $/; <$operations> } =~ /^-- A reader\n(.*?)^```/ms;
close $operations;
run_ok('rights', 'mallory', $recipe =~ s/event_reader/reader/gr, 'the recipe for a reader');
foreach my $view (split /\n/, value('rights', 'postgres', q{SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'v' ORDER BY 1}))
{
	run_ok('rights', 'reader', "SELECT count(*) FROM $view", "a reader reads $view");
}
run_fails('rights', 'reader', 'DELETE FROM usage_pending', '42501', qr/permission denied/, 'and does no more');

# ---------- a malicious owner ----------

run_ok('rights', 'mallory', <<'SQL', 'traps on all that a fold touches');
CREATE SCHEMA evil;
CREATE TABLE evil.sprung (what text, as_role name, in_session_of name);
CREATE FUNCTION evil.spring(what text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO evil.sprung VALUES (what, current_user, session_user);
  FOR i IN 1 .. 4 LOOP
    BEGIN
      EXECUTE (ARRAY['RESET ROLE', 'RESET SESSION AUTHORIZATION', 'SET SESSION AUTHORIZATION postgres', 'SET ROLE postgres'])[i];
      IF current_user <> 'mallory' THEN
        RAISE WARNING 'escaped: %', current_user;
        INSERT INTO evil.sprung VALUES (what, current_user, session_user);
      END IF;
    EXCEPTION WHEN OTHERS THEN
      NULL;
    END;
  END LOOP;
  BEGIN
    ALTER ROLE mallory SUPERUSER;
  EXCEPTION WHEN OTHERS THEN
    NULL;
  END;
  PERFORM set_config('search_path', 'evil, pg_catalog', false);
  RETURN what;
END $$;
CREATE FUNCTION evil.constant(what text) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.spring(what); RETURN true; END $$;
CREATE FUNCTION evil.fire() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM evil.spring(concat_ws(' ', TG_TABLE_NAME, TG_WHEN, TG_LEVEL, TG_OP));
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
-- In the way of what the fold, which names no operator of its own by chance, is made of
CREATE FUNCTION evil.less(date, date) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.spring('date <'); RETURN false; END $$;
CREATE OPERATOR evil.< (LEFTARG = date, RIGHTARG = date, FUNCTION = evil.less);
DO $$
DECLARE
  relation text;
BEGIN
  PERFORM set_config('search_path', 'public', false);
  FOREACH relation IN ARRAY ARRAY['usage_pending', 'usage_rollup', 'user_activity', 'usage_strays', 'usage_rollup_state', 'dim_user'] LOOP
    EXECUTE format('CREATE TRIGGER a BEFORE INSERT OR UPDATE OR DELETE ON public.%I FOR EACH ROW EXECUTE FUNCTION evil.fire()', relation);
    EXECUTE format('CREATE TRIGGER b AFTER INSERT OR UPDATE OR DELETE ON public.%I FOR EACH STATEMENT EXECUTE FUNCTION evil.fire()', relation);
    EXECUTE format('CREATE TRIGGER c AFTER TRUNCATE ON public.%I FOR EACH STATEMENT EXECUTE FUNCTION evil.fire()', relation);
    EXECUTE format('CREATE INDEX ON public.%I ((evil.constant(%L)))', relation, 'index of ' || relation);
    EXECUTE format('ALTER TABLE public.%I ADD CHECK (evil.constant(%L))', relation, 'check of ' || relation);
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', relation);
    EXECUTE format('CREATE POLICY p ON public.%I USING (evil.constant(%L))', relation, 'policy of ' || relation);
  END LOOP;
END $$;
CREATE VIEW evil.usage_live_rollup AS SELECT evil.spring('view');
TRUNCATE evil.sprung;
ALTER DATABASE rights SET search_path = evil, public, pg_catalog;
SQL

sub sprung
{
	my ($name, $at_least) = @_;

	is(value('rights', 'postgres', q{SELECT DISTINCT as_role FROM evil.sprung WHERE as_role <> 'mallory'}), '', "$name: no trap is sprung as another role");
	cmp_ok(value('rights', 'postgres', q{SELECT count(DISTINCT what) FROM evil.sprung}), '>=', $at_least,
		"$name: traps are sprung as their owner");
	is(value('rights', 'postgres', q{SELECT rolsuper FROM pg_roles WHERE rolname = 'mallory'}), 'f', "$name: their owner is no superuser");
	value('rights', 'postgres', 'TRUNCATE evil.sprung');
	return;
}
my $insert = q{INSERT INTO public.fct_event (user_id, account_id, event_name, event_ts)
	SELECT public.id_from_bigint(2), public.id_from_bigint(1), 'app_open', timestamptz '2026-02-01Z' + n * interval '1 day' FROM generate_series(1, 100) AS n};

unlike(run_ok('rights', 'writer', $insert, 'a writer inserts'), qr/escaped/, 'nothing escapes');
sprung('a writer', 1);
unlike(run_ok('rights', 'postgres', $insert, 'a superuser inserts'), qr/escaped/, 'nothing escapes');
sprung('a superuser', 1);
foreach my $call (
	'SELECT public.usage_refresh()', 'SELECT public.rebuild_rollups()', 'SELECT * FROM public.verify_rollups()',
	q{SELECT public.purge_events('2026-01-02')}, 'SELECT * FROM public.erase_user(public.id_from_bigint(3))',
	'DELETE FROM public.dim_user WHERE user_id = public.id_from_bigint(2)')
{
	my $dims = $call =~ /DELETE/;
	value('rights', 'postgres', $insert);
	value('rights', 'mallory', 'DELETE FROM public.fct_event') if $dims;
	value('rights', 'postgres', 'TRUNCATE evil.sprung');
	# A superuser's own DELETE runs the table's triggers as such, as everywhere.
	my $as = $dims ? 'mallory' : 'postgres';
	my $messages = run_ok('rights', $as, $call, "$as calls $call");
	unlike($messages, qr/escaped/, "$call: nothing escapes");
	sprung($call, $call =~ /verify/ ? 0 : 2);
	value('rights', 'mallory', q{INSERT INTO public.dim_user (user_id, account_id, role) VALUES (public.id_from_bigint(2), public.id_from_bigint(1), 'member')}) if $dims;
}

# In the background: the worker's session is a superuser's, and no other is meanwhile
# that springs a trap.
value('rights', 'postgres', q{ALTER DATABASE rights SET usage_analytics.background_fold = on});
value('rights', 'postgres', q{ALTER DATABASE rights SET usage_analytics.pending_limit = '8kB'});
value('rights', 'mallory', 'DELETE FROM public.fct_event');
value('rights', 'mallory', 'SELECT public.usage_refresh()');
value('rights', 'postgres', 'TRUNCATE evil.sprung');
for (1 .. 50)
{
	value('rights', 'writer', $insert);
	last if value('rights', 'mallory', q{SELECT count(*) > 0 FROM evil.sprung WHERE in_session_of = 'postgres'}) eq 't';
}
ok(node()->poll_query_until('rights', q{SELECT count(DISTINCT what) >= 4 FROM evil.sprung WHERE in_session_of = 'postgres'}), 'the worker folds');
sprung('the worker', 0);
run_ok('rights', 'postgres', q{ALTER DATABASE rights SET usage_analytics.background_fold = off}, 'the worker is switched off');

# ---------- status ----------

node()->safe_psql('postgres', 'CREATE DATABASE status OWNER mallory');
run_ok('status', 'mallory', <<'SQL', 'another model');
CREATE EXTENSION usage_analytics;
ALTER DATABASE status SET usage_analytics.pending_limit = '8kB';
INSERT INTO dim_account (account_id, plan_tier) VALUES (id_from_bigint(1), 'pro');
INSERT INTO dim_user (user_id, account_id, role) VALUES (id_from_bigint(2), id_from_bigint(1), 'member');
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON user_activity FOR EACH ROW EXECUTE FUNCTION refuse();
SQL
# Some commit asks for a fold.
sub insert_until
{
	my ($condition) = @_;

	for (1 .. 300)
	{
		value('status', 'mallory', $insert);
		return 1 if value('status', 'mallory', "SELECT $condition FROM usage_status") eq 't';
	}
	return 0;
}
ok(insert_until(q{last_error = 'not today' AND last_error_at IS NOT NULL}), 'the error of the worker shows');
is(value('status', 'mallory', 'SELECT count(*) FROM verify_rollups()'), 0, 'reads are exact all the same');
run_ok('status', 'mallory', 'DROP TRIGGER refuse ON user_activity', 'it is put right');
ok(insert_until(q{last_error IS NULL AND last_error_at IS NULL AND last_fold_rows > 0}), 'and shows no more once a fold succeeds');
is(value('status', 'mallory', 'SELECT count(*) FROM verify_rollups()'), 0, 'with everything settled');
# A worker that is there folds again, and leaves when there is no more to do.
run_ok('status', 'postgres', <<'SQL', 'one worker folds several times');
CREATE TEMP TABLE seen (pid integer, backend_start timestamptz, last_fold_at timestamptz, UNIQUE (pid, backend_start, last_fold_at));
DO $$
BEGIN
  FOR i IN 1 .. 200000 LOOP
    INSERT INTO fct_event (user_id, account_id, event_ts, event_name) VALUES (id_from_bigint(2), id_from_bigint(1), now(), 'app_open');
    COMMIT;
    IF i % 100 = 0 THEN
      INSERT INTO seen
      SELECT pid, backend_start, last_fold_at FROM pg_stat_activity, usage_rollup_state WHERE backend_type = 'usage_analytics fold'
      ON CONFLICT DO NOTHING;
      -- the first may be of the worker before
      IF EXISTS (SELECT FROM seen GROUP BY pid, backend_start HAVING count(*) > 3) THEN
        RETURN;
      END IF;
      PERFORM pg_sleep(0.01);
    END IF;
  END LOOP;
  RAISE 'none did';
END $$;
SQL
ok(node()->poll_query_until('status', q{SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'usage_analytics fold')}), 'and leaves when there is nothing to do');
is(value('status', 'mallory', 'SELECT count(*) FROM verify_rollups()'), 0, 'with all of it counted once');
# also where nothing was left to fold
run_ok('status', 'mallory', q{SELECT new_event_id(); ALTER DATABASE status SET usage_analytics.background_fold = off}, 'no more folds in the background');
ok(node()->poll_query_until('status', 'SELECT folding_pid IS NULL FROM usage_status'), 'the last one ends');
is(value('status', 'mallory', q{SELECT usage_refresh() >= 0; UPDATE usage_rollup_state SET last_error = 'old', last_error_at = now(); SELECT usage_refresh(); SELECT last_error FROM usage_status}),
	"t\n0\n", 'a fold of nothing clears the error, too');

# Who folds now
my ($in, $out, $err) = ("BEGIN; SELECT usage_refresh();\n", '', '');
my $psql = IPC::Run::start([ 'psql', '-XqAt', '-d', node()->connstr('status') . ' user=mallory application_name=folder' ], '<', \$in, '>', \$out, '2>', \$err);
$psql->pump_nb;
ok(node()->poll_query_until('status', q{SELECT folding_pid = pid FROM usage_status, pg_stat_activity WHERE application_name = 'folder'}), 'who folds shows');
like(run_ok('status', 'mallory', 'SELECT usage_refresh()', 'another fold'), qr/NOTICE:  00000: another fold is running/, 'another fold does not wait');
$in .= "COMMIT;\n\\q\n";
$psql->finish;
is(value('status', 'mallory', 'SELECT folding_pid IS NULL FROM usage_status'), 't', 'and no more when done');

# Without a slot for a worker
node()->append_conf('postgresql.conf', 'max_worker_processes = 0');
node()->restart;
value('status', 'postgres', 'ALTER DATABASE status SET usage_analytics.background_fold = on');
value('status', 'mallory', $insert) for 1 .. 10;
cmp_ok(value('status', 'mallory', 'SELECT pending_rows FROM usage_status'), '>=', 10, 'without a free slot all stays pending');
is(value('status', 'mallory', 'SELECT count(*) FROM verify_rollups()'), 0, 'and reads are exact');
cmp_ok(value('status', 'mallory', 'SELECT usage_refresh()'), '>=', 10, 'until it is folded by hand');

node()->stop;
done_testing();
