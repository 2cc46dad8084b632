package dev.handover.examples.kv.resp;

import dev.handover.Configuration;
import dev.handover.GroupId;
import dev.handover.MembershipRefusedException;
import dev.handover.NodeId;
import dev.handover.Redundancy;
import dev.handover.Registration;
import dev.handover.ReplicaId;
import dev.handover.Role;
import dev.handover.TransferRefusedException;
import dev.handover.replication.Command;
import dev.handover.replication.Consistency;
import dev.handover.replication.GroupStatus;
import dev.handover.replication.LogPosition;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.Session;
import dev.handover.replication.SnapshotStatus;
import dev.handover.replication.StateMachine;
import dev.handover.replication.TransferResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** A log of one replica in memory, which can be told to hold everything back or to fail. */
final class LoopbackLog implements ReplicatedLog {
    private static final UUID LOG_ID = new UUID(1, 2);
    final AtomicInteger submits = new AtomicInteger();
    final AtomicInteger reads = new AtomicInteger();
    private final StateMachine machine;
    private final ExecutorService applier =
            Executors.newSingleThreadExecutor(task -> new Thread(task, "loopback-applier"));
    private final AtomicLong index = new AtomicLong();
    private final List<Runnable> held = new ArrayList<>();
    private boolean holding;
    private volatile RuntimeException failure;
    private volatile Runnable onSubmit = () -> {};

    LoopbackLog(StateMachine machine) {
        this.machine = machine;
    }

    /** From now on nothing is executed until {@link #release}. */
    void hold() {
        synchronized (held) {
            holding = true;
        }
    }

    void release() {
        synchronized (held) {
            holding = false;
            held.forEach(applier::execute);
            held.clear();
        }
    }

    int heldBack() {
        synchronized (held) {
            return held.size();
        }
    }

    /** From now on everything fails so, unexecuted; null: no more. */
    void fail(RuntimeException with) {
        failure = with;
    }

    /** From now on every submit calls that before all else, on its caller's thread. */
    void onSubmit(Runnable call) {
        onSubmit = call;
    }

    @Override
    public GroupId group() {
        return GroupId.of("kv");
    }

    @Override
    public CompletableFuture<byte[]> submit(byte[] command) {
        onSubmit.run();
        submits.incrementAndGet();
        return later(() -> {
            long at = index.incrementAndGet();
            return machine.apply(new Command(at, 1, 0, command));
        });
    }

    @Override
    public CompletableFuture<byte[]> query(byte[] query, Consistency consistency) {
        return later(() -> machine.query(query));
    }

    @Override
    public <T> CompletableFuture<T> read(Consistency consistency, Supplier<T> reader) {
        reads.incrementAndGet();
        if (consistency == Consistency.LOCAL) {
            return CompletableFuture.supplyAsync(reader, applier);
        }
        return later(reader);
    }

    @Override
    public CompletableFuture<byte[]> query(byte[] query, Duration maxStaleness) {
        return query(query, Consistency.LOCAL);
    }

    @Override
    public <T> CompletableFuture<T> read(Duration maxStaleness, Supplier<T> reader) {
        return read(Consistency.LOCAL, reader);
    }

    @Override
    public CompletableFuture<byte[]> query(byte[] query, LogPosition after) {
        return query(query, Consistency.LOCAL);
    }

    @Override
    public <T> CompletableFuture<T> read(LogPosition after, Supplier<T> reader) {
        return read(Consistency.LOCAL, reader);
    }

    @Override
    public CompletableFuture<Session> openSession() {
        return CompletableFuture.failedFuture(new UnsupportedOperationException());
    }

    @Override
    public GroupStatus status() {
        ReplicaId self = new ReplicaId(NodeId.of("a"), LOG_ID);
        Configuration configuration =
                new Configuration(new UUID(3, 4), 7, self, List.of(self), 1, 1, new UUID(5, 6), "test");
        long at = index.get();
        return new GroupStatus(
                self,
                Role.LEADER,
                7,
                self.node(),
                configuration,
                at,
                at,
                at,
                Redundancy.of(configuration, List.of()),
                List.of(),
                SnapshotStatus.NONE,
                null);
    }

    @Override
    public Registration onStatus(Consumer<GroupStatus> listener) {
        listener.accept(status());
        return () -> {};
    }

    @Override
    public CompletableFuture<GroupStatus> awaitInSync(Duration timeout) {
        return CompletableFuture.completedFuture(status());
    }

    @Override
    public CompletableFuture<GroupStatus> awaitLeader(Duration timeout) {
        return CompletableFuture.completedFuture(status());
    }

    @Override
    public CompletableFuture<TransferResult> transferTo(NodeId target) {
        return handOver();
    }

    @Override
    public CompletableFuture<TransferResult> handOver() {
        return CompletableFuture.failedFuture(
                new TransferRefusedException("this replica is the last one in sync: nobody else could go on"));
    }

    @Override
    public CompletableFuture<GroupStatus> removeMember(NodeId node) {
        return node.equals(status().self().node())
                ? CompletableFuture.failedFuture(
                        new MembershipRefusedException(node + " leads; hand the leadership over first"))
                : CompletableFuture.completedFuture(status());
    }

    @Override
    public CompletableFuture<GroupStatus> admitMember(NodeId node) {
        return CompletableFuture.completedFuture(status());
    }

    @Override
    public void close() {
        applier.shutdownNow();
        try {
            if (!applier.awaitTermination(5, TimeUnit.SECONDS)) {
                throw new AssertionError("the applier does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private <T> CompletableFuture<T> later(Supplier<T> work) {
        CompletableFuture<T> future = new CompletableFuture<>();
        RuntimeException broken = failure;
        if (broken != null) {
            future.completeExceptionally(broken);
            return future;
        }
        Runnable task = () -> {
            try {
                future.complete(work.get());
            } catch (RuntimeException e) {
                future.completeExceptionally(e);
            }
        };
        synchronized (held) {
            if (holding) {
                held.add(task);
            } else {
                applier.execute(task);
            }
        }
        return future;
    }
}
