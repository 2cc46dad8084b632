package dev.handover.event;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.Registration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class EventBusTest {
    @Test
    void shouldDeliverInOrderAndEverythingBeforeItCloses() {
        List<String> seen = Collections.synchronizedList(new ArrayList<>());
        try (EventBus bus = new EventBus("test")) {
            bus.subscribe(event -> seen.add(((HaEvent.ReplicaFaulted) event).reason()));
            for (int i = 0; i < 1000; i++) {
                bus.publish(event("e" + i));
            }
        }
        assertThat(seen).hasSize(1000).startsWith("e0", "e1").endsWith("e998", "e999");
    }

    @Test
    void shouldGoOnWhenAListenerThrowsAndForgetTheOneThatUnsubscribed() throws InterruptedException {
        List<HaEvent> seen = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch both = new CountDownLatch(2);
        try (EventBus bus = new EventBus("test")) {
            bus.subscribe(event -> {
                both.countDown();
                throw new IllegalStateException("listener of this test fails on purpose");
            });
            Registration registration = bus.subscribe(seen::add);
            bus.publish(event("first"));
            registration.close();
            registration.close();
            bus.publish(event("second"));
            assertThat(both.await(10, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(seen).hasSizeLessThanOrEqualTo(1);
    }

    @Test
    void shouldTellInTheContextOfWhoeverAskedAndSurviveOneThatIsNotKnown() {
        ThreadLocal<String> context = ThreadLocal.withInitial(() -> "nobody's");
        List<String> seen = Collections.synchronizedList(new ArrayList<>());
        try (EventBus bus = new EventBus("test")) {
            bus.subscribe(event -> seen.add(context.get() + " " + ((HaEvent.ReplicaFaulted) event).reason()));
            Registration registration = bus.callers(() -> {
                String captured = context.get();
                return task -> () -> {
                    context.set(captured);
                    try {
                        task.run();
                    } finally {
                        context.remove();
                    }
                };
            });
            bus.callers(() -> {
                throw new IllegalStateException("fails on purpose");
            });
            bus.callers(() -> task -> {
                throw new IllegalStateException("fails on purpose, later");
            });
            context.set("Ann's");
            bus.publish(event("switch"), bus.caller());
            bus.publish(event("failure"));
            registration.close();
            bus.publish(event("transfer"), bus.caller());
        }
        assertThat(seen).containsExactly("Ann's switch", "nobody's failure", "nobody's transfer");
    }

    @Test
    void shouldCarryTheContextOfWhoeverAskedToAnotherProcessAndKeepItShort() {
        List<String> seen = Collections.synchronizedList(new ArrayList<>());
        EventBus.Callers callers = new EventBus.Callers() {
            @Override
            public UnaryOperator<Runnable> caller() {
                return EventBus.NOBODY;
            }

            @Override
            public Map<String, String> carried() {
                return new TreeMap<>(
                        Map.of("a", "Ann's", "no key", "x", "Too-long", "x".repeat(1100), "k".repeat(65), "x"));
            }

            @Override
            public UnaryOperator<Runnable> arrived(Map<String, String> carried) {
                return task -> () -> {
                    seen.add(carried.toString());
                    task.run();
                };
            }
        };
        try (EventBus here = new EventBus("here");
                EventBus there = new EventBus("there")) {
            here.callers(callers);
            there.callers(callers);
            there.callers(() -> EventBus.NOBODY);
            Map<String, String> carried = here.carried();
            assertThat(carried).isEqualTo(Map.of("a", "Ann's"));
            there.subscribe(event -> seen.add(((HaEvent.ReplicaFaulted) event).reason()));
            there.publish(event("switch"), there.arrived(carried));
            assertThat(there.arrived(Map.of())).isSameAs(EventBus.NOBODY);
        }
        assertThat(seen).containsExactly("{a=Ann's}", "switch");
    }

    @Test
    void shouldDropAndCountInsteadOfGrowingWhenListenersAreStuck() throws InterruptedException {
        CountDownLatch release = new CountDownLatch(1);
        CountDownLatch stuck = new CountDownLatch(1);
        EventBus bus = new EventBus("test");
        bus.subscribe(event -> {
            stuck.countDown();
            try {
                release.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        bus.publish(event("first"));
        assertThat(stuck.await(10, TimeUnit.SECONDS)).isTrue();
        for (int i = 0; i < 20_000; i++) {
            bus.publish(event("more"));
        }
        assertThat(bus.dropped()).isPositive();
        release.countDown();
        bus.close();
        bus.close();
        bus.publish(event("after close: ignored"));
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(t -> t.getName().equals("test-events"));
    }

    private static HaEvent event(String reason) {
        return new HaEvent.ReplicaFaulted(Instant.EPOCH, NodeId.of("a"), GroupId.of("g"), reason);
    }
}
