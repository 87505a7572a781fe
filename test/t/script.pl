# The extension script, statement by statement: what a trusted installation runs
# as a superuser creates, comments, and does nothing else.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

my ($version) = slurp_file('usage_analytics.control') =~ /^default_version = '(.*)'$/m;
my $scripts = qx(pg_config --sharedir) =~ s/\n//r . '/extension/usage_analytics--';
my $name = qr/\@extschema\@[.]/;
my $kind = qr/(?:FUNCTION|AGGREGATE|TYPE|OPERATOR|OPERATOR CLASS|OPERATOR FAMILY)/;

# The statements of a script, without comments, and with bodies and strings by number
sub statements_of
{
	my ($file, $command) = @_;
	my $script = slurp_file($file);
	my $strings = 0;

	$script =~ s{
		/\*.*?\*/ | --[^\n]*
		| (?<string> '(?:[^']|'')*' | (?<tag>\$\w*\$).*?\k{tag})
	}{
		defined $+{string} ? '<' . $strings++ . '>' : ''
	}gesx;
	my ($guard) = $script =~ s/^\s*(\\echo .* \\quit)\n// ? $1 : '';
	like($guard, qr/$command/, "$file: psql is told what to type");
	my @statements = grep { /\S/ } split /;/, $script;
	s/^\s+|\s+$//g for @statements;
	is(shift @statements, 'SET LOCAL search_path TO pg_catalog, pg_temp', 'first of all, names are those of the server');
	return @statements;
}

my @statements = statements_of("$scripts$version.sql", 'CREATE EXTENSION usage_analytics');
cmp_ok(scalar @statements, '>', 500, 'there are statements to look at');
is(pop @statements, 'SELECT @extschema@.create_usage_model()', 'last of all, the model is made');

my @others = grep {
	!/^CREATE $kind $name/
	  && !/^CREATE CAST \(/
	  && !/^COMMENT ON $kind $name/
	  && !/^COMMENT ON CAST \(/
	  && !/^ALTER (?:TYPE|FUNCTION|OPERATOR|OPERATOR FAMILY) $name/
} @statements;
is(scalar @others, 1, 'all that is made is made where the extension goes') or diag(join("\n", @others));
like($others[0], qr/^DO <\d+>$/, 'but for one check');
is(join("\n", grep { /^(?:CREATE|ALTER).*(?:\bOR REPLACE\b|\bIF NOT EXISTS\b|\bSECURITY DEFINER\b|\bOWNER TO\b)/s } @statements), '',
	'nothing that is there is taken over, and no rights are handed on');
is(join("\n", grep { /^\s*(?:GRANT|REVOKE|SET|RESET|DROP|INSERT|UPDATE|DELETE|COPY)\b/ } @statements), '',
	'no settings, rights or rows');

# Operators are made of functions of ours, or of the server's by its own name.
for my $operator (grep { /^CREATE OPERATOR $name\S+ \(/ } @statements)
{
	my ($title) = $operator =~ /^CREATE OPERATOR (\S+)/;
	my @functions = $operator =~ /\b(?:FUNCTION|PROCEDURE|RESTRICT|JOIN) = (\S+?),?(?=\s)/g;

	is(join(' ', grep { !/^(?:$name|pg_catalog[.])?\w+$/ } @functions), '', "operator $title");
	like($operator, qr/\bFUNCTION = $name/, "operator $title has a function of ours");
}

# An update to this version changes members; what it replaces, the server finds to be one.
foreach my $file (glob "$scripts*--$version.sql")
{
	@statements = statements_of($file, 'ALTER EXTENSION usage_analytics UPDATE');
	like(pop @statements, qr/^DO <\d+>$/, 'last of all, it is told that the model is to follow');
	is( join("\n", grep {
				!/^CREATE (?:OR REPLACE )?FUNCTION $name/
				  && !/^CREATE (?:$kind $name|CAST \()/
				  && !/^COMMENT ON (?:$kind $name|CAST \()/
				  && !/^(?:ALTER|DROP) $kind $name/
			} @statements), '', 'members are made, replaced and dropped');
	is(join("\n", grep { /\b(?:IF (?:NOT )?EXISTS|SECURITY DEFINER|OWNER TO|CASCADE)\b/ } @statements), '', 'and nothing else is met');
}

done_testing();
