package dev.handover.takeover.partition;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.event.HaEvent;
import dev.handover.replication.Command;
import dev.handover.replication.HaNode;
import dev.handover.replication.InMemoryConfigurationStore;
import dev.handover.replication.InMemoryNetwork;
import dev.handover.replication.StateMachine;
import dev.handover.replication.TestNodes;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** Instances of a service with partitions, in one JVM, over memory only. */
final class TestInstances implements AutoCloseable {
    static final Duration LIMIT = Duration.ofSeconds(30);

    final InMemoryConfigurationStore store = new InMemoryConfigurationStore();
    final InMemoryNetwork network = new InMemoryNetwork();
    final TestNodes nodes = new TestNodes();
    final Map<String, One> running = new TreeMap<>();
    Consumer<Partitions.Builder> settings = builder -> {};
    /** Most transfers that one instance had under way at the same time. */
    final AtomicInteger mostAtATime = new AtomicInteger();

    int count = 12;

    record One(HaNode node, Partitions partitions) {}

    /** Remembers what it was given; tells whether it has something. */
    static final class Remembered implements StateMachine {
        private final Set<String> all = new HashSet<>();

        @Override
        public byte[] apply(Command command) {
            all.add(text(command.payload()));
            return bytes(String.valueOf(all.size()));
        }

        @Override
        public byte[] query(byte[] query) {
            return bytes(String.valueOf(all.contains(text(query))));
        }
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    One start(String name) throws Exception {
        return start(name, builder -> {});
    }

    One start(String name, Consumer<HaNode.Builder> ofNode) throws Exception {
        HaNode.Builder builder = HaNode.builder(NodeId.of(name))
                .configurationStore(store.connect())
                .transport(network.transport())
                .failureTimeout(Duration.ofSeconds(3)) // a busy machine is no failure; the dead refuse connections
                .commandTimeout(Duration.ofSeconds(20))
                .dataDirectory(Path.of("unused"));
        ofNode.accept(nodes.inMemory(builder));
        HaNode node = builder.start();
        Set<GroupId> underWay = new HashSet<>(); // of the event thread
        node.events().subscribe(event -> {
            if (event instanceof HaEvent.Transfer step) {
                if (step.step().isLast()) {
                    underWay.remove(step.group());
                } else if (underWay.add(step.group())) {
                    mostAtATime.accumulateAndGet(underWay.size(), Math::max);
                }
            }
        });
        Partitions.Builder partitions = Partitions.builder(node, "p", count)
                .stateMachines(partition -> new Remembered())
                .interval(Duration.ofMillis(20));
        settings.accept(partitions);
        One one;
        try {
            one = new One(node, partitions.start());
        } catch (RuntimeException e) {
            node.close();
            throw e;
        }
        running.put(name, one);
        one.partitions().awaitInSync(LIMIT).get(LIMIT.toSeconds() + 1, TimeUnit.SECONDS);
        return one;
    }

    /** How many partitions each leads, by the store. */
    Map<String, Integer> load() {
        Map<String, Integer> load = new TreeMap<>();
        for (PartitionStatus partition :
                running.values().iterator().next().partitions().table()) {
            store.configuration(partition.group())
                    .ifPresent(configuration ->
                            load.merge(configuration.leader().node().value(), 1, Integer::sum));
        }
        return load;
    }

    long moved() {
        return running.values().stream()
                .mapToLong(one -> one.partitions().balance().moved())
                .sum();
    }

    void awaitLoad(Map<String, Integer> wanted) throws Exception {
        await("load " + wanted, () -> load().equals(wanted));
    }

    void awaitSettled() throws Exception {
        await("everybody has settled", () -> running.values().stream()
                .allMatch(one -> one.partitions().balance().settled()));
    }

    /** Dies as a process would. */
    void kill(String name) {
        One one = running.remove(name);
        TestNodes.crash(one.node());
        one.partitions().close();
    }

    void await(String what, Callable<Boolean> condition) throws Exception {
        TestNodes.await(
                LIMIT,
                () -> what + "; load " + load() + ", balances "
                        + running.values().stream()
                                .map(one -> one.partitions().balance())
                                .toList(),
                condition);
    }

    @Override
    public void close() {
        running.values().forEach(one -> one.partitions().close());
        running.values().forEach(one -> one.node().close());
        store.close();
        network.close();
    }
}
