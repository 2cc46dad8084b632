package dev.handover.election.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class LatestDeliveryTest {
    @Test
    void shouldNeverGoBackNorRepeat() {
        List<String> seen = new ArrayList<>();
        LatestDelivery<String> delivery = new LatestDelivery<>("test", seen::add);
        delivery.offer(2, "two");
        delivery.offer(1, "one");
        delivery.offer(2, "two again");
        delivery.offer(5, "five");
        delivery.close();
        delivery.offer(6, "six");
        assertThat(seen).containsExactly("two", "five");
    }

    @Test
    void shouldDeliverWhatAListenerItselfCauses() {
        List<Integer> seen = new ArrayList<>();
        List<LatestDelivery<Integer>> self = new ArrayList<>();
        LatestDelivery<Integer> delivery = new LatestDelivery<>("test", value -> {
            seen.add(value);
            if (value < 3) {
                self.get(0).offer(value + 1, value + 1);
            }
        });
        self.add(delivery);
        delivery.offer(1, 1);
        assertThat(seen).containsExactly(1, 2, 3);
    }

    @Test
    void shouldDeliverOneAtATimeAndTheLastOneWhenManyThreadsOffer() throws Exception {
        for (int round = 0; round < 20; round++) {
            List<Long> seen = Collections.synchronizedList(new ArrayList<>());
            AtomicInteger inside = new AtomicInteger();
            AtomicInteger overlaps = new AtomicInteger();
            LatestDelivery<Long> delivery = new LatestDelivery<>("test", value -> {
                overlaps.addAndGet(inside.getAndIncrement());
                seen.add(value);
                inside.decrementAndGet();
            });
            CyclicBarrier start = new CyclicBarrier(4);
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                int offset = t;
                Thread thread = new Thread(() -> {
                    try {
                        start.await();
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                    for (long value = offset; value < 4000; value += 4) {
                        delivery.offer(value, value);
                    }
                });
                thread.start();
                threads.add(thread);
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(overlaps).hasValue(0);
            assertThat(seen).isSorted().doesNotHaveDuplicates().endsWith(3999L);
        }
    }
}
