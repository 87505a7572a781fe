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
	}
}
cmp_ok($examples, '>', 10, 'there are examples');

$node->stop;
done_testing();
