package dev.handover.guard;

import java.time.Duration;

/**
 * What there is to see of a guard at one moment, without any type of Resilience4j.
 *
 * @param breaker state of the circuit breaker in small letters: {@code closed}, {@code open}, {@code half open}, {@code forced open}, {@code metrics only}, {@code disabled}; {@code none} without one
 * @param openFor how much longer a breaker that is open refuses; zero in other states
 * @param inUse calls that hold a permit of the bulkhead; 0 without one
 * @param limit permits that there are now; 0 without a bulkhead, where there is no limit
 * @param refusedOpen calls that the breaker has refused since the guard was built
 * @param refusedFull calls that the bulkhead has refused
 * @param retriesLeft retries that the budget has now, of 10 at most
 * @param retriesRefused retries that there were none of because the budget was spent
 */
public record GuardStatus(
        String name,
        String breaker,
        Duration openFor,
        int inUse,
        int limit,
        long refusedOpen,
        long refusedFull,
        double retriesLeft,
        long retriesRefused) {}
