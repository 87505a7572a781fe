# The script of a trusted extension runs as a superuser. Nothing of the
# installer's, who need not be trusted, may run with it: every trap below says
# as whom it was sprung, tries to make its owner a superuser, and puts operators
# and functions of its own before those of pg_catalog.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use Test::More;
use Usage;

start_node('hostile');
node()->safe_psql('postgres', 'CREATE ROLE mallory LOGIN');

my $traps = <<'SQL';
CREATE SCHEMA evil;
CREATE FUNCTION evil.spring(what text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RAISE WARNING 'trap: % as %', what, current_user;
  BEGIN
    EXECUTE 'ALTER ROLE mallory SUPERUSER';
  EXCEPTION WHEN OTHERS THEN
    NULL;
  END;
  PERFORM pg_catalog.set_config('search_path', 'evil, pg_catalog, pg_temp', true);
  PERFORM pg_catalog.set_config('search_path', 'evil, pg_catalog, pg_temp', false);
  RETURN what;
END $$;
-- Says that it is immutable, to be run by the planner and in indexes.
CREATE FUNCTION evil.constant(what text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN evil.spring(what); END $$;
CREATE FUNCTION evil.sprung() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM evil.spring(concat_ws(' ', TG_WHEN, TG_LEVEL, TG_OP));
  RETURN NEW;
END $$;
-- In the way of what PL/pgSQL functions and views are made of.
CREATE FUNCTION evil.same(a text, b text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.spring('text ='); RETURN a OPERATOR(pg_catalog.=) b; END $$;
CREATE FUNCTION evil.same(a oid, b oid) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.spring('oid ='); RETURN a OPERATOR(pg_catalog.=) b; END $$;
CREATE FUNCTION evil.joined(a text, b text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.spring('||'); RETURN concat(a, b); END $$;
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.same);
CREATE OPERATOR evil.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = evil.same);
CREATE OPERATOR evil.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.joined);
CREATE FUNCTION evil.format(text, VARIADIC text[]) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.spring('format'); RETURN pg_catalog.format($1, VARIADIC $2); END $$;
CREATE FUNCTION evil.to_regclass(text) RETURNS regclass LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.spring('to_regclass'); RETURN pg_catalog.to_regclass($1); END $$;
CREATE FUNCTION evil.pg_has_role(oid, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.spring('pg_has_role'); RETURN true; END $$;
CREATE FUNCTION evil.current_setting(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.spring('current_setting'); RETURN pg_catalog.current_setting($1); END $$;
CREATE VIEW evil.pg_class AS SELECT *, evil.spring('pg_class') FROM pg_catalog.pg_class;
CREATE VIEW evil.pg_settings AS SELECT *, evil.spring('pg_settings') FROM pg_catalog.pg_settings;
-- The same in the schema of the extension, with other arguments.
CREATE FUNCTION public.usage_execute_as(oid, name) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN evil.spring('usage_execute_as'); END $$;
CREATE FUNCTION public.event_day(text) RETURNS date LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.spring('event_day'); RETURN now(); END $$;
CREATE FUNCTION public.event_category(varchar) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN evil.spring('event_category'); END $$;
CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.same);
CREATE OPERATOR public.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = evil.same);

-- Tables to adopt.
CREATE TABLE public.dim_account (account_id uuid PRIMARY KEY, account_name text, plan_tier text, created_at timestamptz, region text, is_active boolean,
                          own text DEFAULT evil.spring('default'), planned text GENERATED ALWAYS AS (evil.constant('generated')) STORED);
CREATE INDEX ON public.dim_account ((evil.constant('index expression') OPERATOR(pg_catalog.||) region));
CREATE INDEX ON public.dim_account (region) WHERE evil.constant('index predicate') OPERATOR(pg_catalog.=) region;
INSERT INTO public.dim_account SELECT gen_random_uuid(), n::text, 'pro', now(), 'emea', true FROM generate_series(1, 3) AS n;
CREATE TABLE public.event_taxonomy (event_name text PRIMARY KEY, event_category text NOT NULL, own text DEFAULT evil.spring('default of the taxonomy'),
                             CHECK (evil.spring('check') IS NOT NULL));
CREATE INDEX ON public.event_taxonomy ((evil.constant('index of the taxonomy') OPERATOR(pg_catalog.||) event_name));
CREATE TRIGGER a BEFORE INSERT ON public.event_taxonomy FOR EACH STATEMENT EXECUTE FUNCTION evil.sprung();
CREATE TRIGGER b BEFORE INSERT ON public.event_taxonomy FOR EACH ROW EXECUTE FUNCTION evil.sprung();
CREATE TRIGGER c AFTER INSERT ON public.event_taxonomy FOR EACH ROW EXECUTE FUNCTION evil.sprung();
ALTER TABLE public.event_taxonomy ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.event_taxonomy FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON public.event_taxonomy USING (evil.spring('policy') IS NOT NULL);
CREATE TABLE public.usage_settings (singleton boolean PRIMARY KEY, model_version text, week_start integer, time_zone text);
INSERT INTO public.usage_settings VALUES (true, '1.0', 1, 'UTC');
CREATE INDEX ON public.usage_settings ((evil.constant('index of the settings') OPERATOR(pg_catalog.||) model_version));
CREATE TRIGGER e BEFORE INSERT OR UPDATE ON public.usage_settings FOR EACH ROW EXECUTE FUNCTION evil.sprung();
ALTER TABLE public.usage_settings ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.usage_settings FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON public.usage_settings USING (evil.spring('policy of the settings') IS NOT NULL);
SQL

# Nothing ran as anyone else, and mallory is who she was.
sub check_traps
{
	my ($messages, $name, $at_least) = @_;
	my %sprung = map { $_ => 1 } $messages =~ /trap: (.*?) as mallory/g;
	my @others = grep { !/ as mallory$/ } $messages =~ /(trap: .*? as \w+)/g;

	is("@others", '', "$name: no trap is sprung as another role");
	cmp_ok(scalar keys %sprung, '>=', $at_least, "$name: traps are sprung as their owner") or diag(join ', ', sort keys %sprung);
	is(value('postgres', 'postgres', q{SELECT rolsuper FROM pg_roles WHERE rolname = 'mallory'}), 'f', "$name: their owner is no superuser");
	return;
}

database('traps', 'mallory');
run_ok('traps', 'mallory', $traps, 'traps are set');
check_traps(
	run_ok('traps', 'mallory', 'SET search_path = evil, public, pg_catalog; CREATE EXTENSION usage_analytics SCHEMA public', 'CREATE EXTENSION'),
	'CREATE EXTENSION', 9);
is(value('traps', 'postgres', q{SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v') AND relowner <> 'mallory'::regrole}),
	'', 'all of the model is hers');

# A superuser who looks after her model acts as her; who uses the library runs
# no code of hers.
for my $call ('create_usage_model()', 'upgrade_usage_model()', "set_usage_time_zone('Asia/Tokyo')", 'set_usage_week_start(3)')
{
	check_traps(run_ok('traps', 'postgres', "SET search_path = evil, pg_catalog; SELECT public.$call", "a superuser calls $call"), $call, 1);
}
run_ok('traps', 'mallory', <<'SQL', 'more traps, and something to spring them on');
INSERT INTO public.dim_account (account_id, plan_tier) VALUES (public.id_from_bigint(1), 'pro');
INSERT INTO public.dim_user (user_id, account_id, role) SELECT public.id_from_bigint(n), public.id_from_bigint(1), 'member' FROM generate_series(1, 9) AS n;
INSERT INTO public.fct_event (user_id, account_id, event_name, event_ts) SELECT user_id, account_id, 'app_open', now() - interval '2 days' FROM public.dim_user;
DO $$ DECLARE name pg_catalog.text; BEGIN
  FOREACH name IN ARRAY '{fct_event,dim_user,usage_pending,usage_rollup,user_activity,usage_strays,usage_rollup_state}'::pg_catalog.text[] LOOP
    EXECUTE pg_catalog.format('CREATE INDEX ON public.%I ((evil.constant(%L)))', name, 'index of ' OPERATOR(pg_catalog.||) name);
    EXECUTE pg_catalog.format('CREATE TRIGGER zz BEFORE INSERT OR UPDATE OR DELETE ON public.%I FOR EACH STATEMENT EXECUTE FUNCTION evil.sprung()', name);
  END LOOP;
END $$;
SQL
for my $call ('usage_refresh()', 'rebuild_rollups()', "purge_events('2020-01-01')", 'erase_user(public.id_from_bigint(1::bigint))', 'usage_refresh()',
	'erase_user(public.id_from_bigint(2::bigint))')
{
	check_traps(run_ok('traps', 'postgres', "SET search_path = evil, pg_catalog; SELECT * FROM public.$call", "a superuser calls $call"), $call, 1);
}
for my $call ("event_day(now(), 'UTC')", 'new_event_id()', 'id_from_bigint(1::bigint)', 'usage_library_version()',
	'active_users(id_from_bigint(1::bigint))', "session_seconds_agg('timer_stop'::text, 1::bigint)",
	'count(*) FROM public.usage_model_script()')
{
	(my $qualified = $call) =~ s/(?<![.\w])(?=(new_event|id_from|event_day|usage_lib|active_users|session_sec))/public./g;
	check_traps(run_ok('traps', 'postgres', "SET search_path = evil, pg_catalog; SELECT $qualified", "a superuser calls $call"), $call, 0);
}
check_traps(
	run_ok('traps', 'mallory', 'DROP EXTENSION usage_analytics CASCADE; SET search_path = evil, public, pg_catalog; CREATE EXTENSION usage_analytics SCHEMA public', 'once more'),
	'once more', 9);

# Casts, domains and types in place of those of the columns.
for my $type ('CREATE TYPE evil.t AS (version text)', 'CREATE DOMAIN evil.t AS text')
{
	database('types', 'mallory');
	run_ok('types', 'mallory', "$traps $type; ALTER TABLE public.usage_settings DROP COLUMN model_version;
		ALTER TABLE public.usage_settings ADD COLUMN model_version evil.t;"
		. ($type =~ /TYPE/ ? q{
		CREATE FUNCTION evil.cast(evil.t) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN evil.spring('cast'); END $$;
		CREATE CAST (evil.t AS text) WITH FUNCTION evil.cast(evil.t) AS IMPLICIT} : ''), "$type");
	check_traps(run_fails('types', 'mallory', 'CREATE EXTENSION usage_analytics SCHEMA public', '42804', qr/model_version/, 'a type of her own'), 'a type of her own', 0);
	node()->safe_psql('postgres', 'DROP DATABASE types');
}

# Triggers that would fire at the end of the transaction.
database('deferred', 'mallory');
run_ok('deferred', 'mallory', "$traps CREATE CONSTRAINT TRIGGER d AFTER INSERT ON public.event_taxonomy DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION evil.sprung();", 'a deferred trigger');
check_traps(run_fails('deferred', 'mallory', 'CREATE EXTENSION usage_analytics SCHEMA public', '42501', qr/deferred trigger/, 'a deferred trigger'), 'a deferred trigger', 1);

# Rules.
database('rules', 'mallory');
run_ok('rules', 'mallory', "$traps CREATE RULE r AS ON UPDATE TO public.usage_settings DO ALSO SELECT evil.spring('rule')", 'a rule');
check_traps(run_fails('rules', 'mallory', 'CREATE EXTENSION usage_analytics SCHEMA public', '0A000', qr/rules/, 'a rule'), 'a rule', 1);

# Functions of the extension may only be replaced by who owns them.
run_fails('traps', 'mallory', 'CREATE OR REPLACE FUNCTION public.event_day(event_ts timestamptz) RETURNS date RETURN current_date',
	'42501', qr/must be owner/, 'a member is not hers');

done_testing();
