package dev.handover.guard;

import io.github.resilience4j.micrometer.tagged.TaggedBulkheadMetrics;
import io.github.resilience4j.micrometer.tagged.TaggedCircuitBreakerMetrics;
import io.github.resilience4j.micrometer.tagged.TaggedRetryMetrics;
import io.github.resilience4j.micrometer.tagged.TaggedTimeLimiterMetrics;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

/** Resilience4j's own meters of all guards in a registry, those registered later included; docs/guards.md lists them. Needs {@code micrometer-core} and {@code resilience4j-micrometer}, both optional dependencies of ha-core. Closing removes them, from every registry that they were bound to. */
public final class GuardMetrics implements MeterBinder, AutoCloseable {
    private static final String PREFIX = "resilience4j.";

    private final GuardRegistry guards;
    private final List<MeterRegistry> bound = new CopyOnWriteArrayList<>();

    /** Of these guards. */
    public GuardMetrics(GuardRegistry guards) {
        this.guards = guards;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        bound.add(registry);
        TaggedCircuitBreakerMetrics.ofCircuitBreakerRegistry(guards.circuitBreakers())
                .bindTo(registry);
        TaggedBulkheadMetrics.ofBulkheadRegistry(guards.bulkheads()).bindTo(registry);
        TaggedTimeLimiterMetrics.ofTimeLimiterRegistry(guards.timeLimiters()).bindTo(registry);
        TaggedRetryMetrics.ofRetryRegistry(guards.retries()).bindTo(registry);
    }

    /** Removes the meters; those of guards that are registered later stay. Closing twice is fine. */
    @Override
    public void close() {
        Set<String> names = new HashSet<>();
        guards.circuitBreakers().getAllCircuitBreakers().forEach(breaker -> names.add(breaker.getName()));
        guards.bulkheads().getAllBulkheads().forEach(bulkhead -> names.add(bulkhead.getName()));
        guards.timeLimiters().getAllTimeLimiters().forEach(limiter -> names.add(limiter.getName()));
        guards.retries().getAllRetries().forEach(retry -> names.add(retry.getName()));
        for (MeterRegistry registry : bound) {
            for (Meter meter : registry.getMeters()) {
                Meter.Id id = meter.getId();
                if (id.getName().startsWith(PREFIX) && names.contains(id.getTag("name"))) {
                    registry.remove(id);
                }
            }
        }
        bound.clear();
    }
}
