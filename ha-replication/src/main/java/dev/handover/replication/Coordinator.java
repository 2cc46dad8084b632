package dev.handover.replication;

import dev.handover.Configuration;
import dev.handover.Registration;
import dev.handover.ReplicaId;
import dev.handover.coordination.CasOutcome;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.coordination.VersionedConfiguration;
import dev.handover.event.HaEvent;
import dev.handover.replication.protocol.Event;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
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
        CompletableFuture<Optional<VersionedConfiguration>> answer;
        try {
            answer = store.read(replica.group());
        } catch (RuntimeException e) {
            answer = CompletableFuture.failedFuture(e);
        }
        answer.whenComplete(new Answer(Answer.READ, null));
    }

    void compareAndSet(int expectedVersion, Configuration next) {
        CompletableFuture<CasOutcome> answer;
        try {
            answer = store.compareAndSet(replica.group(), expectedVersion, next);
        } catch (RuntimeException e) {
            answer = CompletableFuture.failedFuture(e);
        }
        answer.whenComplete(new Answer(Answer.COMPARE_AND_SET, next.nonce()));
    }

    void recordBoot(ReplicaId self, long bootCounter) {
        CompletableFuture<Long> answer;
        try {
            answer = store.recordBoot(replica.group(), self, bootCounter);
        } catch (RuntimeException e) {
            answer = CompletableFuture.failedFuture(e);
        }
        answer.whenComplete(new Answer(Answer.RECORD_BOOT, null));
    }

    /** What the store has said to one of the questions. One class for all, so that a follower has loaded what it needs when it takes over. */
    private final class Answer implements BiConsumer<@Nullable Object, @Nullable Throwable> {
        static final int READ = 0;
        static final int RECORD_BOOT = 1;
        static final int COMPARE_AND_SET = 2;

        private final int question;
        private final @Nullable UUID nonce;

        Answer(int question, @Nullable UUID nonce) {
            this.question = question;
            this.nonce = nonce;
        }

        @Override
        public void accept(@Nullable Object answer, @Nullable Throwable failure) {
            UUID proposal = nonce;
            if (proposal != null) {
                compared(proposal, (CasOutcome) answer, failure);
                return;
            }
            heard(failure);
            if (question == READ) {
                replica.post(
                        answer == null
                                ? new Event.ConfigurationUnavailable()
                                : new Event.ConfigurationRead(
                                        (VersionedConfiguration) ((Optional<?>) answer).orElse(null)));
            } else {
                replica.post(answer == null ? new Event.BootUnavailable() : new Event.BootRecorded((Long) answer));
            }
        }

        private void compared(UUID proposal, @Nullable CasOutcome outcome, @Nullable Throwable failure) {
            if (outcome instanceof CasOutcome.Applied || outcome instanceof CasOutcome.Conflict) {
                heard(null);
                replica.post(new Event.CasCompleted(proposal, outcome));
                return;
            }
            CasOutcome.InDoubt doubt = outcome instanceof CasOutcome.InDoubt known
                    ? known
                    : new CasOutcome.InDoubt(String.valueOf(failure)); // R10
            heard(new IllegalStateException(doubt.cause()));
            replica.post(new Event.CasCompleted(proposal, doubt));
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
