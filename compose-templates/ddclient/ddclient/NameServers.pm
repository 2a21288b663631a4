# What the name servers of a name say of it: the provider's word is believed when they say the same.

package NameServers;
use strict;
use warnings;
use Addresses qw(is_public packed);
use Exporter 'import';
use Program qw(output_of stopping);
use Schedule qw(ASK_AGAIN LONGEST_ASK growing);

our @EXPORT_OK = qw(confirm);

# So many of a name's servers are asked.
use constant SERVERS => 3;
my %TYPES = (ipv4 => 'A', ipv6 => 'AAAA');

# Ask, where that is due; true if what is known of the name has changed.
sub confirm {
    my ($name, $host, $addresses) = @_;
    my $before = $host->{name_servers} // {verdict => '', next => 0, failures => 0};
    return 0 if $before->{next} > time;
    my ($verdict, $answer) = asked($name, $addresses);
    return 0 if stopping;
    my $failures = $verdict eq 'agree' ? 0 : $before->{failures} + 1;
    my $same = $before->{verdict} eq $verdict;
    $host->{name_servers} = {
        verdict => $verdict,
        answer => $answer,
        since => $same ? $before->{since} : time,
        failures => $failures,
        next => time + ($failures ? growing(ASK_AGAIN, $failures, LONGEST_ASK) : LONGEST_ASK),
    };
    return !$same;
}

# Whether they "agree" with these addresses, say "other" ones, or that is "unknown"; and their words.
sub asked {
    my ($name, $addresses) = @_;
    my ($servers, $problem) = servers_of($name);
    my (@agreed, @silent);
    for my $server (@$servers) {
        my ($said, $silence) = said($server, $name, $addresses);
        if ($silence) {
            push @silent, "$server $silence";
        } elsif ($said) {
            return ('other', "$server says $said");
        } else {
            push @agreed, $server;
        }
    }
    return ('agree', "@agreed") if @agreed;
    return ('unknown', $problem // join '; ', @silent);
}

# The servers of the zone that a name is in: the nearest of its parents that has any.
sub servers_of {
    my ($name) = @_;
    for (my $zone = $name; $zone =~ /\./; $zone =~ s/^[^.]*\.//) {
        my ($text, $problem) = dig($zone, 'NS');
        return ([], "your resolver: $problem") if $problem;
        my @servers = sort $text =~ /^\Q$zone\E\.\s+\d+\s+IN\s+NS\s+([\w.-]+)\.$/gmi;
        return ([splice @servers, 0, SERVERS]) if @servers;
    }
    return ([], 'your resolver knows no name server of it');
}

# What one server says where that is not the addresses, or why nothing can be concluded from it.
sub said {
    my ($server, $name, $addresses) = @_;
    my @differ;
    for my $family (sort keys %$addresses) {
        my ($text, $problem) = dig($name, $TYPES{$family}, "\@$server", '+norecurse');
        return (undef, $problem) if $problem;
        # Another one may have answered in its place.
        return (undef, 'does not answer by itself') unless $text =~ /^;; flags:[^;]* aa/m;
        my @there = $text =~ /^\S+\s+\d+\s+IN\s+(?:$TYPES{$family}|CNAME)\s+(\S+)$/gm;
        next if "@there" eq $addresses->{$family};
        # A home's own name server may tell the home another address.
        return (undef, "says @there to you") if grep { packed($family, $_) && !is_public($family, $_) } @there;
        push @differ, @there ? @there : "nothing of $family";
    }
    return join ' and ', @differ;
}

# What dig(1) shows, or why it shows nothing.
sub dig {
    my @words = (@_, qw(+noall +comments +answer +time=3 +tries=1));
    my $text = output_of('', 'dig', @words) // '';
    return $text if $text =~ /^;; ->>HEADER<<-.* status: (?:NOERROR|NXDOMAIN),/m;
    my ($problem) = $text =~ /status: (\w+)/ ? "says $1" : $text =~ /^(?:;; )?(\S.*)$/m;
    return (undef, substr($problem // 'does not answer', 0, 100));
}

1;
