package dev.handover.takeover.partition;

import static dev.handover.takeover.partition.TestInstances.bytes;
import static dev.handover.takeover.partition.TestInstances.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.NodeId;
import dev.handover.ReplicaClosedException;
import dev.handover.TransferRefusedException;
import dev.handover.event.HaEvent;
import dev.handover.event.HaEvent.BalanceStep;
import dev.handover.metrics.PartitionMetrics;
import dev.handover.takeover.partition.TestInstances.One;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class PartitionsTest {
    private final TestInstances instances = new TestInstances();

    @AfterEach
    void close() {
        instances.close();
    }

    @Test
    void shouldSpreadTheLeadershipWithAsFewMovesAsPossibleWhenInstancesCome() throws Exception {
        instances.settings = builder -> builder.movesAtMost(2);
        instances.start("a");
        instances.awaitLoad(Map.of("a", 12));
        instances.start("b");
        instances.awaitLoad(Map.of("a", 6, "b", 6));
        long startNanos = System.nanoTime();
        One c = instances.start("c");
        instances.awaitLoad(Map.of("a", 4, "b", 4, "c", 4));
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos);
        instances.awaitSettled();
        System.out.println("a third instance of 12 partitions has its share " + millis + " ms after its start");
        long refused = instances.running.values().stream()
                .mapToLong(one -> one.partitions().balance().refused())
                .sum();
        assertThat(instances.moved()).as("6 to b, then 4 to c").isBetween(10L, 10L + refused);
        assertThat(instances.mostAtATime).as("moves at a time").hasValueLessThanOrEqualTo(2);
        for (int i = 0; i < 100; i++) { // any key, anywhere
            String key = "k" + i;
            Partitions asked =
                    instances.running.get(List.of("a", "b", "c").get(i % 3)).partitions();
            assertThat(asked.submit(key, bytes(key)).get(20, TimeUnit.SECONDS)).isNotEmpty();
            assertThat(text(c.partitions().query(key, bytes(key)).get(20, TimeUnit.SECONDS)))
                    .isEqualTo("true");
            assertThat(asked.route(key).partition()).isEqualTo(asked.partitionOf(key));
            instances.await("who leads it is told", () -> asked.route(key)
                    .leader()
                    .equals(Optional.of(instances
                            .store
                            .configuration(asked.route(key).group())
                            .orElseThrow()
                            .leader()
                            .node())));
        }
    }

    @Test
    void shouldTakeOverAtOnceLoseNoAcknowledgedWriteAndSpreadOnlyAfterTheDelay() throws Exception {
        AtomicLong time = new AtomicLong();
        instances.settings = builder -> builder.delay(Duration.ofHours(1)).nanoTime(time::get);
        for (String name : List.of("a", "b", "c")) {
            instances.start(name);
        }
        instances.awaitLoad(Map.of("a", 4, "b", 4, "c", 4));
        instances.awaitSettled();
        Map<Integer, NodeId> before = leaders("b");
        Map<String, Boolean> acknowledged = new ConcurrentHashMap<>();
        List<Throwable> failures = new CopyOnWriteArrayList<>();
        AtomicBoolean stop = new AtomicBoolean();
        List<Thread> writers = new ArrayList<>();
        for (String name : List.of("b", "c")) {
            Partitions through = instances.running.get(name).partitions();
            writers.add(new Thread(() -> {
                for (int i = 0; !stop.get(); i++) {
                    String key = name + i;
                    try {
                        through.submit(key, bytes(key)).get(25, TimeUnit.SECONDS);
                        acknowledged.put(key, true);
                    } catch (Exception e) {
                        failures.add(e);
                        return;
                    }
                }
            }));
        }
        writers.forEach(Thread::start);
        instances.await("writes", () -> acknowledged.size() > 200);

        long movedBefore = instances.running.get("b").partitions().balance().moved()
                + instances.running.get("c").partitions().balance().moved();
        long killNanos = System.nanoTime();
        instances.kill("a");
        Partitions b = instances.running.get("b").partitions();
        for (int i = 0; i < b.count(); i++) {
            b.log(i).submit(bytes("after " + i)).get(20, TimeUnit.SECONDS);
        }
        long ledMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - killNanos);
        System.out.println(
                "every partition is led again and written to " + ledMillis + " ms after the kill of one of three");
        assertThat(ledMillis).as("the bar is one second").isLessThan(1000);
        int later = acknowledged.size();
        instances.await("more writes", () -> acknowledged.size() > later + 200);
        stop.set(true);
        for (Thread writer : writers) {
            writer.join(30_000);
        }
        assertThat(failures).isEmpty();
        Partitions c = instances.running.get("c").partitions();
        for (String key : acknowledged.keySet()) {
            assertThat(text(c.query(key, bytes(key)).get(20, TimeUnit.SECONDS)))
                    .as(key)
                    .isEqualTo("true");
        }
        assertThat(b.balance().awaited()).containsExactly(NodeId.of("a"));
        assertThat(instances.moved()).as("while a is waited for").isEqualTo(movedBefore);
        leaders("b").forEach((partition, leader) -> {
            if (!before.get(partition).equals(NodeId.of("a"))) {
                assertThat(leader).as("who led %s before", partition).isEqualTo(before.get(partition));
            }
        });

        time.addAndGet(Duration.ofHours(1).toNanos());
        instances.awaitLoad(Map.of("b", 6, "c", 6));

        instances.start("a"); // the node of that name with the log it had
        instances.awaitLoad(Map.of("a", 4, "b", 4, "c", 4));
        instances.awaitSettled();
    }

    private Map<Integer, NodeId> leaders(String seenBy) {
        Map<Integer, NodeId> leaders = new HashMap<>();
        instances
                .running
                .get(seenBy)
                .partitions()
                .table()
                .forEach(partition -> leaders.put(
                        partition.partition(),
                        instances
                                .store
                                .configuration(partition.group())
                                .orElseThrow()
                                .leader()
                                .node()));
        return leaders;
    }

    @Test
    void shouldRespectWeightsAndZones() throws Exception {
        instances.settings = builder -> builder.zones(partition -> partition < 2 ? Optional.of("z") : Optional.empty());
        instances.start("a", node -> node.attribute("weight", "2").zone("y"));
        instances.start("b", node -> node.attribute("weight", "1").zone("z"));
        instances.awaitLoad(Map.of("a", 8, "b", 4));
        instances.awaitSettled();
        assertThat(leaders("a")).containsEntry(0, NodeId.of("b")).containsEntry(1, NodeId.of("b"));
    }

    /** R23 moves leaders as well; the two must not work against each other. */
    @Test
    void shouldSpreadAmongThoseOfTheHighestPriorityOnly() throws Exception {
        instances.start("a");
        instances.start("b", node -> node.priority(5));
        instances.awaitLoad(Map.of("b", 12));
        instances.start("c", node -> node.priority(5));
        instances.awaitLoad(Map.of("b", 6, "c", 6));
        instances.awaitSettled();
    }

    @Test
    void shouldGiveAllAwayAtAStopAndTellTheTable() throws Exception {
        instances.start("a");
        One b = instances.start("b");
        List<List<PartitionStatus>> told = new CopyOnWriteArrayList<>();
        b.partitions().onTable(told::add);
        instances.awaitLoad(Map.of("a", 6, "b", 6));
        One a = instances.running.remove("a");
        a.partitions().close();
        a.partitions().close();
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().equals("handover-a-partitions-p"));
        a.node().close();
        instances.awaitLoad(Map.of("b", 12));
        instances.await(
                "told",
                () -> !told.isEmpty()
                        && told.get(told.size() - 1).stream()
                                .allMatch(row -> row.leader().equals(Optional.of(NodeId.of("b")))));
    }

    @Test
    void shouldGiveAllAwayWithoutStoppingAndTakeNoneUntilItIsResumed() throws Exception {
        instances.settings = builder -> builder.movesAtMost(2);
        One a = instances.start("a");
        instances.start("b");
        instances.start("c");
        instances.awaitLoad(Map.of("a", 4, "b", 4, "c", 4));
        instances.awaitSettled();
        long movedBefore = instances.moved();
        a.partitions().drain(TestInstances.LIMIT).get(35, TimeUnit.SECONDS);
        assertThat(a.partitions().isDraining()).isTrue();
        assertThat(a.partitions().balance().led()).isZero();
        instances.awaitLoad(Map.of("b", 6, "c", 6));
        instances.awaitSettled();
        assertThat(instances.moved() - movedBefore).as("4 of a").isGreaterThanOrEqualTo(4);
        assertThat(instances.mostAtATime).as("moves at a time").hasValueLessThanOrEqualTo(2);
        assertThat(instances.running.get("b").partitions().balance().draining()).containsExactly(NodeId.of("a"));
        assertThat(a.partitions().submit("k", bytes("k")).get(20, TimeUnit.SECONDS))
                .as("it serves on")
                .isNotEmpty();

        instances.kill("b"); // what a must take over, for nobody else is in sync in time, it gives away again
        instances.awaitLoad(Map.of("c", 12));
        instances.await("a holds a copy of all", () -> a.partitions().table().stream()
                .allMatch(row -> row.inSync().contains(NodeId.of("a"))));
        instances.start("b");
        instances.awaitLoad(Map.of("b", 6, "c", 6));
        a.partitions().resume().get(20, TimeUnit.SECONDS);
        instances.awaitLoad(Map.of("a", 4, "b", 4, "c", 4));
        instances.awaitSettled();
    }

    @Test
    void shouldKeepWhatNobodyElseCanLeadWhileItDrainsAndSaySo() throws Exception {
        One a = instances.start("a");
        instances.awaitLoad(Map.of("a", 12));
        CompletableFuture<Void> drained = a.partitions().drain(Duration.ofMillis(300));
        assertThatThrownBy(() -> drained.get(30, TimeUnit.SECONDS))
                .hasCauseInstanceOf(TransferRefusedException.class)
                .hasMessageContaining("12 of 12")
                .hasMessageContaining("nobody else is in sync");
        CompletableFuture<Void> again = a.partitions().drain(TestInstances.LIMIT);
        a.partitions().resume().get(20, TimeUnit.SECONDS);
        assertThatThrownBy(() -> again.get(30, TimeUnit.SECONDS)).hasMessageContaining("was resumed");
        CompletableFuture<Void> last = a.partitions().drain(TestInstances.LIMIT);
        instances.start("b"); // that it has come helps
        last.get(35, TimeUnit.SECONDS);
        instances.awaitLoad(Map.of("b", 12));
        a.partitions().close();
        assertThatThrownBy(() -> a.partitions().drain(TestInstances.LIMIT).get(30, TimeUnit.SECONDS))
                .hasCauseInstanceOf(ReplicaClosedException.class);
    }

    @Test
    void shouldEndADrainInTimeThoughNoLookSucceeds() throws Exception {
        AtomicBoolean broken = new AtomicBoolean();
        instances.settings = builder -> builder.zones(partition -> {
            if (broken.get()) {
                throw new IllegalStateException("a defect of the application");
            }
            return Optional.empty();
        });
        One a = instances.start("a");
        instances.start("b");
        instances.awaitLoad(Map.of("a", 6, "b", 6));
        broken.set(true);
        assertThatThrownBy(() -> a.partitions().drain(Duration.ofMillis(300)).get(30, TimeUnit.SECONDS))
                .hasCauseInstanceOf(TransferRefusedException.class)
                .hasMessageContaining("partitions after PT0.3S");
    }

    @Test
    void shouldTellByEventsAndMetersHowTheyAreSpread() throws Exception {
        One a = instances.start("a");
        List<HaEvent.PartitionBalance> told = new CopyOnWriteArrayList<>();
        a.node().events().subscribe(event -> {
            if (event instanceof HaEvent.PartitionBalance balance) {
                told.add(balance);
            }
        });
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        try (PartitionMetrics metrics = new PartitionMetrics(a.partitions())) {
            metrics.bindTo(registry);
            instances.awaitSettled();
            assertThat(gauge(registry, "led")).isEqualTo(12);
            assertThat(gauge(registry, "settled")).isEqualTo(1);
            assertThat(gauge(registry, "imbalance")).isZero();
            instances.start("b");
            instances.awaitLoad(Map.of("a", 6, "b", 6));
            instances.awaitSettled();
            instances.await("six are told", () -> count(told, BalanceStep.MOVED) >= 6);
            instances.await(
                    "settled again",
                    () -> told.get(told.size() - 1).step() == BalanceStep.SETTLED && gauge(registry, "settled") == 1);
            assertThat(told)
                    .anyMatch(event -> event.step() == BalanceStep.SPREADING
                            && event.partitions().equals("p"));
            assertThat(gauge(registry, "led")).isEqualTo(6);
            assertThat(gauge(registry, "left")).isZero();
            assertThat(gauge(registry, "imbalance")).isZero();
            assertThat(moves(registry, "moved")).isEqualTo(count(told, BalanceStep.MOVED));
            assertThat(moves(registry, "refused")).isEqualTo(count(told, BalanceStep.NOT_MOVED));
            instances.kill("b");
            instances.await("it is awaited", () -> gauge(registry, "awaited") == 1);
            assertThat(gauge(registry, "settled")).isZero();
            a.partitions().drain(TestInstances.LIMIT);
            instances.await("it drains", () -> gauge(registry, "draining") == 1);
        }
        assertThat(registry.getMeters()).isEmpty();
    }

    private static long count(List<HaEvent.PartitionBalance> told, BalanceStep step) {
        return told.stream().filter(event -> event.step() == step).count();
    }

    private static double gauge(SimpleMeterRegistry registry, String name) {
        return registry.get("handover.partitions." + name)
                .tags("partitions", "p", "node", "a")
                .gauge()
                .value();
    }

    private static double moves(SimpleMeterRegistry registry, String result) {
        return registry.get("handover.partitions.moves")
                .tags("result", result)
                .functionCounter()
                .count();
    }

    @Test
    void shouldRefuseAnotherNumberOfPartitions() throws Exception {
        instances.start("a");
        instances.count = 13;
        assertThatThrownBy(() -> instances.start("b"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("crc32c 12")
                .hasMessageContaining("crc32c 13");
        instances.count = 0;
        assertThatThrownBy(() -> instances.start("b"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("partitions 0");
    }

    @Test
    void shouldDivideKeysForEverAlike() throws ExecutionException {
        assertThat(Partitions.partitionOf(bytes("123456789"), 1 << 30)) // 0xE3069283, the check value of CRC-32C
                .isEqualTo((int) (0xE3069283L % (1 << 30)));
        int[] counts = new int[32];
        for (int i = 0; i < 32_000; i++) {
            counts[Partitions.partitionOf(bytes("user-" + i), 32)]++;
        }
        assertThat(Arrays.stream(counts)).allMatch(count -> count > 800 && count < 1200);
    }
}
