# What is remembered: state.json. Times there are seconds since 1970, UTC.

package Memory;
use strict;
use warnings;
use Configuration qw(slurp);
use Exporter 'import';
use JSON::PP;
use Scalar::Util qw(looks_like_number);
use Schedule qw(LONGEST);

our @EXPORT_OK = qw(read_state latest_state write_state move_times);

use constant STATE => '/var/lib/nvrstack/state.json';
# Where it is kept until there is room: this ends with the container.
use constant SPARE => '/tmp/state.json';
# So far may a clock be set back in passing, in seconds.
use constant TOLERANCE => 60;

my @TIMES = qw(last_attempt last_success in_order next_attempt);

# A file that was damaged costs one update more, which does no harm. So do times that are yet to
# come: the clock was wrong when they were written, or is so now.
sub read_state {
    my $state = latest_state();
    my $hosts = $state->{hosts};
    for my $host (values %$hosts) {
        my $future = grep { $_ > time + TOLERANCE } map { $_ // 0 } @$host{qw(last_attempt in_order)};
        my $wait = ($host->{next_attempt} // 0) - time;
        $host->{next_attempt} = 0 if $future || $wait > LONGEST + TOLERANCE;
        delete $host->{name_servers} if $future;
        $host->{last_success} = 0 if ($host->{last_success} // 0) > time + TOLERANCE;
    }
    return $state;
}

# What was written last, wherever that was.
sub latest_state {
    for my $path (SPARE, STATE) {
        my $state = eval { decode_json(slurp($path) // '') };
        next unless ref $state eq 'HASH' && ($state->{schema} // 0) eq '1';
        next unless ref $state->{hosts} eq 'HASH';
        my $hosts = $state->{hosts};
        delete @$hosts{grep { !is_sound($hosts->{$_}) } keys %$hosts};
        return $state;
    }
    return {hosts => {}};
}

sub is_sound {
    my ($host) = @_;
    return 0 unless ref $host eq 'HASH' && ref($host->{addresses} // {}) eq 'HASH';
    my $servers = $host->{name_servers} // {map { $_ => 0 } qw(since next failures)};
    return 0 unless ref $servers eq 'HASH';
    return 0 if grep { !looks_like_number($_ // '') } @$servers{qw(since next failures)};
    return !grep { defined && !looks_like_number($_) } @$host{@TIMES};
}

# A full disk must end nothing: what cannot be kept for good is kept for as long as this container
# runs. The sentence about it, if so.
sub write_state {
    my ($state) = @_;
    my $problem = written(STATE, $state);
    if (!$problem) {
        unlink SPARE;
        return;
    }
    written(SPARE, {%$state, unsaved => $problem});
    return $problem;
}

sub written {
    my ($path, $state) = @_;
    my $text = JSON::PP->new->canonical->pretty->utf8->encode($state);
    my $new = "$path.new";
    open my $file, '>', $new or return "$path: $!";
    return "$path: $!" unless print({$file} $text) && close($file) && rename $new, $path;
    return;
}

# The clock was set: what was noted by it moves along.
sub move_times {
    my ($state, $seconds) = @_;
    for my $host (values %{$state->{hosts}}) {
        $_ and $_ += $seconds for @$host{@TIMES};
        my $servers = $host->{name_servers} or next;
        $_ += $seconds for @$servers{qw(since next)};
    }
    $_ and $_ += $seconds for $state->{last_run}, values %{$state->{missing}};
}

1;
