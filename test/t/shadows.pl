# A role that owns objects of the same names: all of pg_catalog's functions and
# operators, and relations and types, in a schema that comes first on everyone's
# search_path; and functions and operators like the extension's own, with
# slightly other arguments, in its very schema. None of it is ever run, whoever
# installs and uses the extension, before and after.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use Test::More;
use Usage;

start_node('shadows');
node()->append_conf('postgresql.conf', "max_worker_processes = 16\njit = off\n");
node()->safe_psql('postgres', 'CREATE ROLE mallory LOGIN; CREATE ROLE olga LOGIN; CREATE ROLE wanda LOGIN; CREATE ROLE rita LOGIN');
node()->restart;

# What each of hers does is to say so.
my $shadows = <<'SQL';
CREATE SCHEMA evil;
GRANT USAGE ON SCHEMA evil TO PUBLIC;
CREATE FUNCTION evil.trap(what text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'trap: % as %', what, current_user; RETURN what; END $$;
CREATE TABLE evil.shadow (kind text, name text);
CREATE PROCEDURE evil.make(kind text, name text, command text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE command;
  INSERT INTO evil.shadow VALUES (kind, name);
EXCEPTION WHEN OTHERS THEN
  NULL;  -- what a user cannot make, functions of internal values above all
END $$;
CREATE PROCEDURE evil.make_function(kind text, called text, arguments text, result text) LANGUAGE plpgsql AS $$
BEGIN
  CALL evil.make(kind, called || '(' || arguments || ')',
    format('CREATE FUNCTION %s(%s) RETURNS %s LANGUAGE plpgsql AS %L', called, arguments, result,
           format('BEGIN PERFORM evil.trap(%L); RETURN%s; END', kind || ' ' || called || '(' || arguments || ')',
                  CASE WHEN result ~ '^(SETOF|TABLE)' OR arguments ~ 'OUT ' THEN '' ELSE ' NULL' END)));
END $$;
CREATE PROCEDURE evil.make_operator(kind text, schema text, called text, l text, r text, result text) LANGUAGE plpgsql AS $$
DECLARE
  number int;
BEGIN
  SELECT count(*) INTO number FROM evil.shadow;
  IF l = '' OR r = '' THEN
    RETURN;
  END IF;
  CALL evil.make_function(kind, format('evil.operator_%s', number), l || ', ' || r, result);
  CALL evil.make(kind, format('%s(%s, %s)', called, l, r),
    format('CREATE OPERATOR %s.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = evil.operator_%s)', schema, called, l, r, number));
END $$;
SQL

# Of pg_catalog's, in her schema, which comes first.
my $of_the_catalog = <<'SQL';
DO $$
DECLARE it record;
BEGIN
  FOR it IN
    SELECT format('evil.%I', proname) AS called, pg_get_function_arguments(oid) AS arguments, pg_get_function_result(oid) AS result
      FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND NOT ('internal'::regtype = ANY (proargtypes::oid[]))
  LOOP
    CALL evil.make_function('function', it.called, it.arguments, it.result);
  END LOOP;
  FOR it IN
    SELECT oprname, oprleft::regtype::text AS l, oprright::regtype::text AS r, oprresult::regtype::text AS result
      FROM pg_operator WHERE oprnamespace = 'pg_catalog'::regnamespace AND oprleft <> 0
  LOOP
    CALL evil.make_operator('operator', 'evil', it.oprname, it.l, it.r, it.result);
  END LOOP;
  FOR it IN SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v') LOOP
    CALL evil.make('relation', it.relname, format('CREATE VIEW evil.%1$I AS SELECT *, evil.trap(%1$L) FROM pg_catalog.%1$I', it.relname));
  END LOOP;
  FOR it IN SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm') AND typcategory <> 'A' LOOP
    CALL evil.make('type', it.typname,
      format('CREATE DOMAIN evil.%1$I AS pg_catalog.%1$I CHECK (evil.trap(%2$L) IS NOT NULL)', it.typname, 'type ' || it.typname));
  END LOOP;
END $$;
SQL

# Of the extension's. What it is made of is read where it is installed: here, or
# in a database that shows what it is about to be.
my $other_types = q{'{text,character varying,name,integer,bigint,numeric,oid,date,timestamp with time zone,anyelement,text[],public.dayset,public.dayseries,public.dayseries_map}'};
my $of_the_extension = <<"SQL";
DO \$\$
DECLARE it record;
BEGIN
  FOR it IN
    SELECT DISTINCT format('public.%I', proname) AS called, others.arguments, result
      FROM (SELECT proname, result, types[:n] AS types
              FROM member_function AS member
             CROSS JOIN LATERAL generate_series(cardinality(member.types) - member.defaults, cardinality(member.types)) AS n) AS member_function
     CROSS JOIN LATERAL generate_series(1, cardinality(types)) AS place
     CROSS JOIN LATERAL unnest($other_types\::text[]) AS other
     CROSS JOIN LATERAL (SELECT array_to_string(types[:place - 1] || other || types[place + 1:], ', ') AS arguments) AS others
     WHERE types[place] <> other
       AND NOT EXISTS (SELECT FROM member_function AS member
                        WHERE member.proname = member_function.proname AND array_to_string(member.types, ', ') = others.arguments)
  LOOP
    CALL evil.make_function('overload', it.called, it.arguments, it.result);
  END LOOP;
  FOR it IN SELECT * FROM member_function LOOP
    CALL evil.make_function('overload', format('public.%I', it.proname), array_to_string(it.types || 'VARIADIC text[]'::text, ', '), it.result);
    CALL evil.make_function('function', format('evil.%I', it.proname), array_to_string(it.types, ', '), it.result);
  END LOOP;
  FOR it IN
    SELECT DISTINCT oprname, sides.l, sides.r, result
      FROM member_operator
     CROSS JOIN LATERAL unnest($other_types\::text[]) AS other
     CROSS JOIN LATERAL (VALUES (other, r), (l, other)) AS sides (l, r)
     WHERE NOT EXISTS (SELECT FROM member_operator AS member
                        WHERE member.oprname = member_operator.oprname AND (member.l, member.r) = (sides.l, sides.r))
  LOOP
    CALL evil.make_operator('overload', 'public', it.oprname, it.l, it.r, it.result);
  END LOOP;
  FOR it IN SELECT * FROM member_operator LOOP
    CALL evil.make_operator('operator', 'evil', it.oprname, it.l, it.r, it.result);
  END LOOP;
  FOR it IN SELECT * FROM model_relation LOOP
    CALL evil.make('relation', it.name, format('CREATE VIEW evil.%1\$I AS SELECT evil.trap(%1\$L)', it.name));
  END LOOP;
  FOR it IN SELECT * FROM member_type LOOP
    CALL evil.make('type', it.name, format('CREATE DOMAIN evil.%1\$I AS pg_catalog.text CHECK (evil.trap(%2\$L) IS NOT NULL)', it.name, 'type ' || it.name));
  END LOOP;
END \$\$;
SQL

my %members = (
	member_function => q{SELECT proname, ARRAY(SELECT format_type(type, NULL) FROM unnest(proargtypes::oid[]) WITH ORDINALITY AS types (type, place) ORDER BY place) AS types, pronargdefaults AS defaults,
		CASE WHEN proretset THEN 'SETOF ' ELSE '' END || CASE WHEN prorettype IN ('record'::regtype, 'internal'::regtype, 'trigger'::regtype) THEN 'text' ELSE format_type(prorettype, NULL) END AS result
		FROM pg_proc WHERE oid IN (SELECT objid FROM pg_depend WHERE classid = 'pg_proc'::regclass AND refclassid = 'pg_extension'::regclass AND deptype = 'e'
		AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'usage_analytics'))},
	member_operator => q{SELECT oprname, format_type(nullif(oprleft, 0), NULL) AS l, format_type(oprright, NULL) AS r, format_type(oprresult, NULL) AS result
		FROM pg_operator WHERE oprnamespace = 'public'::regnamespace AND oprleft <> 0},
	member_type => q{SELECT typname AS name FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype = 'b' AND typcategory <> 'A'},
	model_relation => q{SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')});

database('reference', 'postgres');
node()->safe_psql('reference', 'CREATE EXTENSION usage_analytics');
my %reference = map {
	my $copy = node()->safe_psql('reference', "SET search_path = pg_catalog; COPY ($members{$_}) TO STDOUT");
	($_ => $copy)
} keys %members;

# Her own, with her rights alone.
sub cast_shadows
{
	my ($database, $sql, $name) = @_;
	my $tables = '';

	for my $table (sort keys %members)
	{
		my $columns = $table eq 'member_function' ? 'proname name, types text[], defaults integer, result text'
		  : $table eq 'member_operator' ? 'oprname name, l text, r text, result text' : 'name name';
		$tables .= "CREATE TEMP TABLE $table ($columns);\nCOPY $table FROM STDIN;\n$reference{$table}\n\\.\n";
	}
	run_ok($database, 'mallory', "SET search_path = pg_catalog, pg_temp;\n$tables$sql\nGRANT SELECT ON ALL TABLES IN SCHEMA evil TO PUBLIC;", $name);
	return;
}

# What has been sprung since, as the server's log has it
sub sprung_since
{
	my ($start) = @_;
	my %sprung = map { $_ => 1 } substr(slurp_file(node()->logfile), $start) =~ /WARNING:  trap: (.*)/g;

	return sort keys %sprung;
}

# Whatever is run is run in sessions in which hers come first.
sub untouched
{
	my ($database, $role, $sql, $name) = @_;
	my $start = -s node()->logfile;

	run_ok($database, $role, $sql, "$role: $name");
	is(join('; ', sprung_since($start)), '', "$role: $name: nothing of hers is run");
	return;
}

for my $installer ('postgres', 'olga')
{
	my $d = "of_$installer";

	database($d, $installer);
	# As it was in every database before PostgreSQL 15.
	node()->safe_psql($d, "GRANT CREATE ON SCHEMA public TO PUBLIC; GRANT CREATE ON DATABASE $d TO mallory; ALTER SCHEMA public OWNER TO $installer");
	cast_shadows($d, $shadows . $of_the_catalog . $of_the_extension, "shadows before the installation by $installer");
	for my $kind (qw(function operator overload relation type))
	{
		my $least = { function => 2000, operator => 600, overload => 200, relation => 100, type => 40 }->{$kind};
		cmp_ok(value($d, 'mallory', "SELECT count(*) FROM evil.shadow WHERE kind = '$kind'"), '>=', $least, "there are $least of kind $kind or more");
	}
	node()->safe_psql('postgres', "ALTER DATABASE $d SET search_path = evil, public, pg_catalog");

	# They would be run.
	my $start = -s node()->logfile;
	run_ok($d, $installer, q{SELECT now(); SELECT 'a'::pg_catalog.text = 'b'::pg_catalog.text; TABLE pg_class; SELECT 'a'::text}, 'four that are met');
	my @met = sprung_since($start);
	cmp_ok(scalar @met, '>=', 4, 'shadows are what is met first') or diag(join('; ', @met));

	untouched($d, $installer, 'CREATE EXTENSION usage_analytics SCHEMA public', 'CREATE EXTENSION');
	cast_shadows($d, $of_the_extension, "shadows after the installation by $installer");
	cmp_ok(value($d, 'mallory', "SELECT pg_catalog.count(*) FROM evil.shadow WHERE kind OPERATOR(pg_catalog.=) 'overload'"), '>=', 1500, 'there are many overloads');

	run_ok($d, $installer, q{GRANT SELECT ON ALL TABLES IN SCHEMA public TO rita;
		GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON public.dim_account, public.dim_user, public.fct_event, public.event_taxonomy TO wanda;
		GRANT SELECT ON public.usage_settings TO wanda}, 'rights');

	# An index and a trigger of the owner's that trust their search_path, where
	# capturing and folding meet them.
	run_ok($d, $installer, q{SET search_path = pg_catalog;
		CREATE FUNCTION public.owners_key(uuid) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN upper($1::text); END';
		CREATE INDEX ON public.usage_pending (public.owners_key(user_id));
		CREATE FUNCTION public.owners_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF lower(TG_OP) = ''x'' THEN RAISE EXCEPTION ''%'', now(); END IF; RETURN NULL; END';
		CREATE TRIGGER own AFTER INSERT OR UPDATE OR DELETE ON public.usage_rollup FOR EACH STATEMENT EXECUTE FUNCTION public.owners_trigger()}, 'an index and a trigger of the owner\'s');

	untouched($d, 'wanda', <<'SQL', 'events');
SET usage_analytics.background_fold = off;
INSERT INTO public.dim_account (account_id, plan_tier) SELECT public.id_from_bigint(n), 'pro' FROM pg_catalog.generate_series(1::pg_catalog.int8, 3::pg_catalog.int8) AS n;
INSERT INTO public.dim_user (user_id, account_id, role) SELECT public.id_from_bigint(n), public.id_from_bigint(1::pg_catalog.int8), 'member' FROM pg_catalog.generate_series(1::pg_catalog.int8, 9::pg_catalog.int8) AS n;
INSERT INTO public.fct_event (user_id, account_id, event_name, event_ts, duration_seconds, source, task_id)
SELECT u.user_id, u.account_id, e.name, pg_catalog.now() OPERATOR(pg_catalog.-) pg_catalog.make_interval(hours => n), 60, 'web', public.id_from_bigint(7::pg_catalog.int8)
  FROM public.dim_user AS u, pg_catalog.generate_series(1, 60) AS n, (VALUES ('app_open'), ('timer_stop'), ('task_created'), ('task_completed')) AS e (name);
UPDATE public.fct_event SET duration_seconds = 61 WHERE event_name OPERATOR(pg_catalog.=) 'app_open';
DELETE FROM public.fct_event WHERE event_name OPERATOR(pg_catalog.=) 'task_completed' AND user_id OPERATOR(pg_catalog.=) public.id_from_bigint(2::pg_catalog.int8);
SQL

	my $views = join "\n", map { "TABLE public.$_;" } grep { !/^usage_pending$/ } split /\n/, $reference{model_relation};
	my $reports = <<'SQL';
SELECT * FROM public.funnel('{app_open,timer_stop}'::pg_catalog.text[], '1 hour'::pg_catalog.interval, '2020-01-01'::pg_catalog.timestamptz, pg_catalog.now());
SELECT public.event_day(pg_catalog.now()), public.event_category('app_open'::pg_catalog.text), public.new_event_id();
SELECT public.verify_rollups();
SELECT * FROM public.streaks();
SELECT * FROM public.power_users();
SELECT * FROM public.power_users(public.event_day(pg_catalog.now()), 1, public.id_from_bigint(1::pg_catalog.int8));
SELECT * FROM public.streaks(public.event_day(pg_catalog.now()), public.id_from_bigint(1::pg_catalog.int8));
SQL
	for my $period (qw(day week))
	{
		for my $segment ('NULL', map { "'$_'" } qw(plan_tier region account_id role country source event_category event_name))
		{
			my $args = "'2020-01-01'::pg_catalog.date, '2999-01-01'::pg_catalog.date";
			my $of = "$segment\::pg_catalog.text";
			my $none = 'NULL::pg_catalog.text';
			my $one = 'public.id_from_bigint(1::pg_catalog.int8)';

			$reports .= join "\n", map { "SELECT * FROM public.$_;" }
			  "active_users($args, '$period'::pg_catalog.text, $of, $none, $none, NULL::pg_catalog.uuid)",
			  "rolling_active_users($args, 28, $of, $none, $none, $one)",
			  "rolling_active_users($args, 9, $of, $none, $none, NULL::pg_catalog.uuid)",
			  "stickiness($args, '$period'::pg_catalog.text, $of, $none, $none, NULL::pg_catalog.uuid)",
			  ($segment =~ /source|event/ ? () :
				("active_users($args, '$period'::pg_catalog.text, $of, 'app_open'::pg_catalog.text, $none, $one)",
				"stickiness($args, '$period'::pg_catalog.text, $of, $none, 'output'::pg_catalog.text, $one)",
				"lifecycle($args, '$period'::pg_catalog.text, $of, $none, $none, NULL::pg_catalog.uuid)",
				"lifecycle($args, '$period'::pg_catalog.text, $of, 'app_open'::pg_catalog.text, $none, $one)",
				"retention_report($args, '$period'::pg_catalog.text, 'n_period'::pg_catalog.text, $none, $none, $of, NULL::pg_catalog.uuid)",
				"retention_report($args, '$period'::pg_catalog.text, 'unbounded'::pg_catalog.text, $none, 'app_open'::pg_catalog.text, $of, $one)",
				"usage_trend('work_seconds'::pg_catalog.text, $args, '$period'::pg_catalog.text, $of, NULL::pg_catalog.uuid)")),
			  "usage_trend('events'::pg_catalog.text, $args, '$period'::pg_catalog.text, $of, $one)";
			$reports .= "\n";
		}
	}
	my $types = <<'SQL';
SELECT public.dayset_agg(e.event_ts), public.active_days(e.event_ts), public.active_users(e.user_id) FROM public.fct_event AS e;
SELECT public.count_by_day(public.trailing(a.days, 30)), public.count_by_day(public.weeks(a.days)), public.dayset_union(a.days) FROM public.user_activity AS a;
SELECT public.sum(r.events), public.sum(public.by_category(r.events)), public.total_series(public.sum(r.seconds)) FROM public.usage_rollup AS r;
SELECT '{2026-01-01}'::public.dayset OPERATOR(public.+) '{2026-01-02}'::public.dayset, '{2026-01-01:3}'::public.dayseries OPERATOR(public.-) '{2026-01-01:1}'::public.dayseries;
SQL
	my @keepers = $installer eq 'postgres' ? 'postgres' : ($installer, 'postgres');
	for my $role ('rita', @keepers)
	{
		untouched($d, $role, "$views\n$reports\n$types", 'tables, views, reports, types');
	}
	my @calls = map { "SELECT * FROM public.$_;" }
	  'usage_refresh()', "set_usage_time_zone('Asia/Tokyo'::pg_catalog.text)", 'set_usage_week_start(3)', 'rebuild_rollups()',
	  "purge_events('2020-01-01'::pg_catalog.date)", 'rebuild_rollups()', 'create_usage_model()', 'upgrade_usage_model()',
	  'erase_user(public.id_from_bigint(3::pg_catalog.int8))', 'verify_rollups()';
	for my $role (@keepers)
	{
		untouched($d, $role, "@calls", 'maintenance');
		run_ok($d, $role, q{SET search_path = pg_catalog; UPDATE public.usage_rollup_state SET purged_before = NULL}, 'as if nothing had been purged');
	}
	is(value($d, 'postgres', 'SELECT pg_catalog.count(*) FROM public.verify_rollups()'), '0', 'the rollups are right');
	untouched($d, 'rita', $reports, 'reports of what is settled');

	# The background worker, in a session of its own
	$start = -s node()->logfile;
	run_ok($d, 'wanda', <<'SQL', 'a commit that asks for a fold');
SET usage_analytics.pending_limit = '8kB';
INSERT INTO public.fct_event (user_id, account_id, event_name, event_ts)
SELECT u.user_id, u.account_id, 'event ' OPERATOR(pg_catalog.||) n::pg_catalog.text, pg_catalog.now() FROM public.dim_user AS u, pg_catalog.generate_series(1, 20000) AS n;
SQL
	ok(node()->poll_query_until($d, 'SELECT NOT EXISTS (SELECT FROM public.usage_pending)'), 'it has been folded');
	is(join('; ', sprung_since($start)), '', 'the background worker: nothing of hers is run');

	untouched($d, 'wanda', 'TRUNCATE public.fct_event', 'TRUNCATE');
	untouched($d, $installer, 'SET client_min_messages = error; DROP EXTENSION usage_analytics CASCADE; CREATE EXTENSION usage_analytics SCHEMA public', 'once more');
}

# What stands in the place of a table or view of the model is neither taken nor
# touched, and there is no model beside it; a member is not replaced.
database('taken', 'olga');
node()->safe_psql('taken', 'GRANT CREATE ON SCHEMA public TO PUBLIC; GRANT CREATE ON DATABASE taken TO mallory');
run_ok('taken', 'mallory', $shadows, 'a trap');
for my $place (
	[ 'TABLE public.dim_account', ' (account_id uuid)', '42501', qr/dim_account exists and does not belong to/ ],
	[ 'TABLE public.usage_pending', ' (account_id uuid)', '42501', qr/usage_pending exists and does not belong to/ ],
	[ 'TABLE public.daily_active_users', ' (dau bigint)', '42809', qr/daily_active_users exists and is not a view/ ],
	[ 'VIEW public.fct_event', ' AS SELECT evil.trap($$view$$)', '42809', qr/fct_event exists and is not a table/ ],
	[ 'VIEW public.daily_active_users', ' AS SELECT evil.trap($$view$$)', '42501', qr/daily_active_users exists and does not belong to/ ],
	[ 'SEQUENCE public.usage_settings', '', '42809', qr/usage_settings exists and is not a table/ ],
	[ 'FUNCTION public.event_day(timestamptz)', ' RETURNS date RETURN current_date', '42723', qr/already exists/ ],
	[ 'FUNCTION public.create_usage_model()', ' RETURNS void LANGUAGE sql AS $$ SELECT evil.trap($t$x$t$) $$', '42723', qr/already exists/ ],
	[ 'AGGREGATE public.active_users(uuid)', ' (SFUNC = array_append, STYPE = uuid[])', '42723', qr/already exists/ ],
	[ 'TYPE public.dayset', ' AS (a text)', '42710', qr/already exists/ ])
{
	my ($name, $definition, $sqlstate, $message) = @$place;
	my $start = -s node()->logfile;

	run_ok('taken', 'mallory', "CREATE $name$definition", "$name is hers");
	for my $role ('olga', 'postgres')
	{
		run_fails('taken', $role, 'CREATE EXTENSION usage_analytics SCHEMA public', $sqlstate, $message, "$name: CREATE EXTENSION by $role");
	}
	is(join('; ', sprung_since($start)), '', "$name: nothing of hers is run");
	run_ok('taken', 'mallory', "DROP $name", "$name goes");
	is(value('taken', 'postgres', q{SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace) + (SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace)}),
		'0', "$name: nothing is left");
}

done_testing();
