package dev.handover.guard;

import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.bulkhead.BulkheadConfig;
import io.github.resilience4j.bulkhead.BulkheadFullException;
import io.github.resilience4j.bulkhead.event.BulkheadEvent;
import io.github.resilience4j.bulkhead.event.BulkheadOnCallFinishedEvent;
import io.github.resilience4j.bulkhead.event.BulkheadOnCallPermittedEvent;
import io.github.resilience4j.bulkhead.event.BulkheadOnCallRejectedEvent;
import io.github.resilience4j.core.EventConsumer;
import io.github.resilience4j.core.EventProcessor;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

/**
 * A bulkhead of Resilience4j's kind, with its events and metrics, whose limit is an {@link AdaptiveLimit}. When the limit shrinks below what is under way, nothing is interrupted: no permits are given until enough have come back. Nobody waits.
 */
final class AdaptiveBulkhead implements Bulkhead {
    private static final int MIN_SAMPLES = 10;

    private final String name;
    private final Time time;
    private final long windowNanos;
    private final Gradient gradient;
    private final Events events = new Events();
    private final AtomicInteger inFlight = new AtomicInteger();
    private final AtomicInteger mostInFlight = new AtomicInteger();
    private final LongAdder samples = new LongAdder();
    private final LongAdder sampledNanos = new LongAdder();
    private final AtomicBoolean closingWindow = new AtomicBoolean();
    private volatile long windowEnd;
    private volatile int limit;
    private volatile BulkheadConfig config;

    AdaptiveBulkhead(String name, AdaptiveLimit rule, Time time) {
        this.name = name;
        this.time = time;
        windowNanos = rule.window().toNanos();
        windowEnd = time.nanos() + windowNanos;
        gradient = new Gradient(rule);
        limit = gradient.limit();
        config = BulkheadConfig.custom().maxConcurrentCalls(limit).build();
    }

    /** A call took this long, and its time says something about the other side. */
    void sample(long nanos) {
        samples.increment();
        sampledNanos.add(nanos);
        long now = time.nanos();
        if (now - windowEnd >= 0 && closingWindow.compareAndSet(false, true)) {
            try {
                closeWindow(now);
            } finally {
                closingWindow.set(false);
            }
        }
    }

    private void closeWindow(long now) {
        if (now - windowEnd < 0 || samples.sum() < MIN_SAMPLES) {
            return;
        }
        long count = samples.sumThenReset();
        double mean = (double) sampledNanos.sumThenReset() / count;
        int next = gradient.window(Math.max(1, mean), mostInFlight.getAndSet(inFlight.get()));
        if (next != limit) {
            limit = next;
            config = BulkheadConfig.custom().maxConcurrentCalls(next).build();
        }
        windowEnd = now + windowNanos;
    }

    int inFlight() {
        return inFlight.get();
    }

    @Override
    public boolean tryAcquirePermission() {
        int now = inFlight.get();
        while (now < limit) {
            if (inFlight.compareAndSet(now, now + 1)) {
                if (now + 1 > mostInFlight.get()) {
                    mostInFlight.accumulateAndGet(now + 1, Math::max);
                }
                events.publish(() -> new BulkheadOnCallPermittedEvent(name));
                return true;
            }
            now = inFlight.get();
        }
        events.publish(() -> new BulkheadOnCallRejectedEvent(name));
        return false;
    }

    @Override
    public void acquirePermission() {
        if (!tryAcquirePermission()) {
            throw BulkheadFullException.createBulkheadFullException(this);
        }
    }

    @Override
    public void releasePermission() {
        inFlight.decrementAndGet();
    }

    @Override
    public void onComplete() {
        releasePermission();
        events.publish(() -> new BulkheadOnCallFinishedEvent(name));
    }

    @Override
    public void changeConfig(BulkheadConfig newConfig) {
        throw new UnsupportedOperationException(
                "the limit of '" + name + "' finds itself; give its guard a bulkhead with a fixed number to set it");
    }

    @Override
    public String getName() {
        return name;
    }

    @Override
    public BulkheadConfig getBulkheadConfig() {
        return config;
    }

    @Override
    public Metrics getMetrics() {
        return new Metrics() {
            @Override
            public int getAvailableConcurrentCalls() {
                return Math.max(0, limit - inFlight.get());
            }

            @Override
            public int getMaxAllowedConcurrentCalls() {
                return limit;
            }
        };
    }

    @Override
    public Map<String, String> getTags() {
        return Map.of();
    }

    @Override
    public EventPublisher getEventPublisher() {
        return events;
    }

    private static final class Events extends EventProcessor<BulkheadEvent> implements EventPublisher {
        private void publish(Supplier<BulkheadEvent> event) {
            if (hasConsumers()) {
                processEvent(event.get());
            }
        }

        @Override
        public EventPublisher onCallRejected(EventConsumer<BulkheadOnCallRejectedEvent> consumer) {
            registerConsumer(BulkheadOnCallRejectedEvent.class.getName(), consumer);
            return this;
        }

        @Override
        public EventPublisher onCallPermitted(EventConsumer<BulkheadOnCallPermittedEvent> consumer) {
            registerConsumer(BulkheadOnCallPermittedEvent.class.getName(), consumer);
            return this;
        }

        @Override
        public EventPublisher onCallFinished(EventConsumer<BulkheadOnCallFinishedEvent> consumer) {
            registerConsumer(BulkheadOnCallFinishedEvent.class.getName(), consumer);
            return this;
        }
    }
}
