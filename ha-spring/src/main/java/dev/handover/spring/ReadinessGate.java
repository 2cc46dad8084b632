package dev.handover.spring;

import dev.handover.replication.GroupStatus;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationEvent;
import org.springframework.context.event.GenericApplicationListener;
import org.springframework.core.ResolvableType;

/**
 * Holds {@link ReadinessState#ACCEPTING_TRAFFIC} back until this instance has caught up with its groups for the first time, and takes it back when a replica has stopped itself. A lost election, a leader that is not known for a
 * moment, or a replica that has fallen out of the in-sync set change nothing: such an instance still serves, through the leader.
 */
final class ReadinessGate implements GenericApplicationListener {
    private static final Logger LOG = LoggerFactory.getLogger(ReadinessGate.class);
    /** Of waiting to catch up: as long as it takes. */
    private static final Duration FOR_EVER = Duration.ofDays(365);

    private final ApplicationContext context;
    private final ObjectProvider<ManagedLog> logs;
    private final boolean learner;
    private final ReentrantLock lock = new ReentrantLock();
    private boolean watching;
    private boolean caughtUp;
    private boolean faulted;
    /** The others want traffic. */
    private boolean wanted;
    /** And this gate has said no. */
    private boolean holding;

    /** The availability is not used: it has to hear of each event before this one, because the last one that it hears of counts. */
    ReadinessGate(
            ApplicationContext context,
            ApplicationAvailability availability,
            ObjectProvider<ManagedLog> logs,
            HandoverProperties properties) {
        this.context = context;
        this.logs = logs;
        learner = Boolean.TRUE.equals(properties.learner());
        LOG.debug("Readiness is held back by groups; it is {} now", availability.getReadinessState());
    }

    @Override
    public boolean supportsEventType(ResolvableType eventType) {
        return AvailabilityChangeEvent.class.isAssignableFrom(eventType.toClass());
    }

    @Override
    public void onApplicationEvent(ApplicationEvent event) {
        if (event instanceof AvailabilityChangeEvent<?> change
                && change.getState() instanceof ReadinessState state
                && change.getSource() != this) {
            settle(() -> {
                watch();
                wanted = state == ReadinessState.ACCEPTING_TRAFFIC;
                holding = false; // what was said last counts, and that was not this gate
            });
        }
    }

    /** Publishes with the lock, so that what is published last is what holds. */
    private void settle(Runnable change) {
        lock.lock();
        try {
            change.run();
            boolean hold = wanted && (!caughtUp || faulted);
            if (hold != holding) {
                holding = hold;
                context.publishEvent(new AvailabilityChangeEvent<>(
                        this, hold ? ReadinessState.REFUSING_TRAFFIC : ReadinessState.ACCEPTING_TRAFFIC));
            }
        } finally {
            lock.unlock();
        }
    }

    private void watch() {
        if (!watching) {
            watching = true;
            List<ManagedLog> all = logs.stream().toList();
            caughtUp = all.isEmpty();
            CompletableFuture.allOf(all.stream()
                            .map(log -> learner ? log.awaitLeader(FOR_EVER) : log.awaitInSync(FOR_EVER))
                            .toArray(CompletableFuture[]::new))
                    .whenCompleteAsync((done, failure) -> {
                        if (failure == null) {
                            settle(() -> caughtUp = true);
                        } else {
                            LOG.debug("Never caught up", failure);
                        }
                    });
            all.forEach(log -> log.onStatus(status -> look(log, status)));
        }
    }

    private void look(ManagedLog log, GroupStatus status) {
        if (status.fault() != null) {
            settle(() -> {
                if (!faulted) {
                    faulted = true;
                    LOG.warn(
                            "{}: this instance takes no traffic any more, because its replica has stopped itself: {}",
                            log.group(),
                            status.fault());
                }
            });
        }
    }
}
