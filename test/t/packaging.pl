# What goes to the outside says the same everywhere, and in the form that is asked for.
use strict;
use warnings;

use IO::Uncompress::Unzip;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

my ($version) = slurp_file('usage_analytics.control') =~ /^default_version = '(\d+\.\d+(?:\.\d+)?)'$/m;
ok($version, 'the control file has a version');
(my $semantic = $version) =~ s/^\d+\.\d+\K$/.0/;

# ---------- META.json, by the PGXN Meta Spec 1.0.0 ----------

# A form is a pattern, a list of one form, or a map. In a map, ! marks keys that must be
# there, a key "*" stands for all others, and keys that begin with x_ are free. A list of
# one may be written without its brackets.
my $string = qr/\S/;
my $term = qr{\A[^\s[:cntrl:]/\\]{2,}\z};
my $tag = qr{\A[^[:cntrl:]/\\]{1,256}\z};
my $url = qr{\A[a-z][a-z0-9+.-]*://[^/?\#]+};
my $semver = qr/\A(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[a-z][0-9a-z-]*)?\z/i;
my $range = qr/\A(?:0|\s*(?:[<>]=?|[!=]=)?\s*\d+\.\d+\.\d+(?:-[a-z][0-9a-z-]*)?\s*(?:,\s*(?:[<>]=?|[!=]=)\s*\d+\.\d+\.\d+(?:-[a-z][0-9a-z-]*)?\s*)*)\z/i;
my $relations = { map { $_ => { '*' => $range, key => $term } } qw(requires recommends suggests conflicts) };
my $form = {
	'!name' => $term,
	'!version' => $semver,
	'!abstract' => $string,
	'!maintainer' => [$string],
	'!license' => [qr/\A(?:agpl_3|apache_1_1|apache_2_0|artistic_1|artistic_2|bsd|freebsd|gfdl_1_[23]|gpl_[123]|lgpl_2_1|lgpl_3_0|mit|mozilla_1_[01]|openssl|perl_5|postgresql|qpl_1_0|ssleay|sun|zlib|open_source|restricted|unrestricted|unknown)\z/],
	'!provides' => {
		'*' => { '!file' => $string, '!version' => $semver, abstract => $string, docfile => $string },
		key => $term
	},
	'!meta-spec' => { '!version' => qr/\A1\.0\.0\z/, url => $url },
	description => $string,
	generated_by => $string,
	tags => [$tag],
	no_index => { file => [$string], directory => [$string] },
	prereqs => { map { $_ => $relations } qw(configure build test runtime develop) },
	release_status => qr/\A(?:stable|testing|unstable)\z/,
	resources => {
		homepage => $url,
		bugtracker => { web => $url, mailto => qr/@/ },
		repository => { url => $url, web => $url, type => qr/\A[^A-Z\s]+\z/ }
	},
};

# What is wrong with a value, as a list
sub faults
{
	my ($form, $value, $place) = @_;

	if (ref $form eq 'HASH')
	{
		return "$place: no map" if ref $value ne 'HASH';
		my @faults = map { "$place: no $_" } grep { !exists $value->{$_} } map { /^!(.*)/ ? $1 : () } sort keys %$form;
		foreach my $key (sort keys %$value)
		{
			my $inner = $form->{"!$key"} // $form->{$key} // $form->{'*'};
			next if $key =~ /\Ax_/i;
			push @faults, "$place: unknown key $key" if !$inner || ($form->{key} && $key !~ $form->{key});
			push @faults, faults($inner, $value->{$key}, "$place.$key") if $inner;
		}
		return @faults;
	}
	if (ref $form eq 'ARRAY')
	{
		my @values = ref $value eq 'ARRAY' ? @$value : ($value);
		return @values ? map { faults($form->[0], $_, "$place\[]") } @values : "$place: empty";
	}
	return !defined $value || ref $value || $value !~ $form ? "$place: malformed" : ();
}

my $text = slurp_file('META.json');
my $meta = JSON::PP->new->utf8->decode($text);
is(join("\n", faults($form, $meta, 'META')), '', 'META.json is as PGXN wants it');

# The check itself finds faults.
my %broken = (
	name => 'a b', version => '1.0', abstract => '', license => 'my own', maintainer => [], provides => { a => {} },
	'meta-spec' => { version => '2.0.0' }, tags => ['a/b'], release_status => 'fine', prereqs => { runtime => { requires => { PostgreSQL => '15' } } },
	resources => { homepage => 'here' }, other => 1);
foreach my $key (sort keys %broken)
{
	my $copy = decode_json($text);
	$copy->{$key} = $broken{$key};
	isnt(join("\n", faults($form, $copy, 'META')), '', "a fault is found in $key");
}
is_deeply([ faults($form, {}, 'META') ], [ map { "META: no $_" } sort qw(name version abstract maintainer license provides meta-spec) ], 'and in what is not there');

is($meta->{name}, 'usage_analytics', 'its name');
is($meta->{version}, $semantic, 'its version is the extension\'s');
is($meta->{license}, 'postgresql', 'its license');
is_deeply([ keys %{ $meta->{provides} } ], ['usage_analytics'], 'what it provides');
my $provided = $meta->{provides}{usage_analytics};
is($provided->{version}, $semantic, 'the version of that');

# ---------- the distribution: make dist ----------

SKIP:
{
	my ($zip) = glob('dist/*.zip');
	skip 'not in a repository', 6 unless $zip;
	is($zip, "dist/usage_analytics-$semantic.zip", 'the distribution\'s name');
	my %files;
	my $unzip = IO::Uncompress::Unzip->new($zip);
	do
	{
		my $name = $unzip->getHeaderInfo->{Name};
		my $content = join '', $unzip->getlines;
		$files{$name} = $content;
	} while ($unzip->nextStream > 0);
	is(join(' ', grep { !m{^usage_analytics-\Q$semantic\E/} } sort keys %files), '', 'has all in one folder');
	my @wanted = (qw(META.json README.md CHANGELOG.md LICENSE Makefile usage_analytics.control), $provided->{file}, $provided->{docfile},
		qw(src/usage_analytics.c sql/library/begin.sql sql/model/tables.sql tools/build_script test/sql/ids.sql expected/ids.out doc/operations.md),
		map { "sql/usage_analytics--$_.sql" } split ' ', ($files{"usage_analytics-$semantic/Makefile"} // '') =~ /^FROZEN =(.*)$/m ? $1 : '(what Makefile lists)');
	is(join(' ', grep { !exists $files{"usage_analytics-$semantic/$_"} } @wanted), '', 'with what is needed to build, test and index it');
	is(join(' ', grep { m{\.(o|so|bc|log)$|/build/|/results/} } sort keys %files), '', 'and nothing that is built');
	is(decode_json($files{"usage_analytics-$semantic/META.json"})->{version}, $semantic, 'its META.json can be read');
	like($files{"usage_analytics-$semantic/usage_analytics.control"}, qr/^default_version = '\Q$version\E'$/m, 'its control file has the version');
}

# ---------- the rest ----------

my ($newest) = slurp_file('CHANGELOG.md') =~ /^## (\S+)/m;
is($newest, $version, 'the newest of CHANGELOG.md is this version');
like(slurp_file('debian/changelog'), qr/\Ausage-analytics \(\Q$semantic\E(?:[~+][\w.~+]+)?\)/, 'and of the Debian package');
my $control = slurp_file('debian/control.in');
is(slurp_file('debian/control'), $control =~ s/PGVERSION/15/gr, 'debian/control is made of debian/control.in');
is_deeply([ map { s/^\s*\.?\s*|\s+$//gr } split /\n/, slurp_file('debian/copyright') =~ s/.*^License: PostgreSQL\n//smr ],
	[ map { s/\s+$//r } split /\n/, slurp_file('LICENSE') =~ s/\A.*?\n\n//sr ], 'the license is the same there');

# Scripts are read in the encoding of the database.
my @scripts = glob(qx(pg_config --sharedir) =~ s/\n//r . '/extension/usage_analytics--*.sql');
ok((grep { /--\Q$version\E[.]sql$/ } @scripts), 'the script of this version is installed');
foreach my $script (@scripts)
{
	my ($name) = $script =~ m{([^/]+)$};

	unlike(slurp_file($script), qr/[^\x00-\x7F]/, "$name is plain ASCII");
	like(slurp_file($script), qr/\\quit$/m, 'and not for psql');
}

done_testing();
