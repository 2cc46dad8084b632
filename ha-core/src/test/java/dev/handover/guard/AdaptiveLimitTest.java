package dev.handover.guard;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** The limit against a simulated server: so many workers, each call takes so long, and what finds no worker waits for one. */
class AdaptiveLimitTest {
    private static final double CALL_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private static double latency(int workers, int underWay) {
        return CALL_NANOS * Math.max(1, (double) underWay / workers);
    }

    private static int after(Gradient gradient, int windows, int workers) {
        int most = 0;
        for (int i = 0; i < windows; i++) {
            gradient.window(latency(workers, gradient.limit()), gradient.limit());
            most = Math.max(most, gradient.limit());
        }
        return most;
    }

    @Test
    void shouldGrowWhileLatencyStays() {
        Gradient gradient = new Gradient(AdaptiveLimit.DEFAULTS);
        after(gradient, 500, 1000);
        assertThat(gradient.limit()).isEqualTo(200);
    }

    @Test
    void shouldStayNearWhatTheServerCanDo() {
        Gradient gradient = new Gradient(AdaptiveLimit.DEFAULTS);
        after(gradient, 100, 30);
        assertThat(gradient.limit()).isBetween(30, 70);
    }

    @Test
    void shouldShrinkWhenTheServerLosesWorkersAndGrowAgain() {
        Gradient gradient = new Gradient(AdaptiveLimit.DEFAULTS);
        after(gradient, 100, 100);
        int before = gradient.limit();
        after(gradient, 30, 10);
        int during = gradient.limit();
        assertThat(during).isLessThan(before / 2);
        after(gradient, 200, 100);
        assertThat(gradient.limit()).isGreaterThan(during * 2);
    }

    @Test
    void shouldNotGrowWithoutUse() {
        Gradient gradient = new Gradient(AdaptiveLimit.DEFAULTS);
        for (int i = 0; i < 100; i++) {
            gradient.window(CALL_NANOS, 3);
        }
        assertThat(gradient.limit()).isEqualTo(20);
    }

    @Property(tries = 200)
    void shouldStayWithinItsBounds(@ForAll @Size(max = 200) long[] latencies) {
        Gradient gradient = new Gradient(AdaptiveLimit.between(5, 50));
        for (long latency : latencies) {
            gradient.window(Math.max(1, Math.abs((double) latency)), 50);
            assertThat(gradient.limit()).isBetween(5, 50);
        }
    }

    @Test
    void shouldMoveTheBulkheadsLimitWithWhatCallsTake() {
        ManualTime time = new ManualTime();
        Guard guard = Guard.named("a").time(time).withoutCircuitBreaker().build();
        AdaptiveBulkhead bulkhead = (AdaptiveBulkhead) guard.bulkhead().orElseThrow();
        rounds(time, bulkhead, 60, Duration.ofMillis(10));
        int grown = bulkhead.getMetrics().getMaxAllowedConcurrentCalls();
        assertThat(grown).isGreaterThan(40);
        rounds(time, bulkhead, 60, Duration.ofMillis(200));
        assertThat(bulkhead.getMetrics().getMaxAllowedConcurrentCalls()).isLessThan(grown / 2);
        assertThat(bulkhead.inFlight()).isZero();
    }

    /** Each round as many calls as are let in, all of them as long. */
    private static void rounds(ManualTime time, AdaptiveBulkhead bulkhead, int rounds, Duration each) {
        for (int i = 0; i < rounds; i++) {
            int in = 0;
            while (bulkhead.tryAcquirePermission()) {
                in++;
            }
            time.advance(each.compareTo(Duration.ofMillis(100)) > 0 ? each : Duration.ofMillis(101));
            for (int call = 0; call < in; call++) {
                bulkhead.onComplete();
                bulkhead.sample(each.toNanos());
            }
        }
    }
}
