# This home's addresses: from an interface, the router's page or web services.

package Addresses;
use strict;
use warnings;
use Configuration qw(slurp);
use Exporter 'import';
use IO::Socket::INET;
use Program qw(output_of stopping);
use Socket qw(AF_INET AF_INET6 inet_ntop inet_pton);

our @EXPORT_OK = qw(addresses);

# The addresses by their families, and what is wrong where one is missing.
sub addresses {
    my ($configuration) = @_;
    my (%found, @problems);
    for my $family (@{$configuration->{families}}) {
        if (my $interface = $configuration->{interface}) {
            my @there = of_interface($interface, $family);
            ($found{$family}) = grep { is_public($family, $_) } @there;
            push @problems, "the interface $interface has no public address of $family"
                . (@there ? ", only @there" : '');
        } elsif (my $router = $configuration->{router}) {
            push @problems, ask($family, $router, \%found);
        } else {
            for my $url (@{$configuration->{services}}) {
                push @problems, ask($family, {page => $url}, \%found);
                last if $found{$family} || stopping();
            }
        }
        delete $found{$family} unless $found{$family};
    }
    my $all = keys %found == @{$configuration->{families}};
    return (\%found, $all ? undef : substr join('; ', grep { $_ } @problems), 0, 500);
}

# Read an address from a page; the sentence about it when there is none.
sub ask {
    my ($family, $source, $found) = @_;
    my $page = $source->{page};
    my %options = (url => $page, 'max-time' => 20, proto => '=http,https');
    $options{user} = "$source->{login}:$source->{password}" if defined $source->{login};
    s/(["\\])/\\$1/g for values %options;
    my $input = join '', map { qq($_ = "$options{$_}"\n) } keys %options;
    utf8::encode($input);
    my @words = qw(-q --config - --silent --show-error --fail --anyauth --max-filesize 1000000);
    my $text = output_of($input, 'curl', @words, "--$family") // 'no answer';
    return "$page: $1" if $text =~ /^(curl: .*)/m;
    if (length($source->{after} // '')) {
        return "$page: says nowhere: $source->{after}" unless $text =~ s/^.*?\Q$source->{after}\E//s;
    }
    my $pattern = $family eq 'ipv4' ? qr/(?<![\d.])[\d.]{7,15}(?![\d.])/ : qr/[0-9a-f:.]*:[0-9a-f:.]+/i;
    my @there = grep { packed($family, $_) } $text =~ /$pattern/g;
    return "$page: shows no address of $family" unless @there;
    return "$page: shows $there[0], which is not reachable from the Internet"
        unless is_public($family, $there[0]);
    $found->{$family} = $there[0];
    return;
}

sub packed {
    my ($family, $address) = @_;
    return inet_pton($family eq 'ipv4' ? AF_INET : AF_INET6, $address);
}

# Not one of a home's, of a provider's shared ones or of this machine alone: RFC 6890 for IPv4; for
# IPv6 only 2000::/3 is given to the public (RFC 4291).
sub is_public {
    my ($family, $address) = @_;
    my $number = packed($family, $address);
    return (unpack('C', $number) & 0xe0) == 0x20 if $family eq 'ipv6';
    my ($first, $second) = unpack 'CC', $number;
    return !($first == 0 || $first == 10 || $first == 127 || $first >= 224
        || $first == 100 && ($second & 0xc0) == 64 || $first == 169 && $second == 254
        || $first == 172 && ($second & 0xf0) == 16 || $first == 192 && $second == 168);
}

sub of_interface {
    my ($interface, $family) = @_;
    if ($family eq 'ipv6') {
        # Addresses that will soon be others, or are not yet in use, are left out: their flags are
        # in linux/if_addr.h.
        my @lines = map { [split] } split /\n/, slurp('/proc/net/if_inet6') // '';
        return map { inet_ntop(AF_INET6, pack 'H*', $_->[0]) }
            grep { $_->[5] eq $interface && !(hex($_->[4]) & 0x69) } @lines;
    }
    my $socket = IO::Socket::INET->new(Proto => 'udp') or return ();
    # SIOCGIFADDR of netdevice(7): a name of sixteen bytes, then family, port and address.
    my $request = pack 'Z16 x24', $interface;
    ioctl($socket, 0x8915, $request) or return ();
    return inet_ntop(AF_INET, substr $request, 20, 4);
}

1;
