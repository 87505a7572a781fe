# What the programs in this folder share: a cluster, and ways to ask it.
package Usage;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(start_node node database run_ok run_fails value describe catalogs);

my $node;

sub start_node
{
	$node = PostgreSQL::Test::Cluster->new($_[0]);
	$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
	$node->append_conf('postgresql.conf', "autovacuum = off\nfsync = off\n");
	$node->start;
	return $node;
}

sub node { return $node; }

# Ask another one from here on.
sub use_node { $node = $_[0]; return; }

# A new database, owned by that role.
sub database
{
	my ($name, $owner) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name OWNER $owner");
	return;
}

sub connection
{
	my ($database, $role) = @_;

	return $node->connstr($database) . " user=$role";
}

# Run SQL as a role: (status, output, messages)
sub run_sql
{
	my ($database, $role, $sql) = @_;
	my ($out, $err);
	my $status = $node->psql(
		$database, "\\set VERBOSITY verbose\n$sql",
		connstr => connection($database, $role),
		stdout => \$out, stderr => \$err, on_error_stop => 1);

	return ($status, $out, $err);
}

# It must work; returns what was printed as messages.
sub run_ok
{
	my ($database, $role, $sql, $name) = @_;
	my ($status, $out, $err) = run_sql($database, $role, $sql);

	ok($status == 0, $name) or diag($err);
	return $err;
}

# It must fail with that SQLSTATE and, where given, a message like that.
sub run_fails
{
	my ($database, $role, $sql, $sqlstate, $like, $name) = @_;
	my ($status, $out, $err) = run_sql($database, $role, $sql);

	ok( $status != 0 && $err =~ /ERROR:  \Q$sqlstate\E:/ && $err =~ $like,
		"$name: $sqlstate") or diag("status $status, $err");
	return $err;
}

sub value
{
	my ($database, $role, $sql) = @_;
	my ($status, $out, $err) = run_sql($database, $role, $sql);

	die "$sql\n$err" if $status != 0;
	return $out;
}

# All there is to know about the relations of a schema, by name; with the
# condition, of those relations only, and without the order of columns.
sub describe
{
	my ($database, $schema, $condition) = @_;
	my $place = $condition ? "''" : 'attnum::text';

	$condition //= 'true';
	return value($database, 'postgres', <<SQL);
WITH relation AS (
  SELECT * FROM pg_class
   WHERE relnamespace = '$schema'::regnamespace AND relkind <> 'c' AND ($condition))
SELECT concat_ws(' | ', 'relation', relname, relkind, relowner::regrole, relacl, reloptions, relpersistence,
                 relreplident, relrowsecurity, replace(pg_get_viewdef(oid), chr(10), ' '), obj_description(oid, 'pg_class'))
  FROM relation WHERE relkind <> 'i'
UNION ALL
SELECT concat_ws(' | ', 'column', relname, $place, attname, format_type(atttypid, atttypmod), attnotnull,
                 attgenerated, attacl, pg_get_expr(adbin, adrelid), col_description(relation.oid, attnum))
  FROM relation
  JOIN pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
  LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
 WHERE relkind NOT IN ('i', 'I')
UNION ALL
SELECT concat_ws(' | ', 'constraint', relname, conname, pg_get_constraintdef(pg_constraint.oid), obj_description(pg_constraint.oid, 'pg_constraint'))
  FROM relation JOIN pg_constraint ON conrelid = relation.oid
UNION ALL
SELECT concat_ws(' | ', 'index', relname, pg_get_indexdef(indexrelid), indisvalid)
  FROM relation JOIN pg_index ON indrelid = relation.oid
UNION ALL
SELECT concat_ws(' | ', 'trigger', relname, pg_get_triggerdef(pg_trigger.oid), tgenabled)
  FROM relation JOIN pg_trigger ON tgrelid = relation.oid AND NOT tgisinternal
UNION ALL
SELECT concat_ws(' | ', 'policy', relname, polname, pg_get_expr(polqual, polrelid))
  FROM relation JOIN pg_policy ON polrelid = relation.oid
ORDER BY 1
SQL
}

# The catalogs themselves, to show that nothing at all has changed.
sub catalogs
{
	my ($database) = @_;
	my @catalogs = map { "pg_$_" }
	  qw(class attribute attrdef constraint index trigger proc type description
	  depend extension namespace init_privs rewrite policy operator cast);

	return value($database, 'postgres', join(' UNION ALL ', map {
		# An index that is rolled back leaves its mark in pg_class.
		my $row = $_ eq 'pg_class'
		  ? "to_jsonb(c) - '{relhasindex,relpages,reltuples,relallvisible,relallfrozen}'::text[]"
		  : 'c';
		"SELECT '$_', count(*), md5(string_agg(($row)::text, ',' ORDER BY ($row)::text COLLATE \"C\")) FROM $_ AS c"
	} @catalogs) . ' ORDER BY 1');
}

1;
