# Lets ddclient speak to the provider.

package Update;
use strict;
use warnings;
use Answers qw(CACHE verdict);
use Configuration qw(CONFIG);
use Exporter 'import';
use Program qw(output_of);

our @EXPORT_OK = qw(update);

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
    my $output = output_of('', 'ddclient', @words, qw(-force -verbose -debug));
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

1;
