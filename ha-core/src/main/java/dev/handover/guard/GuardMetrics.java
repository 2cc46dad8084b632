package dev.handover.guard;

import io.github.resilience4j.micrometer.tagged.TaggedBulkheadMetrics;
import io.github.resilience4j.micrometer.tagged.TaggedCircuitBreakerMetrics;
import io.github.resilience4j.micrometer.tagged.TaggedRetryMetrics;
import io.github.resilience4j.micrometer.tagged.TaggedTimeLimiterMetrics;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;

/** Resilience4j's own meters of all guards in a registry, those registered later included; docs/guards.md lists them. Needs {@code micrometer-core} and {@code resilience4j-micrometer}, both optional dependencies of ha-core. */
public final class GuardMetrics implements MeterBinder {
    private final GuardRegistry guards;

    /** Of these guards. */
    public GuardMetrics(GuardRegistry guards) {
        this.guards = guards;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        TaggedCircuitBreakerMetrics.ofCircuitBreakerRegistry(guards.circuitBreakers())
                .bindTo(registry);
        TaggedBulkheadMetrics.ofBulkheadRegistry(guards.bulkheads()).bindTo(registry);
        TaggedTimeLimiterMetrics.ofTimeLimiterRegistry(guards.timeLimiters()).bindTo(registry);
        TaggedRetryMetrics.ofRetryRegistry(guards.retries()).bindTo(registry);
    }
}
