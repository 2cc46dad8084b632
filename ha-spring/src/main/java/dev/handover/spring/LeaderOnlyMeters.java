package dev.handover.spring;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.ObjectProvider;

/** Counts the calls of {@link LeaderOnly} methods: as many series as such methods, twice. */
final class LeaderOnlyMeters implements LeaderOnlyInterceptor.Counts, DisposableBean {
    static final String NAME = "handover.leader.only";

    private final ObjectProvider<MeterRegistry> registries;
    private volatile @Nullable MeterRegistry used;
    private final Map<String, Counter> counters = new ConcurrentHashMap<>();

    LeaderOnlyMeters(ObjectProvider<MeterRegistry> registries) {
        this.registries = registries;
    }

    @Override
    public void count(String name, String method, boolean ran) {
        MeterRegistry registry = registries.getIfUnique();
        if (registry != null) {
            used = registry;
            counters.computeIfAbsent(name + " " + method + " " + ran, key -> Counter.builder(NAME)
                            .baseUnit("calls")
                            .description("calls of methods that run where this instance leads, and whether they ran")
                            .tag("leadership", name)
                            .tag("method", method)
                            .tag("outcome", ran ? "ran" : "skipped")
                            .register(registry))
                    .increment();
        }
    }

    /** The context may not give its registry any more. */
    @Override
    public void destroy() {
        MeterRegistry registry = used;
        if (registry != null) {
            counters.values().stream().map(Meter::getId).forEach(registry::remove);
        }
    }
}
