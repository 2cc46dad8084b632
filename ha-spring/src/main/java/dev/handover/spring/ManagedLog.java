package dev.handover.spring;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.NotLeaderException;
import dev.handover.Registration;
import dev.handover.ReplicaClosedException;
import dev.handover.ReplicaId;
import dev.handover.Role;
import dev.handover.replication.CommandCallback;
import dev.handover.replication.Consistency;
import dev.handover.replication.GroupLeadership;
import dev.handover.replication.GroupStatus;
import dev.handover.replication.HaNode;
import dev.handover.replication.LogPosition;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.Session;
import dev.handover.replication.SnapshotStatus;
import dev.handover.replication.StateMachine;
import dev.handover.replication.TransferResult;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The log of a group that is joined later than the bean is made: when the application is ready ({@link HandoverLifecycle}). What is asked before then waits for
 * it, at most for the command time-out, and is surely not applied if that was too short.
 */
final class ManagedLog implements ReplicatedLog {
    private static final UUID NO_LOG = new UUID(0, 0);

    private final GroupId group;
    private final StateMachine stateMachine;
    private final HaNode node;
    private final Duration commandTimeout;
    private final LogObservations observations;
    private final CompletableFuture<ReplicatedLog> joined = new CompletableFuture<>();
    private final AtomicBoolean joining = new AtomicBoolean();

    ManagedLog(
            String group,
            StateMachine stateMachine,
            HaNode node,
            HandoverProperties properties,
            LogObservations observations) {
        this.group = GroupId.of(group);
        this.stateMachine = stateMachine;
        this.node = node;
        this.commandTimeout = properties.commandTimeoutOrDefault();
        this.observations = observations;
    }

    /** Joins, unless it has. Opens and verifies the log on the disk before it returns. */
    void join() {
        if (joining.compareAndSet(false, true)) {
            try {
                joined.complete(node.join(group, observations.stateMachine(group, stateMachine)));
            } catch (UncheckedIOException e) {
                throw new InvalidPropertyException(
                        "handover.data-directory",
                        e,
                        "If that does not say what to do: give each process a directory of its own, on a disk that it can write to.");
            }
        }
    }

    /** The log as the node gave it; null before it has joined. */
    @Nullable
    ReplicatedLog joined() {
        return joined.isDone() && !joined.isCompletedExceptionally() ? joined.join() : null;
    }

    /** As this node joins with it. */
    StateMachine observed(StateMachine machine) {
        return observations.stateMachine(group, machine);
    }

    StateMachine stateMachine() {
        return stateMachine;
    }

    private <T> CompletableFuture<T> with(Function<ReplicatedLog, CompletableFuture<T>> call) {
        ReplicatedLog log = joined();
        return log != null ? call.apply(log) : later(commandTimeout, call);
    }

    private <T> CompletableFuture<T> later(Duration timeout, Function<ReplicatedLog, CompletableFuture<T>> call) {
        CompletableFuture<ReplicatedLog> waiting = joined.copy();
        CompletableFuture.delayedExecutor(timeout.toNanos(), TimeUnit.NANOSECONDS)
                .execute(() -> waiting.completeExceptionally(new NotLeaderException("group " + group
                        + " was not joined within "
                        + timeout + ": it is when the application is ready (handover.join). Who needs it earlier, in an"
                        + " ApplicationRunner say, sets handover.join=start")));
        return waiting.thenCompose(call);
    }

    @Override
    public GroupId group() {
        return group;
    }

    @Override
    public CompletableFuture<byte[]> submit(byte[] command) {
        return observations.submit(this, command, wrapped -> with(log -> log.submit(wrapped)));
    }

    /** With what is observed of it, which needs an array and a future. */
    @Override
    public void submit(ByteBuffer command, CommandCallback callback) {
        ReplicatedLog.super.submit(command, callback);
    }

    @Override
    public CompletableFuture<byte[]> query(byte[] query) {
        return query(query, Consistency.LINEARIZABLE);
    }

    @Override
    public CompletableFuture<byte[]> query(byte[] query, Consistency consistency) {
        return observations.read(this, () -> with(log -> log.query(query, consistency)));
    }

    @Override
    public <T> CompletableFuture<T> read(Consistency consistency, Supplier<T> reader) {
        return observations.read(this, () -> with(log -> log.read(consistency, reader)));
    }

    @Override
    public CompletableFuture<byte[]> query(byte[] query, Duration maxStaleness) {
        return observations.read(this, () -> with(log -> log.query(query, maxStaleness)));
    }

    @Override
    public <T> CompletableFuture<T> read(Duration maxStaleness, Supplier<T> reader) {
        return observations.read(this, () -> with(log -> log.read(maxStaleness, reader)));
    }

    @Override
    public CompletableFuture<byte[]> query(byte[] query, LogPosition after) {
        return observations.read(this, () -> with(log -> log.query(query, after)));
    }

    @Override
    public <T> CompletableFuture<T> read(LogPosition after, Supplier<T> reader) {
        return observations.read(this, () -> with(log -> log.read(after, reader)));
    }

    @Override
    public CompletableFuture<Session> openSession() {
        return with(ReplicatedLog::openSession).thenApply(session -> observations.session(this, session));
    }

    @Override
    public CompletableFuture<Long> snapshot() {
        return with(ReplicatedLog::snapshot);
    }

    /** Before it has joined: recovering, and nothing known. */
    @Override
    public GroupStatus status() {
        ReplicatedLog log = joined();
        return log != null
                ? log.status()
                : new GroupStatus(
                        new ReplicaId(node.id(), NO_LOG),
                        Role.RECOVERING,
                        0,
                        null,
                        null,
                        0,
                        0,
                        0,
                        null,
                        List.of(),
                        SnapshotStatus.NONE,
                        null);
    }

    @Override
    public Registration onStatus(Consumer<GroupStatus> listener) {
        ReplicatedLog log = joined();
        return log != null ? log.onStatus(listener) : new LaterRegistration(listener);
    }

    /** Before it has joined, that of the log which it will be; it does not lead then. */
    @Override
    public GroupLeadership leadership() {
        ReplicatedLog log = joined();
        return log != null ? log.leadership() : ReplicatedLog.super.leadership();
    }

    @Override
    public CompletableFuture<GroupStatus> awaitInSync(Duration timeout) {
        ReplicatedLog log = joined();
        return log != null ? log.awaitInSync(timeout) : later(timeout, it -> it.awaitInSync(timeout));
    }

    @Override
    public CompletableFuture<GroupStatus> awaitLeader(Duration timeout) {
        ReplicatedLog log = joined();
        return log != null ? log.awaitLeader(timeout) : later(timeout, it -> it.awaitLeader(timeout));
    }

    @Override
    public CompletableFuture<TransferResult> transferTo(NodeId target) {
        return with(log -> log.transferTo(target));
    }

    @Override
    public CompletableFuture<TransferResult> handOver() {
        return with(ReplicatedLog::handOver);
    }

    @Override
    public CompletableFuture<GroupStatus> removeMember(NodeId member) {
        return with(log -> log.removeMember(member));
    }

    @Override
    public CompletableFuture<GroupStatus> admitMember(NodeId member) {
        return with(log -> log.admitMember(member));
    }

    @Override
    public void close() {
        if (joining.compareAndSet(false, true)) {
            joined.completeExceptionally(new ReplicaClosedException("group " + group + " was never joined by "
                    + node.id() + ": the application has ended before; use another instance"));
        }
        ReplicatedLog log = joined();
        if (log != null) {
            log.close();
        }
    }

    @Override
    public String toString() {
        ReplicatedLog log = joined();
        return log != null ? log.toString() : group + "@" + node.id() + " not joined yet";
    }

    /** Listens as soon as the group is joined, if it is not closed by then. */
    private final class LaterRegistration implements Registration {
        private @Nullable Registration registration;
        private boolean closed;

        LaterRegistration(Consumer<GroupStatus> listener) {
            joined.thenAccept(log -> begin(log, listener));
        }

        private synchronized void begin(ReplicatedLog log, Consumer<GroupStatus> listener) {
            if (!closed) {
                registration = log.onStatus(listener);
            }
        }

        @Override
        public synchronized void close() {
            closed = true;
            if (registration != null) {
                registration.close();
            }
        }
    }
}
