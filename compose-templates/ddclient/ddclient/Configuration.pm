# What is to be done: settings.json and ddclient.conf, as nvrstack renders them.

package Configuration;
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Exporter 'import';
use JSON::PP;

our @EXPORT_OK = qw(CONFIG configuration slurp);

use constant CONFIG => '/etc/nvrstack/ddclient';

# The settings, the names with a digest of what concerns each, and the passwords to hide.
sub configuration {
    my $settings = slurp(CONFIG . '/settings.json') // die "settings.json cannot be read: $!\n";
    my $text = slurp(CONFIG . '/ddclient.conf') // die "ddclient.conf cannot be read: $!\n";
    my $shared = slurp(CONFIG . '/nsupdate.key') // '';
    my %found = (%{decode_json($settings)}, digest => sha256_hex($settings, $text, $shared));
    my %named = reverse %{$found{records}};
    my @section;
    for (split /\n/, $text) {
        next if /^\s*(?:#|$)/;
        if (my $name = $named{$_}) {
            push @{$found{names}}, $name;
            $found{sections}{$name} = sha256_hex($shared, splice @section);
        } elsif (/\\$/) {
            push @section, $_;
            push @{$found{secrets}}, $1 if /password='(.+)', \\$/;
            push @{$found{secrets}}, $1 =~ s/\\(.)/$1/gr if /apikey=(.+), \\$/;
        } else {
            $shared .= $_;
        }
    }
    return \%found;
}

sub slurp {
    my ($path) = @_;
    open my $file, '<', $path or return;
    local $/;
    return scalar <$file>;
}

1;
