package dev.handover.spring;

import dev.handover.Registration;
import dev.handover.Role;
import dev.handover.leadership.Leadership;
import dev.handover.leadership.LeadershipSource;
import dev.handover.replication.Consistency;
import dev.handover.replication.GroupStatus;
import dev.handover.replication.ReplicatedLog;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who leads a group, by its log. What is said without asking anybody ({@link #current()}, and {@code isValid()} of what it gives) is what this replica has heard: one that is cut off goes on believing until it hears of
 * its successor. {@link #confirmed} asks; what it finds was true while it asked, so that the epoch must protect what comes after.
 */
final class GroupLeadership implements LeadershipSource {
    private static final Logger LOG = LoggerFactory.getLogger(GroupLeadership.class);

    private final ReplicatedLog log;

    GroupLeadership(ReplicatedLog log) {
        this.log = log;
    }

    @Override
    public Leadership current() {
        return of(log.status());
    }

    @Override
    public Registration listen(Consumer<? super Leadership> listener) {
        return log.onStatus(status -> listener.accept(of(status)));
    }

    /**
     * This leadership, if the in-sync replicas say so now: a linearizable read that began and ended while this replica led the same epoch. Blocks for one exchange of messages.
     *
     * @return null if it does not lead, or nobody confirmed it in time
     */
    Leadership.@Nullable Leading confirmed(Duration timeout) {
        if (of(log.status()) instanceof Leadership.Leading leading) {
            try {
                log.read(Consistency.LINEARIZABLE, () -> true).get(timeout.toNanos(), TimeUnit.NANOSECONDS);
                return leading.isValid() ? leading : null;
            } catch (ExecutionException | TimeoutException e) {
                LOG.debug("{}: the leadership of epoch {} was not confirmed", log.group(), leading.epoch(), e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return null;
    }

    private Leadership of(GroupStatus status) {
        if (status.role() == Role.LEADER) {
            long epoch = status.epoch();
            return new Leadership.Leading(epoch, () -> leads(epoch));
        }
        if (status.leader() == null || status.leader().equals(status.self().node())) {
            return new Leadership.Unsure(
                    Instant.now(), log.group() + ": " + status.role() + " in epoch " + status.epoch());
        }
        return new Leadership.Following(status.leader().value(), status.epoch());
    }

    private boolean leads(long epoch) {
        GroupStatus now = log.status();
        return now.role() == Role.LEADER && now.epoch() == epoch;
    }
}
