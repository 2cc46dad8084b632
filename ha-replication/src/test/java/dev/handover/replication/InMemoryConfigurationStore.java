package dev.handover.replication;

import dev.handover.Configuration;
import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.Registration;
import dev.handover.ReplicaId;
import dev.handover.coordination.CasOutcome;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.coordination.InMemoryRecords;
import dev.handover.coordination.Member;
import dev.handover.coordination.Membership;
import dev.handover.coordination.RecordStore;
import dev.handover.coordination.VersionedConfiguration;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * A configuration store for tests in one JVM: each node gets a connection of its own ({@link #connect}); closing that ends its watches and its membership. It
 * can be made unreachable. Everything runs on one thread.
 */
public final class InMemoryConfigurationStore implements AutoCloseable {
    private final ExecutorService executor = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "in-memory-configuration-store");
        thread.setDaemon(true);
        return thread;
    });
    private final Map<GroupId, VersionedConfiguration> configurations = new HashMap<>();
    private final Map<String, Long> boots = new HashMap<>();
    private final Map<Connection, Member> members = new HashMap<>();
    private final InMemoryRecords records = new InMemoryRecords(executor);
    private final List<Watch> watches = new ArrayList<>();
    private final List<MemberWatch> memberWatches = new ArrayList<>();
    private volatile boolean reachable = true;

    private record Watch(Connection owner, GroupId group, Consumer<VersionedConfiguration> listener) {}

    private record MemberWatch(Connection owner, Consumer<List<Member>> listener) {}

    /** A connection for one node. */
    public ConfigurationStore connect() {
        return new Connection();
    }

    /** Away: nothing can be read, compare-and-sets are in doubt (and do nothing), watches are silent. */
    public void reachable(boolean value) {
        reachable = value;
        if (value) {
            run(() -> {
                for (Watch watch : List.copyOf(watches)) {
                    VersionedConfiguration now = configurations.get(watch.group);
                    if (now != null) {
                        watch.listener.accept(now);
                    }
                }
                tellMembers();
            });
            records.refresh();
        }
    }

    /** What is stored now. */
    public Optional<Configuration> configuration(GroupId group) {
        return later(() -> Optional.ofNullable(configurations.get(group)).map(VersionedConfiguration::configuration))
                .join();
    }

    /** Ends the thread. */
    @Override
    public void close() {
        executor.shutdownNow();
    }

    private void run(Runnable task) {
        try {
            executor.execute(task);
        } catch (RejectedExecutionException e) {
            if (!executor.isShutdown()) {
                throw e;
            }
        }
    }

    private <T> CompletableFuture<T> later(Supplier<T> task) {
        CompletableFuture<T> future = new CompletableFuture<>();
        try {
            executor.execute(() -> future.complete(task.get()));
        } catch (RejectedExecutionException e) {
            future.completeExceptionally(new IOException("the store is closed", e));
        }
        return future;
    }

    private <T> CompletableFuture<T> ifReachable(Connection connection, Supplier<T> task) {
        CompletableFuture<T> future = new CompletableFuture<>();
        run(() -> {
            if (reachable && !connection.closed) {
                future.complete(task.get());
            } else {
                future.completeExceptionally(new IOException("the store cannot be reached"));
            }
        });
        if (executor.isShutdown()) {
            future.completeExceptionally(new IOException("the store is closed"));
        }
        return future;
    }

    private void tellMembers() {
        Map<NodeId, Member> sorted = new TreeMap<>();
        members.values().forEach(member -> sorted.put(member.node(), member));
        List<Member> list = List.copyOf(sorted.values());
        if (reachable) {
            for (MemberWatch watch : List.copyOf(memberWatches)) {
                watch.listener.accept(list);
            }
        }
    }

    private final class Connection implements ConfigurationStore, Membership {
        private volatile boolean closed;
        private final BooleanSupplier usable = () -> reachable && !closed;

        @Override
        public RecordStore records() {
            return records.connect(usable);
        }

        @Override
        public CompletableFuture<Optional<VersionedConfiguration>> read(GroupId group) {
            return ifReachable(this, () -> Optional.ofNullable(configurations.get(group)));
        }

        @Override
        public CompletableFuture<CasOutcome> compareAndSet(GroupId group, int expectedVersion, Configuration next) {
            return ifReachable(this, () -> swap(group, expectedVersion, next))
                    .exceptionally(failure -> new CasOutcome.InDoubt(String.valueOf(failure.getMessage())));
        }

        private CasOutcome swap(GroupId group, int expectedVersion, Configuration next) {
            VersionedConfiguration now = configurations.get(group);
            int version = now == null ? NOT_EXISTING : now.version();
            if (version != expectedVersion) {
                return new CasOutcome.Conflict(now);
            }
            VersionedConfiguration stored = new VersionedConfiguration(next, version + 1);
            configurations.put(group, stored);
            for (Watch watch : List.copyOf(watches)) {
                if (watch.group.equals(group)) {
                    run(() -> watch.listener.accept(stored));
                }
            }
            return new CasOutcome.Applied(stored);
        }

        @Override
        public Registration watch(GroupId group, Consumer<VersionedConfiguration> listener) {
            Watch watch = new Watch(this, group, listener);
            run(() -> {
                watches.add(watch);
                VersionedConfiguration now = configurations.get(group);
                if (now != null && reachable) {
                    listener.accept(now);
                }
            });
            return () -> run(() -> watches.remove(watch));
        }

        @Override
        public CompletableFuture<Long> recordBoot(GroupId group, ReplicaId replica, long bootCounter) {
            return ifReachable(this, () -> {
                String key = group + " " + replica.node() + " " + replica.logId();
                long before = boots.getOrDefault(key, 0L);
                boots.put(key, before < bootCounter ? bootCounter : CONDEMNED);
                return before;
            });
        }

        @Override
        public Membership membership() {
            return this;
        }

        @Override
        public CompletableFuture<Void> announce(Member self) {
            return later(() -> {
                if (!closed) {
                    members.put(this, self);
                    tellMembers();
                }
                return null;
            });
        }

        @Override
        public Registration watch(Consumer<List<Member>> listener) {
            MemberWatch watch = new MemberWatch(this, listener);
            run(() -> {
                memberWatches.add(watch);
                tellMembers();
            });
            return () -> run(() -> memberWatches.remove(watch));
        }

        @Override
        public void close() {
            closed = true;
            run(() -> {
                watches.removeIf(watch -> watch.owner == this);
                memberWatches.removeIf(watch -> watch.owner == this);
                records.forget(usable);
                if (members.remove(this) != null) {
                    tellMembers();
                }
            });
        }
    }
}
