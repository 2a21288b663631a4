# Whether every name is in order, and if not, why.

package Health;
use strict;
use warnings;
use Answers qw(%RESULTS);
use Configuration qw(configuration);
use Exporter 'import';
use Memory qw(latest_state);
use Schedule qw(PATIENCE PUBLISHING);

our @EXPORT_OK = qw(healthy);

# So many intervals without a success are too many.
use constant TOO_MANY => 3;

sub healthy {
    my $state = latest_state();
    my $configuration = configuration();
    my $too_long = TOO_MANY * $configuration->{interval};
    my $silence = time - ($state->{last_run} // 0);
    my (@problems, @doubts);
    if (!$state->{last_run}) {
        push @problems, 'your address was not looked up yet';
    } elsif ($silence > $too_long + 2 * PATIENCE) {
        push @problems, 'your address was last looked up ' . span($silence) . ' ago';
    } elsif ($silence < -PATIENCE) {
        push @problems, 'your address was last looked up in the future: the clock was set back';
    } else {
        push @problems, unsaved($state), missing($configuration, $state, $too_long);
        for my $name (@{$configuration->{names}}) {
            my $host = $state->{hosts}{$name};
            if (!$host || $host->{configuration} ne $configuration->{sections}{$name}) {
                push @problems, "$name: not tried yet";
            } elsif ($host->{result} ne 'good') {
                my $for_you = $RESULTS{$host->{result}}[0] eq 'person';
                my $since = time - ($host->{in_order} // 0);
                push @problems, "$name: " . in_words($host) if $for_you || $since > $too_long;
            } else {
                my ($late, $doubt) = doubt($host);
                push @{$late ? \@problems : \@doubts}, "$name: $doubt" if $doubt;
            }
        }
    }
    print map { "$_\n" } @problems ? @problems : @doubts ? @doubts : 'ok';
    return @problems ? 1 : 0;
}

# Whether the provider has had time enough, and what its name servers say meanwhile, unless they agree.
sub doubt {
    my ($host) = @_;
    my $servers = $host->{name_servers}
        or return (0, 'the provider has this address; its name servers are not asked yet');
    my ($verdict, $answer, $since) = @$servers{qw(verdict answer since)};
    return (0, undef) if $verdict eq 'agree';
    return (0, "the provider has this address; whether its name servers say so is not known: $answer")
        if $verdict eq 'unknown';
    my $length = time - $since;
    my $late = $length > PUBLISHING;
    my $when = $late ? 'for ' . span($length) : 'yet';
    return ($late, "the provider has this address, which its name servers do not say $when: $answer");
}

# What cannot be kept over a restart is told again after it.
sub unsaved {
    my ($state) = @_;
    my $problem = $state->{unsaved} // return;
    return "what the provider was told cannot be noted ($problem), and each restart tells it again";
}

# A family of which there is no address any more, or never was, while the other one has one.
sub missing {
    my ($configuration, $state, $too_long) = @_;
    my $since = $state->{missing} // {};
    my @late = grep { $since->{$_} && time - $since->{$_} > $too_long } @{$configuration->{families}};
    my $reason = $state->{address_problem} // '';
    return map { "no address of $_ for " . span(time - $since->{$_}) . " ($reason)" } @late;
}

sub in_words {
    my ($host) = @_;
    my ($result, $answer) = @$host{qw(result answer)};
    return "good: $answer" if $result eq 'good';
    my $text = "$result: $RESULTS{$result}[1] ($answer)";
    my $wait = $host->{next_attempt} - time;
    $text .= '; next attempt in ' . span($wait) . ', or when the configuration changes' if $wait > 0;
    return $text;
}

sub span {
    my ($seconds) = @_;
    return "$seconds seconds" if $seconds < 120;
    return int($seconds / 60) . ' minutes' if $seconds < 7200;
    return int($seconds / 3600) . ' hours';
}

1;
