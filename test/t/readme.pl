# What the documents say is so: their examples run and give what they show, what
# is generated is up to date, and what they link to or name is there.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use Examples;
use File::Basename;
use PostgreSQL::Test::Utils;
use Test::More;
use Usage;

my $node = start_node('examples');
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
create_demo('demo/load');

# Names of all kinds that a document may mention; besides, programs, and what they make
my %known = map { $_ => 1 } qw(pg_dump pg_restore security_invoker usage_import_rejected), split /\n/, $node->safe_psql('examples_demo', <<'SQL');
SELECT proname FROM pg_proc
UNION SELECT unnest(proargnames) FROM pg_proc
UNION SELECT regexp_split_to_table(description, '\W+') FROM pg_description
UNION SELECT relname FROM pg_class
UNION SELECT attname FROM pg_attribute
UNION SELECT typname FROM pg_type
UNION SELECT name FROM pg_settings
UNION SELECT unnest(proargnames) FROM pg_proc
UNION SELECT unnest('{strict_deduplication,strict_order,strict_increase,strict_once,allow_reentry,first_match,last_match}'::text[])
UNION SELECT event_name FROM fct_event
UNION SELECT event_name FROM event_taxonomy
UNION SELECT event_category FROM event_taxonomy
UNION SELECT check_name FROM data_quality
UNION SELECT health FROM account_health
SQL

# What the pages list with its description
my $listed = '';

my $examples = 0;
for my $file ('README.md', glob 'doc/*.md')
{
	my $document = slurp_file($file);
	my $prose = $document =~ s/<!--.*?-->|^```.*?^```//grsm;
	my @missing = grep { !-e dirname($file) . "/$_" } $prose =~ /\]\((?!\w+:)([^)#\s]+)/g;
	is("@missing", '', "$file: what it links to is there");
	my @unknown = grep { !$known{$_} } $prose =~ /`([a-z]+(?:_[a-z0-9]+)+)(?:\(.*?\))?`/g;
	is("@unknown", '', "$file: what it names is there");

	for my $part (run_document($document))
	{
		my $place = "$file:$part->{line}";
		next unless defined $part->{printed};
		$examples++ if defined $part->{sql};
		is(failed($part), '', "$place: no error") unless defined $part->{shown} && defined $part->{sql};
		next unless defined $part->{shown};
		is($part->{shown}, $part->{printed}, "$place: shows what it gives (if not, run tools/readme_outputs)");
		$listed .= $part->{shown} if defined $part->{query};
	}
}
cmp_ok($examples, '>', 10, 'there are examples');

# Everything there is, is described in one of the pages as its comment says.
my $reference = slurp_file("$FindBin::RealBin/reference.sql");
my @lines = split /\n/, $node->safe_psql('examples_demo', "$reference; SELECT line FROM (SELECT DISTINCT topic FROM pg_temp.reference()) AS t, pg_temp.reference(topic) AS line WHERE line !~ '^. . '");
cmp_ok(scalar @lines, '>', 150, 'there are functions, operators and casts');
is(join("\n", grep { index($listed, $_) < 0 } @lines), '', 'all of them are listed with their descriptions');
is($node->safe_psql('examples_demo', q{
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') AND obj_description(oid, 'pg_class') IS NOT NULL ORDER BY 1}),
	join("\n", sort map { /^## (\w+)$/ } split /\n/, $listed), 'and so are tables and views');

# doc/internals.md knows where things are.
my $internals = slurp_file('doc/internals.md');
my %sources = map { basename($_) => 1 } glob 'src/*.[ch]';
my @missing = grep { $internals !~ /`\Q$_\E`/ && !(/(.*)\.h\z/ && $sources{"$1.c"}) } sort keys %sources;
is("@missing", '', 'doc/internals.md names every source file');
my @gone = grep { !$sources{$_} } $internals =~ /`(?:src\/)?(\w+\.[ch])`/g;
is("@gone", '', 'and none that is not there');

$node->stop;
done_testing();
