#!/usr/bin/perl
# Keeps your name pointing at this home. At each interval it finds out your address, and when that
# has changed it lets ddclient tell the provider. A changed configuration is tried within seconds.
#
# ddclient speaks each provider's language; when it may speak is decided here: once for each change,
# not again at a restart, and ever more seldom after a refusal that only you can mend.
# What came of it is in /var/lib/nvrstack/state.json. Times there are seconds since 1970, UTC.
#
# With the word "healthy" it instead says whether every name is in order, and if not, why.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Addresses qw(addresses);
use Answers qw(%RESULTS %FOR_ALL);
use Configuration qw(configuration);
use Health qw(healthy);
use Memory qw(move_times read_state write_state);
use NameServers qw(confirm);
use Program qw(stop stopping);
use Schedule qw(TICK NO_ADDRESS REFRESH hold_off growing uptime);
use Update qw(update);

binmode STDOUT, ':encoding(UTF-8)';
exit healthy() if ($ARGV[0] // '') eq 'healthy';
$| = 1;
umask 077;
$SIG{TERM} = $SIG{INT} = \&stop;
my $unsaved = '';
keep_up();

sub keep_up {
    my $state = read_state();
    my ($seen, $next, $misses) = ('', 0, 0);
    my $started = time - uptime;
    until (stopping) {
        my $configuration = configuration();
        # Nothing waits for longer, or for less long, because the clock was set.
        my $step = int(time - uptime - $started);
        if (abs $step > TICK) {
            $started += $step;
            move_times($state, $step);
            save($state);
        }
        if ($configuration->{digest} ne $seen || uptime >= $next) {
            $seen = $configuration->{digest};
            my $found = look($configuration, $state);
            $misses = $found ? 0 : $misses + 1;
            my $interval = $configuration->{interval};
            my $pause = $found ? $interval : growing(NO_ADDRESS, $misses, $interval);
            for my $host (grep { ($_->{result} // '') ne 'good' } values %{$state->{hosts}}) {
                my $wait = $host->{next_attempt} - time;
                $pause = $wait if $wait > 0 && $wait < $pause;
            }
            $next = uptime + $pause;
            save($state) unless stopping;
        }
        save($state) if believe($configuration, $state);
        sleep TICK unless stopping;
    }
}

# Find out the address and tell it to the provider where that is due. False without an address.
sub look {
    my ($configuration, $state) = @_;
    my ($addresses, $problem) = addresses($configuration);
    return 1 if stopping;
    my $found = %$addresses;
    print "$problem\n" if $problem && ($state->{address_problem} // '') ne $problem;
    @$state{qw(schema last_run addresses address_problem)} = (1, time, $addresses, $problem);
    my @without = $found ? grep { !$addresses->{$_} } @{$configuration->{families}} : ();
    $state->{missing} = {map { $_ => $state->{missing}{$_} // time } @without};
    my $hosts = $state->{hosts};
    delete @$hosts{grep { !$configuration->{sections}{$_} } keys %$hosts};
    my $spoiled;
    for my $name (@{$configuration->{names}}) {
        my $host = $hosts->{$name} //= {configuration => '', last_attempt => undef,
            last_success => undef};
        my $digest = $configuration->{sections}{$name};
        if ($host->{configuration} ne $digest) {
            @$host{qw(configuration addresses failures next_attempt in_order)}
                = ($digest, {}, 0, 0, undef);
        }
        my $waiting = $host->{next_attempt} > time;
        if (!$found) {
            note($name, $host, 'no-address', $problem) unless $waiting && $host->{failures};
        } elsif (is_told($host, $addresses)) {
            note($name, $host, 'good', 'the provider has this address') if $host->{result} ne 'good';
            @$host{qw(failures in_order)} = (0, time);
        } elsif (!$waiting && $spoiled) {
            note($name, $host, @$spoiled);
            put_off($host, $configuration->{interval});
        } elsif (!$waiting) {
            # Whatever ends this now, the provider is left alone for as long as it asks for.
            @$host{qw(last_attempt next_attempt)} = (time, time + $configuration->{pause});
            save($state);
            my ($result, $answer) = update($configuration, $name, $addresses);
            return 1 if stopping;
            $host->{last_attempt} = time;
            note($name, $host, $result, $answer);
            if ($result eq 'good') {
                @$host{qw(last_success in_order failures)} = (time, time, 0);
                $host->{addresses} = {%{$host->{addresses}}, %$addresses};
                delete $host->{name_servers};
                $host->{next_attempt} = time + $configuration->{pause};
            } else {
                put_off($host, $configuration->{interval});
                $spoiled = [$result, $answer] if $FOR_ALL{$result};
            }
            save($state);
        }
    }
    return $found;
}

# See what the names' own servers say, where the provider has the present addresses. True where that
# is news. Nothing follows from it but what is told to you: an update more would mend nothing.
sub believe {
    my ($configuration, $state) = @_;
    my ($addresses, $news) = ($state->{addresses}, 0);
    for my $name (@{$configuration->{names}}) {
        my $host = $state->{hosts}{$name};
        next unless $host && %$addresses && ($host->{result} // '') eq 'good';
        next unless is_told($host, $addresses) && confirm($name, $host, $addresses);
        my ($verdict, $answer) = @{$host->{name_servers}}{qw(verdict answer)};
        print "$name: its name servers: $verdict: $answer\n";
        $news = 1;
    }
    return $news;
}

# Whether the provider knows these very addresses, and has been told so within the month.
sub is_told {
    my ($host, $addresses) = @_;
    return 0 if grep { ($host->{addresses}{$_} // '') ne $addresses->{$_} } keys %$addresses;
    return time - $host->{last_success} < REFRESH;
}

sub save {
    my ($state) = @_;
    my $problem = write_state($state) // '';
    print "$problem\n" if $problem && $problem ne $unsaved;
    $unsaved = $problem;
}

sub note {
    my ($name, $host, $result, $answer) = @_;
    my $news = ($host->{result} // '') ne $result || ($host->{answer} // '') ne $answer;
    @$host{qw(result answer)} = ($result, $answer);
    print "$name: $result: ", $answer, "\n" if $news;
}

sub put_off {
    my ($host, $interval) = @_;
    my $cause = $RESULTS{$host->{result}}[0];
    $host->{next_attempt} = time + hold_off($cause, ++$host->{failures}, $interval);
}
