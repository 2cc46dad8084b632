package dev.handover.replication;

import dev.handover.Configuration;
import dev.handover.HandoverException;
import dev.handover.NodeId;
import dev.handover.NotLeaderException;
import dev.handover.Role;
import dev.handover.replication.protocol.FollowerStatus;
import dev.handover.replication.protocol.ReplicaProtocol;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** What a replica shows of itself, and who waits for it to get somewhere. The waiting belongs to the loop, the rest to any thread. */
final class StatusBoard {
    /** What changes seldom. */
    record Standing(
            Role role,
            long epoch,
            @Nullable NodeId leader,
            @Nullable Configuration configuration,
            @Nullable String fault) {}

    /** Somebody waits for this replica to be in sync, or for a leader. */
    static final class Waiter extends Mailbox.Mail {
        final CompletableFuture<GroupStatus> future = new CompletableFuture<>();
        private final Replica replica;
        private final boolean inSync;
        private final Duration timeout;
        private final long deadlineNanos;
        private @Nullable ReadRequest<Boolean> question;

        Waiter(Replica replica, boolean inSync, Duration timeout) {
            this.replica = replica;
            this.inSync = inSync;
            this.timeout = timeout;
            this.deadlineNanos = System.nanoTime() + timeout.toNanos();
        }

        @Override
        void open() {
            replica.board().waiters.add(this);
            replica.arrivedAwaiter();
        }
    }

    private final Replica replica;
    private final List<Waiter> waiters = new ArrayList<>();
    private final SnapshotBoard snapshots = new SnapshotBoard();
    private volatile Standing standing = new Standing(Role.RECOVERING, 0, null, null, null);
    private final RedundancyWatch redundancy = new RedundancyWatch();
    private volatile List<FollowerStatus> followers = List.of();
    private long followersNanos = Long.MIN_VALUE / 2;
    private volatile long lastIndex;
    private volatile long commitIndex;

    StatusBoard(Replica replica) {
        this.replica = replica;
    }

    SnapshotBoard snapshots() {
        return snapshots;
    }

    Standing standing() {
        return standing;
    }

    void standing(Standing next) {
        standing = next;
    }

    RedundancyWatch redundancy() {
        return redundancy;
    }

    /** Looks at the others, once a heartbeat: it is for people. */
    void followers(ReplicaProtocol core, long nowNanos, long intervalNanos) {
        if (nowNanos - followersNanos >= intervalNanos) {
            followersNanos = nowNanos;
            followers = core.followers();
        }
    }

    void indexes(long last, long commit) {
        if (last != lastIndex) {
            lastIndex = last;
        }
        if (commit != commitIndex) {
            commitIndex = commit;
        }
    }

    GroupStatus status(long appliedIndex) {
        Standing now = standing;
        return new GroupStatus(
                replica.self(),
                now.role,
                now.epoch,
                now.leader,
                now.configuration,
                lastIndex,
                Math.max(commitIndex, appliedIndex),
                appliedIndex,
                redundancy.now(),
                now.role.leads() ? followers : List.of(),
                snapshots.status(),
                now.fault);
    }

    /** Nobody waits. */
    boolean isEmpty() {
        return waiters.isEmpty();
    }

    /** Looks who can be answered. Whether a leader serves, and what was committed, only a linearizable read can tell. */
    void check(long nowNanos) {
        for (Iterator<Waiter> i = waiters.iterator(); i.hasNext(); ) {
            Waiter waiter = i.next();
            ReadRequest<Boolean> question = waiter.question;
            if (question != null
                    && question.future.isDone()
                    && !question.future.isCompletedExceptionally()
                    && stands(waiter)) {
                replica.completions().complete(waiter.future, replica.status());
                i.remove();
            } else if (waiter.future.isDone()) {
                i.remove();
            } else if (nowNanos - waiter.deadlineNanos >= 0) {
                replica.completions()
                        .fail(
                                waiter.future,
                                new NotLeaderException(replica.label()
                                        + (waiter.inSync
                                                ? " is not in sync after "
                                                : " knows no leader that serves after ")
                                        + waiter.timeout + " (" + replica.situation() + ")"));
                i.remove();
            } else if (stands(waiter) && (question == null || question.future.isDone())) {
                waiter.question = replica.ask(waiter.inSync, waiter.deadlineNanos);
            }
        }
    }

    private boolean stands(Waiter waiter) {
        Standing now = standing;
        if (!waiter.inSync) {
            return now.leader != null;
        }
        boolean member = now.configuration != null && now.configuration.isInSync(replica.self());
        return member && (now.role == Role.FOLLOWER || now.role == Role.LEADER);
    }

    void end(HandoverException reason) {
        for (Waiter waiter : waiters) {
            replica.completions().fail(waiter.future, reason);
        }
        waiters.clear();
    }
}
