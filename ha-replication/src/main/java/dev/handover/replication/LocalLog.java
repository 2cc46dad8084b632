package dev.handover.replication;

import dev.handover.GroupId;
import dev.handover.HandoverException;
import dev.handover.NodeId;
import dev.handover.OverloadedException;
import dev.handover.Registration;
import dev.handover.ReplicaClosedException;
import dev.handover.StaleReadException;
import dev.handover.replication.protocol.LogEntry;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The user's view of a {@link Replica}. */
final class LocalLog implements ReplicatedLog {
    private static final int MAX_SESSIONS = 4096;
    private static final Duration MAX_STALENESS = Duration.ofDays(30);

    private final NodeRuntime node;
    private final Replica replica;
    private final StateMachine stateMachine;
    private final long commandTimeoutNanos;
    private final AtomicInteger sessions = new AtomicInteger();

    LocalLog(NodeRuntime node, Replica replica, StateMachine stateMachine) {
        this.node = node;
        this.replica = replica;
        this.stateMachine = stateMachine;
        commandTimeoutNanos = node.options().commandTimeout().toNanos();
    }

    @Override
    public GroupId group() {
        return replica.group();
    }

    @Override
    public CompletableFuture<byte[]> submit(byte[] command) {
        return submit(command, replica.commands().own());
    }

    CompletableFuture<byte[]> submit(byte[] command, CallerSession session) {
        Submission.Future future = new Submission.Future();
        HandoverException refusal = enter(command.length);
        if (refusal == null) {
            Submission submission = newSubmission(session, future);
            submission.payload(command);
            refusal = post(submission);
        }
        if (refusal != null) {
            future.completeExceptionally(refusal);
        }
        return future;
    }

    @Override
    public void submit(ByteBuffer command, CommandCallback callback) {
        Objects.requireNonNull(callback, "callback");
        HandoverException refusal = enter(command.remaining());
        if (refusal == null) {
            Submission submission = newSubmission(replica.commands().own(), callback);
            replica.payloads().place(command, submission);
            refusal = post(submission);
        }
        if (refusal != null) {
            callback.ended(null, refusal);
        }
    }

    /** Whether a command of that length may come; why not, or null. */
    private @Nullable HandoverException enter(int bytes) {
        int limit = node.options().maxCommandBytes();
        if (bytes > limit) {
            throw new IllegalArgumentException(replica.label() + " a command of " + bytes
                    + " bytes is longer than maxCommandBytes, " + limit + "; send less, or raise it on every node");
        }
        HandoverException ended = replica.endReason();
        if (ended != null) {
            return ended;
        }
        return replica.admission().enter(bytes) ? null : overloaded("commands and reads are under way here");
    }

    private Submission newSubmission(CallerSession session, CommandCallback callback) {
        return new Submission(session, LogEntry.Kind.COMMAND, System.nanoTime() + commandTimeoutNanos, callback);
    }

    /** Whether the loop takes it; why not, or null. */
    private @Nullable HandoverException post(Submission submission) {
        if (!node.loop().postQuietly(submission)) {
            submission.leave();
            return closed();
        }
        if (!node.applier()
                .isCurrentThread()) { // else from a callback: the applier helps the loop when it is done with all of
            // them
            node.loop().stepSoon();
        }
        return null;
    }

    PayloadPool payloads() {
        return replica.payloads();
    }

    @Override
    public CompletableFuture<byte[]> query(byte[] query, Consistency consistency) {
        return read(consistency, () -> stateMachine.query(query));
    }

    @Override
    public CompletableFuture<byte[]> query(byte[] query, Duration maxStaleness) {
        return read(maxStaleness, () -> stateMachine.query(query));
    }

    @Override
    public CompletableFuture<byte[]> query(byte[] query, LogPosition after) {
        return read(after, () -> stateMachine.query(query));
    }

    @Override
    public <T> CompletableFuture<T> read(Consistency consistency, Supplier<T> reader) {
        return read(reader, read -> {
            if (consistency == Consistency.LOCAL) {
                node.applier().run(() -> replica.appliedState().read(0, read));
            } else if (!node.loop().post(read)) {
                read.fail(closed());
            }
        });
    }

    @Override
    public <T> CompletableFuture<T> read(Duration maxStaleness, Supplier<T> reader) {
        if (maxStaleness.isNegative() || maxStaleness.isZero() || maxStaleness.compareTo(MAX_STALENESS) > 0) {
            throw new IllegalArgumentException("maxStaleness " + maxStaleness + " is not above zero and at most "
                    + MAX_STALENESS + "; what must miss nothing reads LINEARIZABLE, what may be of any age LOCAL");
        }
        return read(reader, read -> node.applier()
                .run(() -> replica.appliedState().localReads().read(read, maxStaleness)));
    }

    @Override
    public <T> CompletableFuture<T> read(LogPosition after, Supplier<T> reader) {
        try {
            after.checkLineage(replica);
        } catch (StaleReadException e) {
            return CompletableFuture.failedFuture(e);
        }
        return readAfter(after.index(), reader);
    }

    private <T> CompletableFuture<T> readAfter(long index, Supplier<T> reader) {
        return read(reader, read -> node.applier()
                .run(() -> replica.appliedState().localReads().readAfter(index, read)));
    }

    /** A read that sees what the session has seen, which sees afterwards what the read has seen. */
    <T> CompletableFuture<T> read(CallerSession session, Supplier<T> reader) {
        Objects.requireNonNull(reader, "reader");
        return readAfter(session.knownIndex(), () -> {
            T result = reader.get();
            session.acknowledged(replica.appliedState().appliedIndex());
            return result;
        });
    }

    CompletableFuture<byte[]> query(CallerSession session, byte[] query) {
        return read(session, () -> stateMachine.query(query));
    }

    LogPosition position(CallerSession session) {
        UUID lineage = replica.lineage();
        long index = session.knownIndex();
        return lineage == null || index == 0 ? LogPosition.START : new LogPosition(lineage, index);
    }

    private <T> CompletableFuture<T> read(Supplier<T> reader, Consumer<ReadRequest<T>> begin) {
        Objects.requireNonNull(reader, "reader");
        HandoverException ended = replica.endReason();
        if (ended != null) {
            return CompletableFuture.failedFuture(ended);
        }
        ReadRequest<T> read = new ReadRequest<>(replica, System.nanoTime() + commandTimeoutNanos, true, reader);
        if (!read.enter(replica.admission())) {
            return CompletableFuture.failedFuture(overloaded("commands and reads are under way here"));
        }
        begin.accept(read);
        return read.future;
    }

    private OverloadedException overloaded(String what) {
        return new OverloadedException(
                replica.label() + " " + replica.admission().count() + " " + what + ", at most "
                        + replica.admission().maxCount() + " (maxPendingCommands) with "
                        + node.options().maxPendingBytes()
                        + " bytes (maxPendingBytes) may be; it was not applied, try again when some are answered");
    }

    private ReplicaClosedException closed() {
        return new ReplicaClosedException(replica.label() + " was closed; join the group again, or use another node");
    }

    @Override
    public CompletableFuture<Session> openSession() {
        HandoverException ended = replica.endReason();
        if (ended != null) {
            return CompletableFuture.failedFuture(ended);
        }
        if (sessions.incrementAndGet() > MAX_SESSIONS) {
            sessions.decrementAndGet();
            return CompletableFuture.failedFuture(new OverloadedException(
                    replica.label() + " " + MAX_SESSIONS + " sessions are open here; close some, or share them"));
        }
        return CompletableFuture.completedFuture(
                new LocalSession(this, replica.commands().newSession()));
    }

    void sessionClosedByUser() {
        sessions.decrementAndGet();
    }

    ReplicaClosedException sessionClosed() {
        return new ReplicaClosedException(replica.label() + " the session was closed; open another");
    }

    @Override
    public CompletableFuture<Long> snapshot() {
        HandoverException ended = replica.endReason();
        if (ended != null) {
            return CompletableFuture.failedFuture(ended);
        }
        CompletableFuture<Long> asked = new CompletableFuture<>();
        node.applier().run(() -> replica.appliedState().snapshots().ask(asked));
        return asked;
    }

    @Override
    public GroupStatus status() {
        return replica.status();
    }

    @Override
    public Registration onStatus(Consumer<GroupStatus> listener) {
        return replica.onStatus(listener);
    }

    @Override
    public GroupLeadership leadership() {
        return new GroupLeadership(this, node.options().failureTimeout().dividedBy(2));
    }

    @Override
    public CompletableFuture<GroupStatus> awaitInSync(Duration timeout) {
        return await(true, timeout);
    }

    @Override
    public CompletableFuture<GroupStatus> awaitLeader(Duration timeout) {
        return await(false, timeout);
    }

    private CompletableFuture<GroupStatus> await(boolean inSync, Duration timeout) {
        StatusBoard.Waiter waiter = new StatusBoard.Waiter(replica, inSync, timeout);
        if (!node.loop().post(waiter)) {
            waiter.future.completeExceptionally(closed());
        }
        return waiter.future;
    }

    @Override
    public CompletableFuture<TransferResult> transferTo(NodeId target) {
        return replica.transfer(Objects.requireNonNull(target, "target"));
    }

    @Override
    public CompletableFuture<TransferResult> handOver() {
        return replica.transfer(null);
    }

    @Override
    public CompletableFuture<GroupStatus> removeMember(NodeId member) {
        return replica.memberChanges().ask(Objects.requireNonNull(member, "member"), true);
    }

    @Override
    public CompletableFuture<GroupStatus> admitMember(NodeId member) {
        return replica.memberChanges().ask(Objects.requireNonNull(member, "member"), false);
    }

    @Override
    public void close() {
        node.leave(replica);
    }

    /** Whether the node has left the group. */
    boolean hasEnded() {
        return node.replica(group()) != replica;
    }

    @Override
    public String toString() {
        return replica.label() + " " + replica.situation();
    }
}
