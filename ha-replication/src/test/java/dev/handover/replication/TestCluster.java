package dev.handover.replication;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.event.HaEvent;
import dev.handover.replication.storage.FaultyDisk;
import dev.handover.replication.storage.StorageOptions;
import dev.handover.replication.transport.Transport;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Nodes of one group in one JVM, over memory only. */
final class TestCluster implements AutoCloseable {
    static final GroupId GROUP = GroupId.of("g");
    static final Duration LONG = Duration.ofSeconds(20);

    final InMemoryConfigurationStore store = new InMemoryConfigurationStore();
    final InMemoryNetwork network = new InMemoryNetwork();
    final InMemoryLogStores logs = new InMemoryLogStores();
    final Map<String, Running> running = new LinkedHashMap<>();
    Consumer<HaNode.Builder> settings = builder -> {};
    /** Where real logs live; null for logs in memory. */
    Path onDisk;

    /** The disks of the nodes, by name, on which faults can be ordered; used with {@link #onDisk} where {@link #faultyDisks} is not null. */
    final Map<String, FaultyDisk> disks = new ConcurrentHashMap<>();

    /** How logs are stored on faulty disks; null for the real disk. */
    StorageOptions faultyDisks;

    Supplier<Journal> machines = Journal::new;

    /** What the nodes are connected by. */
    Supplier<Transport> transports = network::transport;

    /** One node of it. */
    record Running(HaNode node, ReplicatedLog log, Journal journal, List<HaEvent> events) {}

    /** Remembers every command; answers with how many there were. */
    static class Journal implements StateMachine {
        final List<String> commands = new CopyOnWriteArrayListOfManyReads();
        final List<String> leadership = new CopyOnWriteArrayList<>();

        @Override
        public byte[] apply(Command command) {
            commands.add(text(command.payload()));
            return bytes(String.valueOf(commands.size()));
        }

        @Override
        public byte[] query(byte[] query) {
            String wanted = text(query);
            return bytes(
                    wanted.isEmpty() ? String.valueOf(commands.size()) : String.valueOf(commands.contains(wanted)));
        }

        @Override
        public void onLeader(long epoch) {
            leadership.add("leader " + epoch + " after " + commands.size());
        }

        @Override
        public void onFollower(long epoch) {
            leadership.add("follower " + epoch);
        }
    }

    /** Written by the applier, read by the test. */
    private static final class CopyOnWriteArrayListOfManyReads extends java.util.AbstractList<String> {
        private final List<String> list = java.util.Collections.synchronizedList(new ArrayList<>());

        @Override
        public boolean add(String element) {
            return list.add(element);
        }

        @Override
        public String get(int index) {
            return list.get(index);
        }

        @Override
        public int size() {
            return list.size();
        }

        @Override
        public void clear() {
            list.clear();
        }
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    HaNode node(String id) {
        HaNode.Builder builder = HaNode.builder(NodeId.of(id))
                .configurationStore(store.connect())
                .transport(transports.get())
                .dataDirectory(onDisk == null ? Path.of("unused") : onDisk.resolve(id));
        if (onDisk == null) {
            builder.logStores(logs);
        } else if (faultyDisks != null) {
            FaultyDisk disk = disks.computeIfAbsent(id, name -> new FaultyDisk());
            builder.logStores((place, group, node, listener) -> disk.open(place, group, node, faultyDisks, listener));
        }
        settings.accept(builder);
        return builder.start();
    }

    Running start(String id) {
        HaNode node = node(id);
        List<HaEvent> events = new CopyOnWriteArrayList<>();
        node.events().subscribe(events::add);
        Journal journal = machines.get();
        ReplicatedLog log;
        try {
            log = node.join(GROUP, journal);
        } catch (RuntimeException e) {
            node.close();
            throw e;
        }
        Running started = new Running(node, log, journal, events);
        running.put(id, started);
        return started;
    }

    /** Starts the first, which founds the group and leads, then the others, and waits until all are in sync. */
    List<Running> startInSync(String... ids) throws Exception {
        List<Running> started = new ArrayList<>();
        for (String id : ids) {
            Running next = start(id);
            next.log.awaitInSync(LONG).get(30, TimeUnit.SECONDS);
            started.add(next);
        }
        return started;
    }

    void crash(String id) {
        running.remove(id).node.crash();
    }

    static void await(String what, BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + LONG.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("not within " + LONG + ": " + what);
            }
            Thread.sleep(2);
        }
    }

    @Override
    public void close() {
        running.values().forEach(r -> r.node.close());
        store.close();
        network.close();
    }
}
