package dev.handover.replication;

import dev.handover.Configuration;
import dev.handover.GroupId;
import dev.handover.Registration;
import dev.handover.ReplicaId;
import dev.handover.coordination.CasOutcome;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.event.HaEvent;
import dev.handover.replication.protocol.Event;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Between one group and the configuration store: what the core asks becomes calls, what comes back becomes events. Any thread. */
final class Coordinator {
    private final Replica replica;
    private final ConfigurationStore store;
    private final AtomicBoolean reachable = new AtomicBoolean(true);
    private final AtomicReference<@Nullable Registration> watch = new AtomicReference<>();

    Coordinator(Replica replica, ConfigurationStore store) {
        this.replica = replica;
        this.store = store;
    }

    void watch() {
        watch.set(store.watch(replica.group(), seen -> replica.post(new Event.ConfigurationSeen(seen))));
    }

    void read() {
        GroupId group = replica.group();
        call(() -> store.read(group)).whenComplete((configuration, failure) -> {
            heard(failure);
            replica.post(
                    configuration == null
                            ? new Event.ConfigurationUnavailable()
                            : new Event.ConfigurationRead(configuration.orElse(null)));
        });
    }

    void compareAndSet(int expectedVersion, Configuration next) {
        GroupId group = replica.group();
        call(() -> store.compareAndSet(group, expectedVersion, next)).whenComplete((outcome, failure) -> {
            CasOutcome result = outcome != null ? outcome : new CasOutcome.InDoubt(String.valueOf(failure)); // R10
            heard(result instanceof CasOutcome.InDoubt doubt ? new IllegalStateException(doubt.cause()) : null);
            replica.post(new Event.CasCompleted(next.nonce(), result));
        });
    }

    void recordBoot(ReplicaId self, long bootCounter) {
        GroupId group = replica.group();
        call(() -> store.recordBoot(group, self, bootCounter)).whenComplete((before, failure) -> {
            heard(failure);
            replica.post(before == null ? new Event.BootUnavailable() : new Event.BootRecorded(before));
        });
    }

    private static <T> CompletableFuture<T> call(Supplier<CompletableFuture<T>> operation) {
        try {
            return operation.get();
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private void heard(@Nullable Throwable failure) {
        boolean now = failure == null;
        if (reachable.getAndSet(now) != now) {
            String detail = failure == null ? "the configuration store answers again" : String.valueOf(failure);
            replica.publish(
                    new HaEvent.Coordination(Instant.now(), replica.self().node(), replica.group(), now, detail));
        }
    }

    void close() {
        Registration registration = watch.getAndSet(null);
        if (registration != null) {
            registration.close();
        }
    }
}
