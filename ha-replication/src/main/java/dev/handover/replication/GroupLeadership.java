package dev.handover.replication;

import dev.handover.Registration;
import dev.handover.Role;
import dev.handover.leadership.LeaderTask;
import dev.handover.leadership.LeaderTaskRunner;
import dev.handover.leadership.Leadership;
import dev.handover.leadership.LeadershipSource;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The leadership of a group as an application's leadership: where there is a log, its leader is the leader, and no election beside it ({@link ReplicatedLog#leadership}).
 *
 * <p>{@link Leadership.Leading#isValid()} asks each time. It is a linearizable read (R16): every other in-sync replica confirms this leader, in its exact epoch, after the question; with
 * {@link HaNode.Builder#readLeases} the lease answers, without a message. So a leader that was paused, or is cut off, says no, whatever it remembers. It takes as long as such a read, a second at
 * most, after which it says no; so it is not to be called on the node's own threads: in a state machine, in a listener of the node, or in a dependent stage of one of its futures.
 *
 * <p>{@link #listen} and {@link #runWhileLeading} have the leadership confirmed all the time, eight times per failure time-out, and call it {@link Leadership.Unsure} when the newest confirmation is older than half of
 * one. Replicas suspect a silent leader after a whole one, so that a task has the other half to end. Evidence that the process has died (refused connections), a transfer and an operator do not wait for that: what must not happen
 * twice carries the epoch to a resource that refuses lower ones ({@code dev.handover.fencing}). A group with a listener never rests (R21).
 *
 * <p>Methods may be called from any thread. A registration that is closed ends the thread it was served by; closing twice is fine.
 */
public final class GroupLeadership implements LeadershipSource {
    private static final Logger LOG = LoggerFactory.getLogger(GroupLeadership.class);
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private final ReplicatedLog log;
    private final Duration belief;

    /** A belief of so long after the last confirmation. */
    GroupLeadership(ReplicatedLog log, Duration belief) {
        this.log = log;
        this.belief = belief;
    }

    /** What this replica has heard. Asks nobody; {@link Leadership.Leading#isValid()} of it does. */
    @Override
    public Leadership current() {
        return of(log.status());
    }

    /**
     * This leadership if it is confirmed now. Blocks for one exchange of messages, or for none with leases.
     *
     * @return null if this replica does not lead, or nobody confirmed it in time
     */
    public Leadership.@Nullable Leading confirmed(Duration timeout) {
        return current() instanceof Leadership.Leading leading && confirms(leading.epoch(), timeout) ? leading : null;
    }

    /** Tells what is confirmed, on a thread of its own for each listener. */
    @Override
    public Registration listen(Consumer<? super Leadership> listener) {
        LeadershipWatch watch = new LeadershipWatch(this, log, belief, listener);
        watch.start();
        return watch;
    }

    /**
     * Runs the task while this replica leads: on a thread of its own, interrupted when the leadership has ended or was not confirmed for half a failure time-out. See {@link LeaderTaskRunner} for what happens when it throws.
     * Close the registration before you transfer or leave, and the next leader's task begins after this one has ended.
     *
     * @return ends the task and waits for it
     */
    public Registration runWhileLeading(LeaderTask task) {
        return new LeaderTaskRunner("handover-" + log.group() + "-task", this, task)::close;
    }

    @Override
    public String toString() {
        return "GroupLeadership[" + log.group() + ", " + current() + "]";
    }

    /** A linearizable read that begins and ends while this replica leads that epoch. */
    CompletableFuture<Boolean> ask(long epoch) {
        return leads(epoch)
                ? log.read(Consistency.LINEARIZABLE, () -> true).thenApply(done -> leads(epoch))
                : CompletableFuture.completedFuture(false);
    }

    private boolean confirms(long epoch, Duration timeout) {
        CompletableFuture<Boolean> answer = ask(epoch);
        try {
            return answer.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException | TimeoutException e) {
            LOG.debug("{}: the leadership of epoch {} was not confirmed", log.group(), epoch, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return false;
    }

    private boolean leads(long epoch) {
        GroupStatus now = log.status();
        return now.role() == Role.LEADER && now.epoch() == epoch;
    }

    Leadership of(GroupStatus status) {
        if (status.role() == Role.LEADER) {
            long epoch = status.epoch();
            return new Leadership.Leading(epoch, () -> confirms(epoch, PATIENCE));
        }
        if (status.leader() == null || status.leader().equals(status.self().node())) {
            return new Leadership.Unsure(
                    Instant.now(), log.group() + ": " + status.role() + " in epoch " + status.epoch());
        }
        return new Leadership.Following(status.leader().value(), status.epoch());
    }
}
