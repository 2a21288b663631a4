# Other programs: what they print, within bounds.

package Program;
use strict;
use warnings;
use Exporter 'import';
use Schedule qw(PATIENCE);

our @EXPORT_OK = qw(output_of stop stopping);

my ($stopping, $child);

# End what runs and start nothing more.
sub stop {
    $stopping = 1;
    kill 'KILL', -$child if $child;
}

sub stopping () {
    return $stopping;
}

# Everything that a program prints, given some input, or nothing when it takes too long. Whatever it
# has started itself ends with it.
sub output_of {
    my ($input, @words) = @_;
    return if $stopping;
    open my $in, '+>', undef or return "$words[0]: $!\n";
    print {$in} $input;
    seek $in, 0, 0;
    my $late;
    $child = open my $out, '-|';
    defined $child or return "$words[0]: $!\n";
    if (!$child) {
        setpgrp;
        open STDIN, '<&', $in;
        open STDERR, '>&', \*STDOUT;
        no warnings 'exec';
        exec @words or print "$words[0]: $!\n";
        exit 127;
    }
    local $SIG{ALRM} = sub { $late = 1; kill 'KILL', -$child };
    alarm PATIENCE;
    my $output = do { local $/; <$out> } // '';
    alarm 0;
    close $out;
    undef $child;
    return $late ? undef : $output;
}

1;
