# What goes to the outside says the same everywhere.
use strict;
use warnings;

use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

my ($version) = slurp_file('usage_analytics.control') =~ /^default_version = '(\d+\.\d+(?:\.\d+)?)'$/m;
ok($version, 'the control file has a version');
(my $semantic = $version) =~ s/^\d+\.\d+\K$/.0/;

my $meta = JSON::PP->new->decode(slurp_file('META.json'));
for my $key (qw(name version abstract maintainer license provides meta-spec))
{
	ok($meta->{$key}, "META.json has $key");
}
is($meta->{name}, 'usage_analytics', 'its name');
is($meta->{version}, $semantic, 'its version is the extension\'s');
is($meta->{license}, 'postgresql', 'its license');
is($meta->{'meta-spec'}{version}, '1.0.0', 'its form');
is_deeply([ keys %{ $meta->{provides} } ], ['usage_analytics'], 'what it provides');
my $provided = $meta->{provides}{usage_analytics};
is($provided->{version}, $semantic, 'the version of that');
is($provided->{file}, "sql/usage_analytics--$version.sql", 'the file of that');

my ($newest) = slurp_file('CHANGELOG.md') =~ /^## (\S+)/m;
is($newest, $version, 'the newest of CHANGELOG.md is this version');

# The script is read in the encoding of the database.
my ($script) = glob(qx(pg_config --sharedir) =~ s/\n//r . "/extension/usage_analytics--$version.sql");
unlike(slurp_file($script), qr/[^\x00-\x7F]/, 'the script is plain ASCII');
like(slurp_file($script), qr/\\quit$/m, 'and not for psql');

done_testing();
