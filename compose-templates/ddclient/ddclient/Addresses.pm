# This home's addresses: from an interface, the router's page or web services.

package Addresses;
use strict;
use warnings;
use Configuration qw(slurp);
use Encode qw(decode FB_CROAK);
use Exporter 'import';
use IO::Socket::INET;
use Program qw(output_of stopping);
use Socket qw(AF_INET AF_INET6 inet_ntop inet_pton);

our @EXPORT_OK = qw(addresses is_public packed);

# What no home is reached at: all that IANA's special-purpose registries do not call globally
# reachable (RFC 6890), multicast, and for IPv6 what is not yet given to the public (RFC 4291).
my %SPECIAL = (
    ipv4 => [qw(0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12
        192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24
        203.0.113.0/24 224.0.0.0/3)],
    ipv6 => [qw(::/3 2001::/23 2001:db8::/32 2002::/16 3fff::/20 4000::/2 8000::/1)],
);

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
    $text = eval { decode('UTF-8', my $bytes = $text, FB_CROAK) } // decode('ISO-8859-1', $text);
    if (length($source->{after} // '')) {
        return "$page: says nowhere: $source->{after}" unless $text =~ s/^.*?\Q$source->{after}\E//s;
    }
    my @there = addresses_in($family, $text);
    return "$page: shows no address of $family" unless @there;
    return "$page: shows $there[0], which is not reachable from the Internet"
        unless is_public($family, $there[0]);
    $found->{$family} = $there[0];
    return;
}

# Those that a text shows, as everybody spells them (RFC 5952): one has only one spelling then. Stops
# and colons of the sentence around them are no part of them.
sub addresses_in {
    my ($family, $text) = @_;
    my @words = $family eq 'ipv4' ? $text =~ /(?<![\d.])\d+(?:\.\d+){3}(?!\.?\d)/g
        : map { s/^:(?!:)//r =~ s/(?<!:):$//r } $text =~ /(?<!\w)[0-9a-f:]*:[0-9a-f:.]*[0-9a-f:]/gi;
    my $type = $family eq 'ipv4' ? AF_INET : AF_INET6;
    return map { inet_ntop($type, $_) } grep { defined } map { packed($family, $_) } @words;
}

sub packed {
    my ($family, $address) = @_;
    return inet_pton($family eq 'ipv4' ? AF_INET : AF_INET6, $address);
}

sub is_public {
    my ($family, $address) = @_;
    my $bits = unpack 'B*', packed($family, $address);
    for (@{$SPECIAL{$family}}) {
        my ($network, $length) = split m{/};
        my $start = substr unpack('B*', packed($family, $network)), 0, $length;
        return 0 if $start eq substr $bits, 0, $length;
    }
    return 1;
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
