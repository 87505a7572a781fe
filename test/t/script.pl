# The extension script, statement by statement: what a trusted installation runs
# as a superuser creates, comments, and does nothing else.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

my ($version) = slurp_file('usage_analytics.control') =~ /^default_version = '(.*)'$/m;
my ($installed) = glob(qx(pg_config --sharedir) =~ s/\n//r . "/extension/usage_analytics--$version.sql");
my $script = slurp_file($installed);

# Without comments, and with bodies and strings by number
my @quoted;
my $name = qr/\@extschema\@[.]/;
$script =~ s{
	/\*.*?\*/ | --[^\n]*
	| (?<string> '(?:[^']|'')*' | (?<tag>\$\w*\$).*?\k{tag})
}{
	defined $+{string} ? do { push @quoted, $+{string}; "<$#quoted>" } : ''
}gesx;
my ($guard) = $script =~ s/^\s*(\\echo .* \\quit)\n// ? $1 : '';
like($guard, qr/CREATE EXTENSION usage_analytics/, 'psql is told what to type');
my @statements = grep { /\S/ } split /;/, $script;
s/^\s+|\s+$//g for @statements;
cmp_ok(scalar @statements, '>', 500, 'there are statements to look at');

is($statements[0], 'SET LOCAL search_path TO pg_catalog, pg_temp', 'first of all, names are those of the server');
is($statements[-1], 'SELECT @extschema@.create_usage_model()', 'last of all, the model is made');

my @others = grep {
	!/^CREATE (?:FUNCTION|AGGREGATE|TYPE|OPERATOR|OPERATOR CLASS|OPERATOR FAMILY) $name/
	  && !/^CREATE CAST \(/
	  && !/^COMMENT ON (?:FUNCTION|AGGREGATE|TYPE|OPERATOR|OPERATOR CLASS|OPERATOR FAMILY) $name/
	  && !/^COMMENT ON CAST \(/
	  && !/^ALTER (?:TYPE|FUNCTION|OPERATOR|OPERATOR FAMILY) $name/
} @statements[ 1 .. $#statements - 1 ];
is(scalar @others, 1, 'all that is made is made where the extension goes') or diag(join("\n", @others));
like($others[0], qr/^DO <\d+>$/, 'but for one check');
is(join("\n", grep { /^(?:CREATE|ALTER).*(?:\bOR REPLACE\b|\bIF NOT EXISTS\b|\bSECURITY DEFINER\b|\bOWNER TO\b)/s } @statements), '',
	'nothing that is there is taken over, and no rights are handed on');
is(join("\n", grep { /^\s*(?:GRANT|REVOKE|SET|RESET|DROP|INSERT|UPDATE|DELETE|COPY)\b/ } @statements[ 1 .. $#statements ]), '',
	'no settings, rights or rows');

# Operators are made of functions of ours, or of the server's by its own name.
for my $operator (grep { /^CREATE OPERATOR $name\S+ \(/ } @statements)
{
	my ($title) = $operator =~ /^CREATE OPERATOR (\S+)/;
	my @functions = $operator =~ /\b(?:FUNCTION|PROCEDURE|RESTRICT|JOIN) = (\S+?),?(?=\s)/g;

	is(join(' ', grep { !/^(?:$name|pg_catalog[.])?\w+$/ } @functions), '', "operator $title");
	like($operator, qr/\bFUNCTION = $name/, "operator $title has a function of ours");
}

done_testing();
