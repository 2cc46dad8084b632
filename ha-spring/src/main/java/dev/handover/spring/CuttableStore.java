package dev.handover.spring;

import dev.handover.Configuration;
import dev.handover.GroupId;
import dev.handover.Registration;
import dev.handover.ReplicaId;
import dev.handover.coordination.CasOutcome;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.coordination.Member;
import dev.handover.coordination.Membership;
import dev.handover.coordination.Reachability;
import dev.handover.coordination.RecordStore;
import dev.handover.coordination.VersionedConfiguration;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A connection with the configuration store that can be cut: nothing can be read or changed, and what is watched is told when it is healed. */
final class CuttableStore implements ConfigurationStore {
    private static final String CUT = "cut off from the configuration store by the test";

    private final ConfigurationStore real;
    private final List<Held<?>> watches = new CopyOnWriteArrayList<>();
    private volatile boolean cut;

    CuttableStore(ConfigurationStore real) {
        this.real = real;
    }

    void cut(boolean value) {
        cut = value;
        if (!value) {
            watches.forEach(Held::release);
        }
    }

    /** Passes on, or keeps the newest until it may pass. */
    private final class Held<T> implements Consumer<T> {
        private final Consumer<T> listener;
        private @Nullable T newest;

        Held(Consumer<T> listener) {
            this.listener = listener;
        }

        @Override
        public synchronized void accept(T value) {
            if (cut) {
                newest = value;
            } else {
                newest = null;
                listener.accept(value);
            }
        }

        synchronized void release() {
            T value = newest;
            if (value != null) {
                accept(value);
            }
        }
    }

    private <T> Registration watched(Held<T> held, Registration registration) {
        watches.add(held);
        return () -> {
            watches.remove(held);
            registration.close();
        };
    }

    private <T> CompletableFuture<T> unlessCut(Supplier<CompletableFuture<T>> call) {
        return cut ? CompletableFuture.failedFuture(new IOException(CUT)) : call.get();
    }

    @Override
    public CompletableFuture<Optional<VersionedConfiguration>> read(GroupId group) {
        return unlessCut(() -> real.read(group));
    }

    @Override
    public CompletableFuture<CasOutcome> compareAndSet(GroupId group, int expectedVersion, Configuration next) {
        return cut
                ? CompletableFuture.completedFuture(new CasOutcome.InDoubt(CUT))
                : real.compareAndSet(group, expectedVersion, next);
    }

    @Override
    public Registration watch(GroupId group, Consumer<VersionedConfiguration> listener) {
        Held<VersionedConfiguration> held = new Held<>(listener);
        return watched(held, real.watch(group, held));
    }

    @Override
    public CompletableFuture<Long> recordBoot(GroupId group, ReplicaId replica, long bootCounter) {
        return unlessCut(() -> real.recordBoot(group, replica, bootCounter));
    }

    @Override
    public Membership membership() {
        Membership members = real.membership();
        return new Membership() {
            @Override
            public CompletableFuture<Void> announce(Member self) {
                return members.announce(self);
            }

            @Override
            public Registration watch(Consumer<List<Member>> listener) {
                Held<List<Member>> held = new Held<>(listener);
                return watched(held, members.watch(held));
            }
        };
    }

    @Override
    public RecordStore records() {
        return real.records();
    }

    @Override
    public Registration watchReachability(Consumer<Reachability> listener) {
        return real.watchReachability(listener);
    }

    @Override
    public void close() {
        real.close();
    }
}
