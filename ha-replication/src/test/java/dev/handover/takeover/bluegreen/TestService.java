package dev.handover.takeover.bluegreen;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.event.HaEvent;
import dev.handover.replication.Command;
import dev.handover.replication.GroupStatus;
import dev.handover.replication.HaNode;
import dev.handover.replication.InMemoryConfigurationStore;
import dev.handover.replication.InMemoryNetwork;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.StateMachine;
import dev.handover.replication.TestNodes;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** A service of two groups with instances of two colours, in one JVM, over memory only. */
final class TestService implements AutoCloseable {
    static final List<GroupId> GROUPS = List.of(GroupId.of("orders"), GroupId.of("stock"));
    static final Duration LIMIT = Duration.ofSeconds(30);

    final InMemoryConfigurationStore store = new InMemoryConfigurationStore();
    final InMemoryNetwork network = new InMemoryNetwork();
    final TestNodes nodes = new TestNodes();
    final Map<String, One> instances = new ConcurrentHashMap<>();
    Consumer<HaNode.Builder> settings = builder -> {};
    /** Passes without traffic; to be set before the start. */
    SwitchAnalysis analysis = ThresholdAnalysis.defaults().withMinRequests(0);

    /** Counts the commands of a group. */
    static final class Count implements StateMachine {
        private long count;

        @Override
        public byte[] apply(Command command) {
            return String.valueOf(++count).getBytes(StandardCharsets.UTF_8);
        }
    }

    /** One instance and how it behaves. */
    static final class One implements BlueGreenHooks {
        final String name;
        final HaNode node;
        final List<ReplicatedLog> logs = new ArrayList<>();
        final List<HaEvent.ColourSwitch> steps = new CopyOnWriteArrayList<>();
        final TrafficMonitor traffic = new TrafficMonitor();
        final AtomicInteger drains = new AtomicInteger();
        volatile Callable<Void> warmUp = () -> null;
        volatile String notReady = "";
        volatile String throwsWhen = "";
        /** What it says a request took, whatever the machine did; 0: what it really took. */
        volatile long toldMillis;

        volatile Callable<Void> whenAsked = () -> null;
        volatile Callable<Void> whenDrained = () -> null;
        volatile int failsEvery;
        volatile BlueGreen blueGreen;
        private final AtomicInteger requests = new AtomicInteger();

        One(String name, HaNode node) {
            this.name = name;
            this.node = node;
        }

        @Override
        public void warmUp(Duration time) throws Exception {
            warmUp.call();
        }

        @Override
        public Optional<String> notReady() throws Exception {
            throwIf("asked");
            whenAsked.call();
            return notReady.isEmpty() ? Optional.empty() : Optional.of(notReady);
        }

        @Override
        public void drain(Duration time) throws Exception {
            drains.incrementAndGet();
            throwIf("drained");
            whenDrained.call();
        }

        private void throwIf(String moment) {
            if (throwsWhen.equals(moment)) {
                throw new IllegalStateException("a defect of this version when " + moment);
            }
        }

        /** What the service does for a client. */
        void serve(int client) throws Exception {
            long start = System.nanoTime();
            boolean failed = true;
            try {
                if (failsEvery > 0 && requests.incrementAndGet() % failsEvery == 0) {
                    throw new IllegalStateException("a mistake of this version");
                }
                logs.get(client % logs.size()).submit(new byte[] {1}).get(20, TimeUnit.SECONDS);
                failed = false;
            } finally {
                traffic.record(
                        toldMillis > 0 ? TimeUnit.MILLISECONDS.toNanos(toldMillis) : System.nanoTime() - start, failed);
            }
        }

        boolean leads() {
            return logs.stream().map(ReplicatedLog::status).anyMatch(status -> node.id()
                    .equals(status.leader()));
        }
    }

    /** Starts an instance; its colour is told by the first letter of its name. */
    One start(String name) throws Exception {
        HaNode.Builder builder = HaNode.builder(NodeId.of(name))
                .configurationStore(store.connect())
                .transport(network.transport())
                .failureTimeout(Duration.ofSeconds(3)) // a busy machine is no failure; the dead refuse connections
                .dataDirectory(Path.of("unused"));
        settings.accept(nodes.inMemory(builder));
        HaNode node = builder.start();
        One one = new One(name, node);
        instances.put(name, one);
        node.events().subscribe(event -> {
            if (event instanceof HaEvent.ColourSwitch step) {
                one.steps.add(step);
            }
        });
        for (GroupId group : GROUPS) {
            one.logs.add(node.join(group, new Count()));
        }
        one.blueGreen = BlueGreen.builder(node, "shop")
                .colour(colour(name))
                .version(colour(name) + "-1")
                .groups(one.logs.toArray(ReplicatedLog[]::new))
                .hooks(one)
                .traffic(one.traffic)
                .analysis(analysis)
                .tick(Duration.ofMillis(10))
                .standbyDelay(Duration.ofMillis(200))
                .start();
        await(name + " is in sync", () -> GROUPS.stream().allMatch(group -> store.configuration(group).stream()
                .flatMap(configuration -> configuration.inSync().stream())
                .anyMatch(replica -> replica.node().equals(node.id()))));
        for (One other : instances.values()) { // or it refuses to switch to a colour of which it knows nobody
            await(
                    other.node.id() + " has heard of " + name,
                    () -> other.blueGreen.check(colour(name)).get(20, TimeUnit.SECONDS).stream()
                            .noneMatch(problem -> problem.startsWith("no instance")));
        }
        return one;
    }

    static String colour(String name) {
        return name.startsWith("b") ? "blue" : "green";
    }

    /** Dies as a process would; may be called on the node's own event thread. */
    void kill(String name) {
        One one = instances.remove(name);
        if (one != null) {
            Thread killer = new Thread(
                    () -> {
                        TestNodes.crash(one.node);
                        one.blueGreen.close();
                    },
                    "kill-" + name);
            killer.setDaemon(true);
            killer.start();
        }
    }

    /** Any instance that is there. */
    One any() {
        return instances.values().iterator().next();
    }

    /** Waits until instances of that colour lead every group. */
    void awaitLedBy(String colour) throws Exception {
        await("every group is led by " + colour, () -> {
            for (GroupId group : GROUPS) {
                boolean led = store.configuration(group)
                        .map(configuration ->
                                colour(configuration.leader().node().value()).equals(colour)
                                        && instances.containsKey(
                                                configuration.leader().node().value()))
                        .orElse(false);
                if (!led) {
                    return false;
                }
            }
            return true;
        });
    }

    void awaitLive(String colour) throws Exception {
        await("everybody sees that " + colour + " is live", () -> instances.values().stream()
                .allMatch(one -> colour.equals(one.blueGreen.status().live())));
    }

    static void await(String what, Callable<Boolean> condition) throws Exception {
        TestNodes.await(LIMIT, () -> what, condition);
    }

    GroupStatus status(String name, GroupId group) {
        return instances.get(name).node.status(group).orElseThrow();
    }

    @Override
    public void close() {
        instances.values().stream()
                .map(one -> one.blueGreen)
                .filter(Objects::nonNull)
                .forEach(BlueGreen::close);
        instances.values().forEach(one -> one.node.close());
        store.close();
        network.close();
    }
}
