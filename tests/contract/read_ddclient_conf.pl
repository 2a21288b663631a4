# Prints as JSON what ddclient itself reads in configuration files: perl THIS DDCLIENT FILE...
use strict;
use warnings;
use JSON::PP;

my $program = shift;
# As a library it does not run.
defined(do $program) or die($@ || $!);
my %read;
for my $file (@ARGV) {
    my (%config, %globals);
    ddclient::read_config($file, \%config, \%globals);
    $read{$file} = {%config, '' => \%globals};
}
print JSON::PP->new->ascii->canonical->encode(\%read);
