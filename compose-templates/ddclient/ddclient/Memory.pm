# What is remembered: state.json. Times there are seconds since 1970, UTC.

package Memory;
use strict;
use warnings;
use Configuration qw(slurp);
use Exporter 'import';
use JSON::PP;

our @EXPORT_OK = qw(read_state write_state);

use constant STATE => '/var/lib/nvrstack/state.json';

# A file that was damaged costs one update more, which does no harm.
sub read_state {
    my $state = eval { decode_json(slurp(STATE) // '') };
    return ref $state eq 'HASH' && ($state->{schema} // 0) == 1 ? $state : {hosts => {}};
}

sub write_state {
    my ($state) = @_;
    my $new = STATE . '.new';
    open my $file, '>', $new or die "$new cannot be written: $!\n";
    print {$file} JSON::PP->new->canonical->pretty->utf8->encode($state);
    close $file or die "$new cannot be written: $!\n";
    rename $new, STATE or die STATE . " cannot be written: $!\n";
}

1;
