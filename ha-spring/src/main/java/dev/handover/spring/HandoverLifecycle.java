package dev.handover.spring;

import dev.handover.Configuration;
import dev.handover.election.LeaderElection;
import dev.handover.leadership.Leadership;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.ApplicationArguments;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.SmartLifecycle;
import org.springframework.core.Ordered;

/**
 * Joins groups and elections last of all, when the application is ready; and hands the leadership over first of all when it stops, while the web server still serves. The replicas stay until
 * their beans are destroyed, so that requests under way are answered, through the new leader. After {@code stop} comes {@code start} again: tests pause contexts.
 */
final class HandoverLifecycle implements SmartLifecycle, ApplicationListener<ApplicationReadyEvent>, Ordered {
    private static final Logger LOG = LoggerFactory.getLogger(HandoverLifecycle.class);

    private final ApplicationContext context;
    private final ObjectProvider<ManagedLog> logs;
    private final ObjectProvider<LeaderElection> elections;
    private final Duration handOverTimeout;
    private final Duration stopDelay;
    private volatile boolean ready;
    private volatile boolean running;

    HandoverLifecycle(
            ApplicationContext context,
            HandoverProperties properties,
            ObjectProvider<ManagedLog> logs,
            ObjectProvider<LeaderElection> elections) {
        this.context = context;
        this.logs = logs;
        this.elections = elections;
        handOverTimeout = properties.handOverTimeout();
        stopDelay = properties.stopDelay();
        boolean readyIsTold =
                context.getBeanProvider(ApplicationArguments.class).getIfAvailable() != null;
        ready = properties.join() == HandoverProperties.Join.START
                || !readyIsTold; // a context without SpringApplication
    }

    /** The last to start, and the first to stop. */
    @Override
    public int getPhase() {
        return Integer.MAX_VALUE;
    }

    /** Of the listeners for {@link ApplicationReadyEvent}. */
    @Override
    public int getOrder() {
        return LOWEST_PRECEDENCE - 100;
    }

    @Override
    public void start() {
        running = true;
        if (ready) {
            join();
        }
    }

    @Override
    public void onApplicationEvent(ApplicationReadyEvent event) {
        if (event.getApplicationContext() == context) { // and not a child of it
            ready = true;
            if (running) {
                join();
            }
        }
    }

    /** Groups and elections are joined; may come again after a stop. */
    static final class Joined extends ApplicationEvent {
        private static final long serialVersionUID = 1L;

        Joined(HandoverLifecycle source) {
            super(source);
        }
    }

    private void join() {
        logs.orderedStream().forEach(ManagedLog::join);
        elections.stream().forEach(election -> LOG.debug("{}", election)); // made now, if it is ours
        context.publishEvent(new Joined(this));
    }

    @Override
    public void stop(Runnable callback) {
        running = false;
        List<CompletableFuture<?>> handOvers = new ArrayList<>();
        if (ready) {
            logs.stream().filter(HandoverLifecycle::leads).forEach(log -> {
                if (isAlone(log)) { // no transfer that is refused: this is no fault
                    LOG.info(
                            "{} is not handed over before the stop: this instance is the only one in sync",
                            log.group());
                } else {
                    handOvers.add(handOver(log));
                }
            });
            elections.stream()
                    .filter(election -> election.current() instanceof Leadership.Leading)
                    .forEach(election -> handOvers.add(giveUp(election)));
        }
        CompletableFuture.allOf(handOvers.toArray(CompletableFuture[]::new))
                .orTimeout(handOverTimeout.toNanos(), TimeUnit.NANOSECONDS)
                .whenComplete((done, failure) -> {
                    if (failure != null) {
                        LOG.warn(
                                "Not everything was handed over within {} (handover.hand-over-timeout); the stop goes on",
                                handOverTimeout);
                    }
                    afterDelay(callback);
                });
    }

    private void afterDelay(Runnable callback) {
        if (stopDelay.isZero() || !ready) {
            callback.run();
        } else {
            CompletableFuture.delayedExecutor(stopDelay.toNanos(), TimeUnit.NANOSECONDS)
                    .execute(callback);
        }
    }

    @Override
    public void stop() {
        CompletableFuture<Void> stopped = new CompletableFuture<>();
        stop(() -> stopped.complete(null));
        stopped.join();
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    private static boolean leads(ManagedLog log) {
        return log.joined() != null && log.status().role().leads();
    }

    private static boolean isAlone(ManagedLog log) {
        Configuration configuration = log.status().configuration();
        return configuration != null && configuration.inSync().size() == 1;
    }

    private static CompletableFuture<?> handOver(ManagedLog log) {
        return log.handOver().handle((result, failure) -> {
            if (failure != null) {
                LOG.info("{} is not handed over before the stop: {}", log.group(), failure.getMessage());
            } else {
                LOG.info(
                        "{} was handed over before the stop, with a pause of {} ms: {}",
                        log.group(),
                        result.pause().toMillis(),
                        result.detail());
            }
            return result;
        });
    }

    private static CompletableFuture<?> giveUp(LeaderElection election) {
        return election.yield().handle((done, failure) -> {
            LOG.info(
                    "{} before the stop: {}",
                    election,
                    failure == null ? "another candidate leads" : failure.getMessage());
            return done;
        });
    }
}
