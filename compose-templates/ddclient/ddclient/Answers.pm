# What came of an update, from ddclient's words and the provider's.

package Answers;
use strict;
use warnings;
use Configuration qw(slurp);
use Exporter 'import';
use Schedule qw(PATIENCE);

our @EXPORT_OK = qw(CACHE %RESULTS %FOR_ALL verdict);

use constant CACHE => '/tmp/ddclient.cache';

# What may come of an update: who can mend it, and what it means. The first ten words are those of
# the dyndns2 protocol (https://help.dyn.com/remote-access-api/return-codes/), whose 911 asks for
# half an hour of patience.
our %RESULTS = (
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
    'denied' => ['person', 'the token is wrong, or the name is not in its account'],
    'busy' => ['busy', 'the provider asks for patience or is out of order'],
    'timeout' => ['network', 'the provider does not answer in time'],
    'tls' => ['network', 'the certificate or the encryption of the provider is not in order'],
    'unreachable' => ['network', 'the provider cannot be reached'],
    'garbage' => ['network', 'the answer is not one of this protocol'],
    'no-address' => ['network', 'your address cannot be found out'],
);

# After one of these the other names would fare the same, so that they are not even tried.
our %FOR_ALL = map { $_ => 1 } qw(badauth badagent 911 busy timeout tls unreachable garbage);

# What the providers without these words say, in ddclient's messages or by themselves.
my @PHRASES = (
    [qr/\b(badauth|badagent|notfqdn|nohost|numhost|abuse|dnserr)\b/],
    [qr/(!donator|!yours)\b/],
    [qr/^\s*(911)\b/m],
    [qr/not authenticate|authentication fail|Failed Login|Passwords? (?:do|is) not match/i, 'badauth'],
    [qr/NO_AUTH|NOACCESS|NOTAUTH|BADKEY|BADSIG|INVALID_API_KEY/, 'badauth'],
    [qr/no zone ID|no '\w+' record|no applicable .*records|no record,|record not Found/i, 'nohost'],
    [qr/Domain name not found|NOSERVICE|NOTZONE|NXDOMAIN|does not end with/i, 'nohost'],
    # All that Duck DNS says, of a name as well as of a token.
    [qr/^KO$/m, 'denied'],
    [qr/TOOSOON|TOO_FREQ|Too many requests/i, 'busy'],
    [qr/update failed: REFUSED/, 'refused'],
);

# curl's exit codes, as curl(1) lists them.
my %CURL = (28 => 'timeout', map { $_ => 'tls' } 35, 51, 53, 54, 58, 59, 60, 66, 77, 80, 83, 90, 91);

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
    # easyDNS puts it into HTML, which ddclient 4.0 does not read.
    my @words = join("\n", @failed) =~ /^\[easydns\].*?unexpected result: (?:<[^>]*>)*(\w+)/gm;
    return ('good', $answer) if @words && !grep { !/^(?:OK|NOERROR)$/ } @words;
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

1;
