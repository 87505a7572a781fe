# The examples in documents: what they say is run, and what that gives is
# compared with what they show.
#
# In a document, as Markdown:
#
#   ```sql                    is run; where an output follows at once, as ``` or
#   ```                       ```text, it is what psql prints, otherwise there
#                             must be no error
#   <!-- demo -->             from here on in a database with the demo's data
#   <!-- new database -->     from here on in a new database with the extension;
#                             this is also where a document begins
#   <!-- empty database -->   from here on in a new database without it
#   <!-- not run -->          the next block is not run
#   <!-- sql … -->            is run, out of the reader's sight
#   <!-- generated … -->      the query's rows stand here, up to <!-- end -->; it may
#                             use pg_temp.reference(), see reference.sql
#   <!-- quoted FILE: HEADING -->
#                             what FILE says under "## HEADING" stands here, up to
#                             <!-- end -->
#
# From one of the marks to the next is one session. All needs a server to
# connect to (PGHOST and so on), and a superuser.
package Examples;

use strict;
use warnings;

use Exporter 'import';
use File::Basename;
use File::Temp qw(tempdir);

our @EXPORT = qw(create_demo run_document rewritten failed);

# What make demo END=2025-12-28 has.
my @demo = qw(--bulk --accounts 40 --users 25 --days 120 --end 2025-12-28 --seed 1);

my $mark = '@@example@@';
my $directory = tempdir(CLEANUP => 1);
my $databases = 0;

sub create_demo
{
	my ($load) = @_;

	# Nobody may be connected to what is copied.
	local $ENV{PGOPTIONS} = '-c usage_analytics.background_fold=off';
	psql('postgres', 'CREATE DATABASE examples_demo;');
	psql('examples_demo', 'CREATE EXTENSION usage_analytics;');
	system($load, '--dbname', 'examples_demo', @demo) == 0 or die "could not load the demo\n";
	psql('examples_demo', 'SELECT usage_refresh();');
	return;
}

sub slurp
{
	my ($file) = @_;

	local $/ = undef;
	open my $read, '<', $file or die "$file: $!";
	return scalar(<$read>) // '';
}

# Run a script; what it prints as results and as messages.
sub psql
{
	my ($database, $script) = @_;

	local $ENV{PGOPTIONS} = ($ENV{PGOPTIONS} // '') . ' -c timezone=UTC -c lc_messages=C';
	local $ENV{PGCLIENTENCODING} = 'UTF8';
	open my $write, '>', "$directory/script" or die "script: $!";
	print $write "\\pset footer off\n$script\n";
	close $write;
	my $status = system('sh', '-c', 'cd "$1" && exec psql -Xq -d "$2" <script >results 2>messages',
		'sh', $directory, $database);
	my ($out, $err) = map { slurp("$directory/$_") } qw(results messages);
	die "$database: $err" if $status != 0 || ($script !~ /\Q$mark\E/ && $err =~ /^(ERROR|FATAL):/m);
	return ($out, $err);
}

sub new_database
{
	my ($kind) = @_;
	my $name = 'examples' . ++$databases;

	psql('postgres', "CREATE DATABASE $name" . ($kind eq 'demo' ? ' TEMPLATE examples_demo;' : ';'));
	psql($name, 'CREATE EXTENSION usage_analytics;') if $kind eq 'new database';
	return $name;
}

# The parts of a document: text to keep, marks, SQL, and outputs.
sub parts
{
	my ($document) = @_;
	my @parts;
	my $line = 1;

	while ($document =~ /\G(?:
			(?<mark><!--\ (?<kind>demo|new\ database|empty\ database|not\ run)\ -->\n)
		  | (?<mark><!--\ sql\n(?<hidden>.*?)\n-->\n)
		  | (?<mark><!--\ generated\n(?<query>.*?)\n-->\n)\n(?<shown>(?:(?!<!--).)*?)\n?<!--\ end\ -->\n
		  | (?<mark><!--\ quoted\ (?<file>[^:\n]+):\ (?<heading>[^\n]+)\ -->\n)\n(?<shown>(?:(?!<!--).)*?)\n?<!--\ end\ -->\n
		  | (?<mark>```sql\n(?<sql>.*?)\n```\n)(?:(?<between>\n?```(?:text)?\n)(?<shown>.*?)(?<=\n)```\n)?
		  | (?<fence>```\w*\n.*?^```\n)
		  | (?<text>[^\n]*\n)
		)/gcxms)
	{
		my %part = (%+, line => $line);
		my $all = $&;
		$part{keep} = $part{text} // $part{fence} // $part{mark};
		push @parts, \%part;
		$line += $all =~ tr/\n//;
	}
	die "line $line cannot be read\n" if (pos($document) // 0) < length $document;
	return @parts;
}

# What a file says under a heading, without lines that are empty at either end.
sub under_heading
{
	my ($file, $heading) = @_;

	slurp($file) =~ /^## \Q$heading\E\n\s*(.*?)\s*(?=^## |\z)/ms or die "$file: nothing under $heading\n";
	return "$1\n";
}

# Run all there is in a document: its parts, with what they printed.
sub run_document
{
	my ($document) = @_;
	my @parts = parts($document);
	my @session;
	my $kind = 'new database';
	my $skip = 0;

	for my $part (@parts, { kind => 'end' })
	{
		$part->{printed} = under_heading($part->{file}, $part->{heading}) if defined $part->{file};
		if (!defined $part->{kind})
		{
			my $sql = $part->{sql} // $part->{hidden} // $part->{query};
			next unless defined $sql;
			push @session, $part unless $skip && defined $part->{sql};
			$skip = 0 if defined $part->{sql};
		}
		elsif ($part->{kind} eq 'not run')
		{
			$skip = 1;
		}
		else
		{
			run_session($kind, @session) if @session;
			@session = ();
			$kind = $part->{kind};
		}
	}
	return @parts;
}

sub run_session
{
	my ($kind, @session) = @_;
	my $script = (grep { ($_->{query} // '') =~ /pg_temp[.]reference/ } @session) ? slurp(dirname(__FILE__) . '/reference.sql') : '';

	for my $part (@session)
	{
		$script .= "\\echo $mark\n\\warn $mark\n";
		$script .= defined $part->{query}
		  ? "\\pset format unaligned\n\\pset tuples_only on\n$part->{query}\n\\pset format aligned\n\\pset tuples_only off\n"
		  : ($part->{sql} // $part->{hidden}) . "\n";
	}
	my ($out, $err) = psql(new_database($kind), $script);
	my @out = split /^\Q$mark\E\n/m, $out, -1;
	my @err = split /^\Q$mark\E\n/m, $err, -1;
	shift @out;
	shift @err;
	for my $part (@session)
	{
		$part->{messages} = shift(@err) // '';
		$part->{printed} = (shift(@out) // '') . $part->{messages};
		$part->{printed} =~ s/[ \t]+$//mg;
		$part->{printed} =~ s/\n+\z/\n/;
	}
	return;
}

# What went wrong in a part that shows no output.
sub failed
{
	my ($part) = @_;
	my $messages = $part->{messages} // '';

	return '' if defined $part->{shown} && defined $part->{sql};
	return $messages =~ /\A(?!(NOTICE|WARNING|INFO):)./ || $messages =~ /^ERROR:/m ? $messages : '';
}

# The document with the outputs that its examples had.
sub rewritten
{
	my $document = '';

	for my $part (@_)
	{
		next unless defined $part->{keep};
		$document .= $part->{keep};
		next unless defined $part->{shown};
		my $output = $part->{printed} // $part->{shown};
		$document .= defined $part->{query} || defined $part->{file} ? "\n$output\n<!-- end -->\n" : "$part->{between}$output```\n";
	}
	return $document;
}

1;
