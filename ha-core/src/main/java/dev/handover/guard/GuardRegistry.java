package dev.handover.guard;

import io.github.resilience4j.bulkhead.BulkheadRegistry;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import io.github.resilience4j.retry.RetryRegistry;
import io.github.resilience4j.timelimiter.TimeLimiterConfig;
import io.github.resilience4j.timelimiter.TimeLimiterRegistry;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;

/** Guards by name, over Resilience4j's registries, which have the parts of each guard under its name ({@code NAME.control}: the reserve). For any number of threads. */
public final class GuardRegistry {
    /** What follows the guard's name in that of its reserve. */
    static final String CONTROL = ".control";

    private final CircuitBreakerRegistry circuitBreakers = CircuitBreakerRegistry.ofDefaults();
    private final BulkheadRegistry bulkheads = BulkheadRegistry.ofDefaults();
    private final TimeLimiterRegistry timeLimiters = TimeLimiterRegistry.of(TimeLimiterConfig.ofDefaults());
    private final RetryRegistry retries = RetryRegistry.ofDefaults();
    private final Map<String, Guard> guards = new TreeMap<>();

    private GuardRegistry() {}

    /** An empty one. */
    public static GuardRegistry create() {
        return new GuardRegistry();
    }

    synchronized Guard register(String name, Supplier<Guard> build) {
        if (guards.containsKey(name) || bulkheads.find(name).isPresent()) {
            throw new IllegalArgumentException("there is a guard '" + name
                    + "' in this registry; use that one, remove it first, or take another name or registry");
        }
        Guard guard = build.get();
        guards.put(name, guard);
        return guard;
    }

    /** The guard of this name. */
    public synchronized Optional<Guard> find(String name) {
        return Optional.ofNullable(guards.get(name));
    }

    /** All guards, by name. */
    public synchronized Collection<Guard> guards() {
        return List.copyOf(guards.values());
    }

    /** Takes a guard out, with its metrics. Who has it may go on using it. Twice is fine. */
    public synchronized void remove(String name) {
        guards.remove(name);
        circuitBreakers.remove(name);
        bulkheads.remove(name);
        bulkheads.remove(name + CONTROL);
        timeLimiters.remove(name);
        retries.remove(name);
    }

    /** Resilience4j's registry of the circuit breakers, for its events. */
    public CircuitBreakerRegistry circuitBreakers() {
        return circuitBreakers;
    }

    /** Resilience4j's registry of the bulkheads and their reserves. */
    public BulkheadRegistry bulkheads() {
        return bulkheads;
    }

    /** Resilience4j's registry of the time limiters. */
    public TimeLimiterRegistry timeLimiters() {
        return timeLimiters;
    }

    /** Resilience4j's registry of the retries. */
    public RetryRegistry retries() {
        return retries;
    }
}
