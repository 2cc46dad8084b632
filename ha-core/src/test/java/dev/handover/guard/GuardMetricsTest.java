package dev.handover.guard;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** Resilience4j's events and meters see what the guard does. */
class GuardMetricsTest {
    @Test
    void shouldShowEveryLayerAndForgetGuardsThatAreRemoved() {
        GuardRegistry registry = GuardRegistry.create();
        Guard.named("early").in(registry).bulkhead(3).retry(2).build();
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        new GuardMetrics(registry).bindTo(meters);
        Guard late = Guard.named("late").in(registry).retry(2).build();

        assertThat(late.<Integer>get(() -> 1)).isEqualTo(1);

        assertThat(meters.get("resilience4j.bulkhead.max.allowed.concurrent.calls")
                        .tag("name", "early")
                        .gauge()
                        .value())
                .isEqualTo(3);
        assertThat(meters.get("resilience4j.bulkhead.max.allowed.concurrent.calls")
                        .tag("name", "late")
                        .gauge()
                        .value())
                .isEqualTo(20);
        assertThat(meters.get("resilience4j.circuitbreaker.calls")
                        .tag("name", "late")
                        .tag("kind", "successful")
                        .timer()
                        .count())
                .isEqualTo(1);
        registry.remove("late");
        assertThat(meters.getMeters())
                .extracting(Meter::getId)
                .noneMatch(id -> "late".equals(id.getTag("name")) || "late.control".equals(id.getTag("name")));
    }

    @Test
    void shouldRemoveItsMetersWhenClosed() {
        GuardRegistry registry = GuardRegistry.create();
        Guard guard = Guard.named("stock").in(registry).retry(2).build();
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        meters.counter("resilience4j.of.somebody.else", "name", "other").increment();
        GuardMetrics metrics = new GuardMetrics(registry);
        metrics.bindTo(meters);
        guard.run(() -> {});
        assertThat(meters.find("resilience4j.circuitbreaker.calls")
                        .tag("name", "stock")
                        .meters())
                .isNotEmpty();
        metrics.close();
        metrics.close();
        assertThat(meters.getMeters())
                .extracting(meter -> meter.getId().getName())
                .containsExactly("resilience4j.of.somebody.else");
    }

    @Test
    void shouldPublishResilience4jsEvents() {
        Guard guard = Guard.named("a")
                .bulkhead(AdaptiveLimit.between(1, 1))
                .controlReserve(0)
                .build();
        List<String> events = new CopyOnWriteArrayList<>();
        guard.bulkhead()
                .orElseThrow()
                .getEventPublisher()
                .onCallPermitted(e -> events.add("permitted"))
                .onCallRejected(e -> events.add("rejected"))
                .onCallFinished(e -> events.add("finished"));
        guard.circuitBreaker().orElseThrow().getEventPublisher().onSuccess(e -> events.add("success"));
        guard.run(() -> assertThat(org.assertj.core.api.Assertions.catchThrowable(() -> guard.run(() -> {})))
                .isInstanceOf(GuardFullException.class));
        assertThat(events).containsExactly("permitted", "rejected", "finished", "success");
    }
}
