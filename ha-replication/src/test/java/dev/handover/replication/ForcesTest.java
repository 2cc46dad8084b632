package dev.handover.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ForcesTest {
    private final Forces forces = new Forces("test-forces");

    @AfterEach
    void end() {
        forces.end();
    }

    @Test
    void shouldForceTwoAtTheSameTime() {
        CyclicBarrier both = new CyclicBarrier(2);
        Set<String> met = ConcurrentHashMap.newKeySet();
        List<String> told = new ArrayList<>();
        forces.each(
                List.of("a", "b"),
                name -> {
                    try {
                        both.await(30, TimeUnit.SECONDS); // alone it would wait for ever
                        met.add(name);
                    } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
                        throw new IllegalStateException(e);
                    }
                },
                told::add);
        assertThat(met).containsExactlyInAnyOrder("a", "b");
        assertThat(told).containsExactlyInAnyOrder("a", "b");
    }

    @Test
    void shouldDoEachOnceAndTellOnTheCallingThreadAfterIt() {
        for (int count : new int[] {1, 2, 3, 256}) {
            List<AtomicInteger> all =
                    IntStream.range(0, count).mapToObj(i -> new AtomicInteger()).toList();
            Thread caller = Thread.currentThread();
            AtomicInteger told = new AtomicInteger();
            forces.each(all, AtomicInteger::incrementAndGet, item -> {
                assertThat(Thread.currentThread()).isSameAs(caller);
                assertThat(item.get()).isEqualTo(1);
                told.incrementAndGet();
            });
            assertThat(told).hasValue(count);
            assertThat(all).allMatch(item -> item.get() == 1);
        }
    }

    @Test
    void shouldLeaveNoThreadBehind() {
        forces.each(List.of(1, 2, 3, 4, 5), item -> {}, item -> {});
        forces.end();
        List<Thread> left;
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        do {
            left = Thread.getAllStackTraces().keySet().stream()
                    .filter(thread -> thread.getName().startsWith("test-forces"))
                    .toList();
        } while (!left.isEmpty() && System.nanoTime() - deadline < 0);
        assertThat(left).isEmpty();
    }
}
