# What the documents say is so: their examples run and give what they show, what
# is generated is up to date, and what they link to is there.
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

my $examples = 0;
for my $file ('README.md', glob 'doc/*.md')
{
	my $document = slurp_file($file);
	my $links = $document =~ s/<!--.*?-->|^```.*?^```//grsm;
	my @missing = grep { !-e dirname($file) . "/$_" } $links =~ /\]\((?!\w+:)([^)#\s]+)/g;
	is("@missing", '', "$file: what it links to is there");

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
