#!/usr/bin/env perl
# scenarios.pl list | PORT NAME: what Perl's Gearman::Client and Gearman::Worker may expect.
use strict;
use warnings;

use Gearman::Client;
use Gearman::Worker;
use IO::Socket::INET;
use POSIX ();
use Storable ();

my ($port, $wanted) = @ARGV;

sub fail {
    my ($what) = @_;
    my (undef, $file, $line) = caller(1);
    print STDERR "$file:$line: $what\n";
    POSIX::_exit(1);
}

sub is {
    my ($got, $wanted) = map { $_ // 'undef' } @_;
    fail("'$got' is not '$wanted'") unless $got eq $wanted;
}

sub client { return Gearman::Client->new(job_servers => ["127.0.0.1:$port"], @_) }

# A worker in a process of its own that does these functions until it is ended from outside.
sub start_worker {
    my (%functions) = @_;
    my $pid = fork() // die "fork: $!";
    return $pid if $pid;

    my $worker = Gearman::Worker->new(job_servers => ["127.0.0.1:$port"]);
    while (my ($name, $work) = each %functions) {
        $worker->register_function($name => sub { $work->($_[0], $worker) });
    }
    open(STDERR, '>', '/dev/null');    # the library warns of each handler that dies
    $worker->work while 1;
}

# A worker that the scenario leads step by step: frames of its own on a plain connection.
package Steps;

my %number = (can_do => 1, grab_job => 9, work_status => 12, work_complete => 13, echo_req => 16);

sub new {
    my ($class, $function) = @_;
    my $self = bless { socket => IO::Socket::INET->new("127.0.0.1:$port") }, $class;
    return $self->tell('can_do', $function);
}

sub tell {
    my ($self, $type, @arguments) = @_;
    my $body = join("\0", @arguments);
    print { $self->{socket} } pack('a4NN', "\0REQ", $number{$type}, length $body), $body;
    $self->{socket}->flush;
    return $self;
}

sub hear {
    my ($self) = @_;
    $self->{socket}->read(my $head, 12);
    my (undef, $type, $size) = unpack('a4NN', $head);
    my $body = '';
    $self->{socket}->read($body, $size) if $size;
    return ($type, split(/\0/, $body));
}

# The server has judged all that was told.
sub settle { my ($self) = @_; $self->tell('echo_req', 'x'); $self->hear; return }

# Takes the task that is there; its handle.
sub grab { my ($self) = @_; $self->tell('grab_job'); return ($self->hear)[1] }

package main;

my %scenarios = (
    a_task_has_a_result => sub {
        start_worker(sum => sub { my $sum = 0; $sum += $_ for split / /, $_[0]->arg; $sum });
        is(${ client()->do_task(sum => '1 2 39') }, 42);
    },

    every_priority_is_answered => sub {
        start_worker(echo => sub { $_[0]->arg });
        for my $priority (qw(high normal low)) {
            is(${ client()->do_task(echo => $priority, { priority => $priority }) }, $priority);
        }
    },

    high_priority_goes_first => sub {
        my $client = client();
        my $order  = '';
        my $set    = $client->new_task_set;
        for my $priority (qw(low normal high)) {
            $set->add_task(echo => $priority,
                { priority => $priority, on_complete => sub { $order .= "${$_[0]} " } });
        }
        start_worker(echo => sub { $_[0]->arg });
        $set->wait(timeout => 30);
        is($order, 'high normal low ');
    },

    # The worker of Gearman::Worker leaves the NUL out before such a result.
    an_empty_result_and_a_zero_are_results => sub {
        start_worker(empty => sub { '' }, zero => sub { '0' });
        my $result = client()->do_task(empty => 'x');
        is(ref $result, 'SCALAR');
        is($$result, '');
        # '0' is false in Perl: the worker sends nothing of it.
        is(${ client()->do_task(zero => 'x') }, '');
    },

    a_large_payload_comes_back_whole => sub {
        start_worker(echo => sub { $_[0]->arg });
        my $data = join('', map { chr($_ % 256) } 1 .. 500_000);
        is(${ client()->do_task(echo => \$data) } eq $data, 1);
    },

    a_task_set_is_done_by_several_workers => sub {
        my $set = client()->new_task_set;
        my %got;
        start_worker(double => sub { 2 * $_[0]->arg }) for 1 .. 3;
        for my $number (1 .. 100) {
            $set->add_task(double => $number,
                { on_complete => sub { $got{$number} = ${ $_[0] } } });
        }
        $set->wait(timeout => 30);
        is(scalar(keys %got), 100);
        is($got{$_}, 2 * $_) for 1 .. 100;
    },

    a_background_task_has_a_status_until_it_is_finished => sub {
        my $client = client();
        my $worker = Steps->new('slow');
        my $handle = $client->dispatch_background(slow => 'x');
        my $status = $client->get_status($handle);
        is(join(' ', $status->known, $status->running), '1 0');
        my $short = $worker->grab;
        is($handle, "127.0.0.1:$port//$short");
        $worker->tell('work_status', $short, 1, 4)->settle;
        $status = $client->get_status($handle);
        is(join(' ', $status->known, $status->running, $status->percent), '1 1 0.25');
        $worker->tell('work_complete', $short, 'done')->settle;
        $status = $client->get_status($handle);
        is(join(' ', $status->known, $status->running), '0 0');
    },

    # Both are on one connection: each has its own copy of what the worker says.
    one_unique_id_is_one_task => sub {
        my $set = client()->new_task_set;
        my @results;
        my @handles = map {
            $set->add_task(count => "from $_",
                { uniq => 'same', on_complete => sub { push @results, ${ $_[0] } } })
        } 1 .. 2;
        is($handles[1], $handles[0]);
        start_worker(count => sub { $_[0]->arg });
        $set->wait(timeout => 30);
        is("@results", 'from 1 from 1');
    },

    a_hyphen_makes_equal_payloads_one_task => sub {
        my $set = client()->new_task_set;
        my @results;
        my @handles = map {
            $set->add_task(echo => $_,
                { uniq => '-', on_complete => sub { push @results, ${ $_[0] } } })
        } qw(equal equal other);
        is($handles[1], $handles[0]);
        is($handles[2] ne $handles[0], 1);
        start_worker(echo => sub { $_[0]->arg });
        $set->wait(timeout => 30);
        is("@results", 'equal equal other');
    },

    a_worker_says_how_far_it_is => sub {
        my $heard = '';
        start_worker(slow => sub {
            my ($job, $worker) = @_;
            $job->set_status(1, 2);
            $worker->send_work_data($job, 'piece');
            $worker->send_work_warning($job, 'careful');
            $job->set_status(2, 2);
            return 'done';
        });
        my $result = client()->do_task(slow => 'x', {
            on_status  => sub { $heard .= "$_[0]/$_[1] " },
            on_data    => sub { $heard .= "data:${$_[0]} " },
            on_warning => sub { $heard .= "warning:${$_[0]} " },
        });
        is($$result, 'done');
        is($heard, '1/2 data:piece warning:careful 2/2 ');
    },

    a_failure_is_told_once => sub {
        my $failed = 0;
        start_worker(fail => sub { undef });
        my $result = client()->do_task(fail => 'x', { on_fail => sub { $failed++ } });
        is($result, undef);
        is($failed, 1);
    },

    a_failed_task_can_be_tried_again => sub {
        my $tries = 0;
        my $retried = '';
        start_worker(third => sub { ++$tries < 3 ? undef : "try $tries" });
        my $result = client()->do_task(third => 'x',
            { retry_count => 5, on_retry => sub { $retried .= "$_[0] " } });
        is($$result, 'try 3');
        is($retried, '1 2 ');
    },

    # The worker of Gearman::Worker sends WORK_FAIL after its WORK_EXCEPTION, and has to live on.
    a_handler_that_dies_is_an_exception => sub {
        my ($exception, $failed) = ('', 0);
        start_worker(die => sub { die "broken\n" }, echo => sub { $_[0]->arg });
        my $client = client(exceptions => 1);
        my $set    = $client->new_task_set;
        $set->add_task(die => 'x', {
            on_exception => sub { $exception = ${ Storable::thaw($_[0]) } },
            on_fail      => sub { $failed++ },
        });
        $set->wait(timeout => 30);
        is($exception, "broken\n");
        is($failed, 0);
        is(${ $client->do_task(echo => 'alive') }, 'alive');
    },

    a_handler_that_dies_is_a_failure_to_others => sub {
        my $failed = 0;
        start_worker(die => sub { die "broken\n" }, echo => sub { $_[0]->arg });
        my $client = client();
        is($client->do_task(die => 'x', { on_fail => sub { $failed++ }, timeout => 10 }), undef);
        is($failed, 1);
        is(${ $client->do_task(echo => 'alive') }, 'alive');
    },

    an_exception_can_be_sent_by_hand => sub {
        my $exception = '';
        start_worker(raise => sub {
            my ($job, $worker) = @_;
            $worker->send_work_exception($job, 'by hand');
            return;
        });
        my $set = client(exceptions => 1)->new_task_set;
        $set->add_task(raise => 'x', { on_exception => sub { $exception = $_[0] } });
        $set->wait(timeout => 30);
        is($exception, 'by hand');
    },

    a_client_gives_up_after_its_timeout => sub {
        my $client = client();
        my $failed = 0;
        my $result = $client->do_task(nobody => 'x',
            { timeout => 0.1, on_fail => sub { $failed++ } });
        is($result, undef);
        is($failed, 1);
    },

    # The prefix is joined with a TAB.
    a_prefix_is_a_part_of_the_name => sub {
        my $pid = fork() // die "fork: $!";
        if (!$pid) {
            my $worker = Gearman::Worker->new(job_servers => ["127.0.0.1:$port"], prefix => 'team');
            $worker->register_function(echo => sub { $_[0]->arg });
            $worker->work while 1;
        }
        is(${ client(prefix => 'team')->do_task(echo => 'inside') }, 'inside');
        is(${ client()->do_task("team\techo" => 'outside') }, 'outside');
    },

    a_slow_workers_task_goes_to_the_next => sub {
        my $client = client();
        my $result = '';
        my $set    = $client->new_task_set;
        $set->add_task(slow => 'x', { on_complete => sub { $result = ${ $_[0] } } });
        pipe(my $begun, my $begin) or die "pipe: $!";
        my $pid = fork() // die "fork: $!";
        if (!$pid) {
            my $worker = Gearman::Worker->new(job_servers => ["127.0.0.1:$port"]);
            $worker->register_function(slow => 1, sub { syswrite($begin, 'x'); POSIX::pause() });
            $worker->work while 1;
        }
        sysread($begun, my $byte, 1);
        start_worker(slow => sub { 'by the next' });
        $set->wait(timeout => 30);
        is($result, 'by the next');
    },

    the_status_of_the_server_can_be_read => sub {
        my $client = client();
        my $worker = Steps->new('f');
        $client->dispatch_background(f => $_) for 1 .. 3;
        $worker->grab;
        my ($status) = values %{ $client->get_job_server_status };
        is(join(' ', @{ $status->{f} }{qw(queued running capable)}), '3 1 1');
    },

    # Commands of another server: an error, and the client goes on.
    unknown_commands_are_answered => sub {
        my $client = client();
        is(scalar(keys %{ $client->get_job_server_jobs }),    0);
        is(scalar(keys %{ $client->get_job_server_clients }), 0);
        start_worker(echo => sub { $_[0]->arg });
        is(${ $client->do_task(echo => 'alive') }, 'alive');
    },

    a_withdrawn_function_is_left_to_others => sub {
        my $worker = Gearman::Worker->new(job_servers => ["127.0.0.1:$port"]);
        my $client = client();
        my $workers = sub {
            my ($status) = values %{ $client->get_job_server_status };
            return join(' ', map { "$_:$status->{$_}{capable}" } sort keys %$status);
        };
        my $settle = sub {
            Gearman::Util::send_req($_[0], \Gearman::Util::pack_req_command('echo_req'));
            Gearman::Util::read_res_packet($_[0]);
        };
        $worker->register_function($_ => sub { 'done' }) for qw(a b c);
        my $socket = $worker->_get_js_sock("127.0.0.1:$port");
        $settle->($socket);
        is($workers->(), 'a:1 b:1 c:1');
        $worker->unregister_function('b');
        $settle->($socket);
        is($workers->(), 'a:1 b:0 c:1');
        $worker->reset_abilities;
        $settle->($socket);
        is($workers->(), 'a:0 b:0 c:0');
    },
);

if ($port eq 'list') {
    print "$_\n" for sort keys %scenarios;
}
else {
    ($scenarios{$wanted} // sub { fail("no scenario $wanted") })->();
    POSIX::_exit(0);    # without waiting for the workers, or running their ends
}
