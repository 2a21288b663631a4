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
use Digest::SHA qw(sha256_hex);
use IO::Socket::INET;
use JSON::PP;
use Socket qw(AF_INET AF_INET6 inet_ntop inet_pton);

use constant CONFIG => '/etc/nvrstack/ddclient';
use constant STATE => '/var/lib/nvrstack/state.json';
use constant CACHE => '/tmp/ddclient.cache';

# All in seconds.
use constant TICK => 5;
use constant PATIENCE => 90;
use constant NO_ADDRESS => 30;
use constant BUSY => 1800;
use constant LONGEST_BUSY => 7200;
use constant PERSON => 3600;
use constant LONGEST => 86400;
use constant LONGEST_NETWORK => 3600;
# Providers delete names of which they have not heard for a month.
use constant REFRESH => 25 * 86400;
# So many intervals without a success are too many.
use constant TOO_MANY => 3;

# What may come of an update: who can mend it, and what it means. The first ten words are those of
# the dyndns2 protocol (https://help.dyn.com/remote-access-api/return-codes/), whose 911 asks for
# half an hour of patience.
my %RESULTS = (
    'badauth' => ['person', 'the user name, password or token is wrong'],
    'badagent' => ['person', 'the provider does not let ddclient in'],
    '!donator' => ['person', 'your account does not include this'],
    '!yours' => ['person', 'the name belongs to another account'],
    'notfqdn' => ['person', 'the provider takes this for no complete name'],
    'nohost' => ['person', 'the provider has no such name in your account'],
    'numhost' => ['person', 'too many names at once'],
    'abuse' => ['person', 'the provider has blocked the name or the account'],
    'dnserr' => ['busy', 'the name servers of the provider are out of order'],
    '911' => ['busy', 'the provider is out of order'],
    'refused' => ['person', 'the provider refuses it'],
    'busy' => ['busy', 'the provider asks for patience or is out of order'],
    'timeout' => ['network', 'the provider does not answer in time'],
    'tls' => ['network', 'the certificate or the encryption of the provider is not in order'],
    'unreachable' => ['network', 'the provider cannot be reached'],
    'garbage' => ['network', 'the answer is not one of this protocol'],
    'no-address' => ['network', 'your address cannot be found out'],
);

# After one of these the other names would fare the same, so that they are not even tried.
my %FOR_ALL = map { $_ => 1 } qw(badauth badagent 911 busy timeout tls unreachable garbage);

# What the providers without these words say, in ddclient's messages or by themselves.
my @PHRASES = (
    [qr/\b(badauth|badagent|notfqdn|nohost|numhost|abuse|dnserr)\b/],
    [qr/(!donator|!yours)\b/],
    [qr/^\s*(911)\b/m],
    [qr/not authenticate|authentication fail|Failed Login|Passwords? (?:do|is) not match/i, 'badauth'],
    [qr/NO_AUTH|NOACCESS|NOTAUTH|BADKEY|BADSIG|INVALID_API_KEY/, 'badauth'],
    [qr/no zone ID|no '\w+' record|no applicable .*records|no record,|record not Found/i, 'nohost'],
    [qr/Domain name not found|NOSERVICE|NOTZONE|NXDOMAIN|does not end with/i, 'nohost'],
    # All that Duck DNS says.
    [qr/^KO$/m, 'badauth'],
    [qr/TOOSOON|Too many requests/i, 'busy'],
    [qr/update failed: REFUSED/, 'refused'],
);

# curl's exit codes, as curl(1) lists them.
my %CURL = (28 => 'timeout', map { $_ => 'tls' } 35, 51, 53, 54, 58, 59, 60, 66, 77, 80, 83, 90, 91);

my ($stopping, $child);

exit healthy() if ($ARGV[0] // '') eq 'healthy';
$| = 1;
umask 077;
$SIG{TERM} = $SIG{INT} = sub { $stopping = 1; kill 'KILL', -$child if $child };
keep_up();

sub keep_up {
    my $state = read_state();
    my ($seen, $next, $misses) = ('', 0, 0);
    until ($stopping) {
        my $configuration = configuration();
        if ($configuration->{digest} ne $seen || time >= $next) {
            $seen = $configuration->{digest};
            my $found = look($configuration, $state);
            $misses = $found ? 0 : $misses + 1;
            my $interval = $configuration->{interval};
            $next = time + ($found ? $interval : growing(NO_ADDRESS, $misses, $interval));
            for my $host (grep { $_->{failures} } values %{$state->{hosts}}) {
                my $wait = $host->{next_attempt};
                $next = $wait if $wait > time && $wait < $next;
            }
            write_state($state) unless $stopping;
        }
        sleep TICK unless $stopping;
    }
}

# Find out the address and tell it to the provider where that is due. False without an address.
sub look {
    my ($configuration, $state) = @_;
    my ($addresses, $problem) = addresses($configuration);
    return 1 if $stopping;
    my $found = %$addresses;
    print "$problem\n" if !$found && ($state->{address_problem} // '') ne $problem;
    @$state{qw(schema last_run addresses)} = (1, time, $addresses);
    $state->{address_problem} = $problem;
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
        # A clock that was wrong before must not hold anything up.
        $host->{next_attempt} = time + LONGEST if $host->{next_attempt} > time + LONGEST;
        my $waiting = $host->{next_attempt} > time;
        if (!$found) {
            note($name, $host, 'no-address', $problem) unless $waiting && $host->{failures};
        } elsif (is_told($host, $addresses)) {
            note($name, $host, 'good', 'the provider has this address') if $host->{result} ne 'good';
            @$host{qw(failures in_order)} = (0, time);
        } elsif (!$waiting && $spoiled) {
            note($name, $host, @$spoiled);
            hold_off($host, $configuration);
        } elsif (!$waiting) {
            my ($result, $answer) = update($configuration, $name, $addresses);
            return 1 if $stopping;
            $host->{last_attempt} = time;
            note($name, $host, $result, $answer);
            if ($result eq 'good') {
                @$host{qw(last_success in_order failures)} = (time, time, 0);
                $host->{addresses} = {%{$host->{addresses}}, %$addresses};
                $host->{next_attempt} = time + $configuration->{pause};
            } else {
                hold_off($host, $configuration);
                $spoiled = [$result, $answer] if $FOR_ALL{$result};
            }
            write_state($state);
        }
    }
    return $found;
}

# Whether the provider knows these very addresses, and has been told so within the month.
sub is_told {
    my ($host, $addresses) = @_;
    return 0 if grep { ($host->{addresses}{$_} // '') ne $addresses->{$_} } keys %$addresses;
    return time - $host->{last_success} < REFRESH;
}

sub note {
    my ($name, $host, $result, $answer) = @_;
    my $news = ($host->{result} // '') ne $result || ($host->{answer} // '') ne $answer;
    @$host{qw(result answer)} = ($result, $answer);
    print "$name: $result: ", $answer, "\n" if $news;
}

sub hold_off {
    my ($host, $configuration) = @_;
    my %waits = (
        person => [PERSON, LONGEST],
        busy => [BUSY, LONGEST_BUSY],
        network => [$configuration->{interval}, LONGEST_NETWORK],
    );
    my ($first, $longest) = @{$waits{$RESULTS{$host->{result}}[0]}};
    $host->{next_attempt} = time + growing($first, ++$host->{failures}, $longest);
}

# Twice as long each time.
sub growing {
    my ($first, $times, $longest) = @_;
    my $wait = $first * 2**($times > 20 ? 20 : $times - 1);
    return $wait < $longest ? $wait : $longest;
}

# Let ddclient tell the provider the addresses of one name. What came of it, and the provider's
# own words. A new cache for each run keeps ddclient from deciding by itself.
sub update {
    my ($configuration, $name, $addresses) = @_;
    unlink CACHE;
    my $told = $configuration->{records}{$name};
    my @words = ('-file=' . CONFIG . '/ddclient.conf', '-cache=' . CACHE, "-host=$told");
    my @given = map { ('usev' . substr($_, -1) . "=$_", "$_=$addresses->{$_}") } sort keys %$addresses;
    # 3.10 heeds the first form and 3.11 the second one, 4.0 both.
    push @words, (map { "-$_" } @given), '-options=' . join ',', @given;
    my $output = run_program('', 'ddclient', @words, qw(-force -verbose -debug));
    # Curl's parameters, with the password among them, stay behind when it is ended by force.
    unlink glob '/tmp/ddclient_*';
    my ($result, $answer) = verdict($told, $output);
    my %hidden = map { $_ => 1 } @{$configuration->{secrets}};
    for my $secret (sort { length $b <=> length $a } keys %hidden) {
        (my $encoded = $secret) =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ge;
        $answer =~ s/\Q$_\E/[hidden]/gi for $secret, $encoded;
    }
    # After that, for what is cut off could be the end of a password.
    $answer =~ s/[^\x20-\x7e]/?/g;
    return ($result, substr $answer, 0, 200);
}

sub verdict {
    my ($told, $output) = @_;
    return ('timeout', 'no answer within ' . PATIENCE . ' seconds') if !defined $output;
    my (@failed, @reply, @other, $curl, $code);
    for (split /\r?\n/, $output) {
        # 3.x labels what it received; 4.0 does so only when it explains everything.
        if (/^RECEIVE:  (.*)/ || /^DEBUG: .*?\[RESPONSE\](?:> reply:|  (.*))/) {
            my $line = $1 // '';
            ($code, @reply) = ($1) if $line =~ m{^HTTP/\S+ (\d+.*)};
            push @reply, $line;
        } elsif (/^(?:FAILED|FATAL): +(.*)/) {
            push @failed, $1;
        } elsif (/^WARNING: .*CURL error \((\d+)\) *(.*)/) {
            ($curl, $code, @reply) = ($1, undef);
            push @other, $2;
        } elsif (/^WARNING: +(cannot (?:connect|send) .*)/) {
            push @other, $1;
        } elsif (!/^(?:[A-Z]+:|=|\s|\w+\{|$)/) {
            push @other, $_;
        }
    }
    my $body = join "\n", @reply;
    $body =~ s/^.*?\n\s*\n//s;
    $body =~ s/<[^>]*>/ /g if $body =~ m{</};
    my $answer = $code ? join(': ', grep { /\S/ } $code =~ /^2/ ? () : $code, $body)
        : join '; ', $curl ? @other : (@failed, @other);
    $answer = join ' ', split ' ', $answer;
    $answer = 'nothing' if $answer eq '';

    my %cached = cached($told);
    my @status = grep { defined } @cached{qw(status-ipv4 status-ipv6 status)};
    return ('good', $answer) if !@failed && ($cached{mtime} || grep { $_ eq 'good' } @status);
    for my $status (@status) {
        return ($status, $answer) if $RESULTS{$status};
    }
    my $text = join "\n", $body, @failed, @other;
    for (@PHRASES) {
        my ($phrase, $result) = @$_;
        return ($result // $1, $answer) if $text =~ $phrase;
    }
    return ($CURL{$curl} // 'unreachable', $answer) if $curl;
    if (!$code) {
        return ('timeout', $answer) if $answer =~ /timed out|timeout/i;
        return ($answer =~ /SSL|certificate/ ? 'tls' : 'unreachable', $answer);
    }
    return ('busy', $answer) if $code =~ /^(?:429|5)/;
    return ('badauth', $answer) if $code =~ /^40[13]/;
    return ('refused', $answer) if $code =~ /^4/;
    return ('garbage', $answer);
}

# What ddclient noted of a name: "key=value,key=value name".
sub cached {
    my ($told) = @_;
    for (split /\n/, slurp(CACHE) // '') {
        return $1 =~ /([\w-]+)=([^,]*)/g if /^(\S+) \Q$told\E$/;
    }
    return ();
}

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
                last if $found{$family} || $stopping;
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
    my $text = run_program($input, 'curl', @words, "--$family") // 'no answer';
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

# Everything that a program prints, or nothing when it takes too long.
sub run_program {
    my ($input, @words) = @_;
    pipe my $from, my $out or die "pipe: $!\n";
    pipe my $in, my $to or die "pipe: $!\n";
    my $late;
    $child = fork // die "fork: $!\n";
    if (!$child) {
        setpgrp;
        open STDIN, '<&', $in;
        open STDOUT, '>&', $out;
        open STDERR, '>&', $out;
        close $_ for $from, $to;
        exec @words or print "$words[0]: $!\n";
        exit 127;
    }
    close $_ for $out, $in;
    local $SIG{PIPE} = 'IGNORE';
    local $SIG{ALRM} = sub { $late = 1; kill 'KILL', -$child };
    alarm PATIENCE;
    print {$to} $input;
    close $to;
    my $output = do { local $/; <$from> } // '';
    waitpid $child, 0;
    alarm 0;
    undef $child;
    return $late ? undef : $output;
}

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

sub healthy {
    my $state = read_state();
    my $configuration = configuration();
    my $too_long = TOO_MANY * $configuration->{interval};
    my $silence = time - ($state->{last_run} // 0);
    my @problems;
    if (!$state->{last_run}) {
        push @problems, 'your address was not looked up yet';
    } elsif ($silence > $too_long + 2 * PATIENCE) {
        push @problems, 'your address was last looked up ' . span($silence) . ' ago';
    }
    for my $name (@problems ? () : @{$configuration->{names}}) {
        my $host = $state->{hosts}{$name};
        if (!$host || $host->{configuration} ne $configuration->{sections}{$name}) {
            push @problems, "$name: not tried yet";
        } elsif ($host->{result} ne 'good') {
            my $for_you = $RESULTS{$host->{result}}[0] eq 'person';
            my $since = time - ($host->{in_order} // 0);
            push @problems, "$name: " . in_words($host) if $for_you || $since > $too_long;
        }
    }
    print map { "$_\n" } @problems ? @problems : 'ok';
    return @problems ? 1 : 0;
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

sub slurp {
    my ($path) = @_;
    open my $file, '<', $path or return;
    local $/;
    return scalar <$file>;
}
