# How long is waited for what, in seconds, and by which clock.

package Schedule;
use strict;
use warnings;
use Exporter 'import';
use Time::HiRes qw(clock_gettime);

our @EXPORT_OK = qw(TICK PATIENCE NO_ADDRESS LONGEST REFRESH ASK_AGAIN LONGEST_ASK PUBLISHING hold_off growing
    uptime);

use constant TICK => 5;
# The longest that a program may run.
use constant PATIENCE => 90;
use constant NO_ADDRESS => 30;
# After a refusal that only a person can mend: 1 h, 3 h, 7 h, 15 h, and then once a day.
use constant PERSON => 3600;
use constant LONGEST => 86400;
# After one that time mends: 30 min, 90 min, and then every two hours.
use constant BUSY => 1800;
use constant LONGEST_BUSY => 7200;
# Without an answer: after one interval, two, four, and then once an hour.
use constant LONGEST_NETWORK => 3600;
# Providers delete names of which they have not heard for a month.
use constant REFRESH => 25 * 86400;

# Until a name's own servers say what the provider was told: after 30 s, 90 s, 3.5 min, 7.5 min, and
# so on; once an hour in the end, and also when they agree.
use constant ASK_AGAIN => 30;
use constant LONGEST_ASK => 3600;
# For so long a provider may take to tell them.
use constant PUBLISHING => 3600;

# Until the next attempt, after so many that failed for want of a person, of patience or of a network.
sub hold_off {
    my ($cause, $failures, $interval) = @_;
    my %waits = (
        person => [PERSON, LONGEST],
        busy => [BUSY, LONGEST_BUSY],
        network => [$interval, LONGEST_NETWORK],
    );
    my ($first, $longest) = @{$waits{$cause}};
    return growing($first, $failures, $longest);
}

# Twice as long each time.
sub growing {
    my ($first, $times, $longest) = @_;
    my $wait = $first * 2**($times > 20 ? 20 : $times - 1);
    return $wait < $longest ? $wait : $longest;
}

# Since the machine was started, asleep or not, whatever is done to its clock: CLOCK_BOOTTIME of
# clock_gettime(2).
sub uptime () {
    return clock_gettime(7);
}

1;
