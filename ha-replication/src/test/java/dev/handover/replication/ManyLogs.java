package dev.handover.replication;

import static dev.handover.replication.TestCluster.LONG;
import static dev.handover.replication.TestCluster.bytes;
import static dev.handover.replication.TestCluster.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.GroupId;
import dev.handover.replication.storage.FaultyDisk;
import dev.handover.replication.storage.JournalProbe;
import dev.handover.replication.storage.StorageOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;

/** The groups of one node with real files, and a load on them: the commands of each are 1, 2, and so on, several on their way at any time. */
final class ManyLogs implements AutoCloseable {
    static final StorageOptions OPTIONS =
            StorageOptions.defaults().withSegmentBytes(1 << 20).withReserveBytes(0);
    private static final int ON_THE_WAY = 6;
    private static final String FILLER = " " + "x".repeat(80);

    /** Remembers the numbers; answers with how many there were. */
    static final class Numbers implements StateMachine {
        private final List<Long> applied = new ArrayList<>();

        @Override
        public synchronized byte[] apply(Command command) {
            applied.add(number(command.payload()));
            return bytes(String.valueOf(applied.size()));
        }

        @Override
        public synchronized byte[] query(byte[] query) {
            return bytes(String.valueOf(applied.size()));
        }

        synchronized List<Long> applied() {
            return List.copyOf(applied);
        }
    }

    /** One group on the node; the fields of a replica are replaced when it starts. */
    final class Group {
        final int number;
        final GroupId id;
        private final List<Long> acknowledged = new ArrayList<>();
        private final List<String> disorder = new ArrayList<>();
        private long sent;
        private volatile int fillers = 1;
        private volatile Numbers machine = new Numbers();
        private volatile ReplicatedLog log;
        private volatile AtomicInteger onTheWay = new AtomicInteger();
        private volatile Throwable failure;

        Group(int number) {
            this.number = number;
            id = GroupId.of("g" + number);
        }

        void join() {
            machine = new Numbers();
            ReplicatedLog joined = node.join(id, machine);
            synchronized (this) {
                log = joined;
                onTheWay = new AtomicInteger();
                failure = null;
            }
        }

        /** Its commands are of 80 bytes times so many from now on. */
        void fillers(int count) {
            fillers = count;
        }

        ReplicatedLog log() {
            return log;
        }

        Throwable failure() {
            return failure;
        }

        Path directory() {
            return home().resolve(id.value());
        }

        UUID journal() {
            return JournalProbe.journalOf(directory());
        }

        synchronized List<Long> acknowledged() {
            return List.copyOf(acknowledged);
        }

        private void submit() {
            long mine = ++sent;
            ReplicatedLog to;
            AtomicInteger counter;
            synchronized (this) {
                to = log;
                counter = onTheWay;
            }
            counter.incrementAndGet();
            to.submit(bytes(mine + FILLER.repeat(fillers))).whenComplete((answer, reason) -> {
                if (reason == null) {
                    acknowledged(mine, answer);
                    acknowledgements.incrementAndGet();
                    listener.accept(number, mine);
                } else {
                    failed(to, reason);
                }
                counter.decrementAndGet();
                turned.release();
            });
        }

        private synchronized void failed(ReplicatedLog to, Throwable reason) {
            if (to == log) {
                failure = reason;
            }
        }

        private synchronized void acknowledged(long mine, byte[] answer) {
            long before = acknowledged.isEmpty() ? 0 : acknowledged.get(acknowledged.size() - 1);
            if (mine <= before) {
                disorder.add(mine + " was answered after " + before);
            }
            if (Long.parseLong(text(answer)) > mine) {
                disorder.add(mine + " was answered with " + text(answer));
            }
            acknowledged.add(mine);
        }

        @Override
        public String toString() {
            return id + (failure == null ? "" : " " + failure);
        }

        /** What is applied here, each once, and in order: all that was acknowledged, whatever else was sent. */
        List<Long> nothingIsLost() throws Exception {
            log.query(bytes("")).get(20, TimeUnit.SECONDS);
            List<Long> applied = machine.applied();
            isComplete(applied);
            return applied;
        }

        synchronized void isComplete(List<Long> found) {
            assertThat(new ArrayList<>(new TreeSet<>(found)))
                    .as("%s each once and in order", id)
                    .isEqualTo(found);
            TreeSet<Long> missing = new TreeSet<>(acknowledged);
            missing.removeAll(new HashSet<>(found));
            assertThat(missing).as("%s acknowledged and lost", id).isEmpty();
            assertThat(disorder).as("%s", id).isEmpty();
        }
    }

    private final TestCluster cluster;
    private final String name;
    private final long journalBytes;
    private final AtomicInteger acknowledgements = new AtomicInteger();
    private final Semaphore turned = new Semaphore(0);
    private final BiConsumer<Integer, Long> listener;
    final List<Group> groups = new ArrayList<>();

    private HaNode node;
    private Thread loader;
    private volatile List<Group> loaded = List.of();

    /** On a {@link FaultyDisk}, with journals of that size; 0 for the real disk and the size that they have there. */
    ManyLogs(TestCluster cluster, String name, int count, long journalBytes) {
        this(cluster, name, count, journalBytes, (group, number) -> {});
    }

    ManyLogs(TestCluster cluster, String name, int count, long journalBytes, BiConsumer<Integer, Long> onAcknowledged) {
        this.cluster = cluster;
        this.name = name;
        this.journalBytes = journalBytes;
        this.listener = onAcknowledged;
        for (int number = 0; number < count; number++) {
            groups.add(new Group(number));
        }
    }

    static long number(byte[] payload) {
        String all = text(payload);
        return Long.parseLong(all.substring(0, all.indexOf(' ')));
    }

    Path home() {
        return cluster.onDisk.resolve(name);
    }

    HaNode node() {
        return node;
    }

    FaultyDisk disk() {
        return cluster.disks.computeIfAbsent(name, any -> new FaultyDisk());
    }

    /** Starts the node, joins all groups, and waits until they are in sync. */
    ManyLogs start() throws Exception {
        cluster.faultyDisks = journalBytes == 0 ? null : OPTIONS;
        cluster.settings = builder -> {
            builder.storage(OPTIONS);
            if (journalBytes != 0) {
                builder.journals(disk().journals(home(), OPTIONS, journalBytes));
            }
        };
        node = cluster.node(name);
        groups.forEach(Group::join);
        for (Group group : groups) {
            group.log.awaitInSync(LONG).get(30, TimeUnit.SECONDS);
        }
        return this;
    }

    void load() {
        load(groups);
    }

    /** Until {@link #stop}; a group gets no more once it has failed. */
    void load(List<Group> some) {
        loaded = List.copyOf(some);
        loader = new Thread(this::submitAll, "load-" + name);
        loader.setDaemon(true);
        loader.start();
    }

    private void submitAll() {
        while (!loaded.isEmpty()) {
            for (Group group : loaded) {
                while (group.failure == null && group.onTheWay.get() < ON_THE_WAY) {
                    group.submit();
                }
            }
            try {
                turned.tryAcquire(10, TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                return;
            }
            turned.drainPermits();
        }
    }

    /** Sends no more. */
    void stop() throws InterruptedException {
        loaded = List.of();
        loader.join();
    }

    /** Sends no more, and waits until everything is answered. */
    void finish() throws InterruptedException {
        stop();
        TestCluster.await("all is answered", () -> groups.stream().allMatch(group -> group.onTheWay.get() == 0));
    }

    /** In the middle of the load. */
    void crash() throws InterruptedException {
        node.crash();
        stop();
    }

    int acknowledgements() {
        return acknowledgements.get();
    }

    void awaitMore(int count) throws InterruptedException {
        int enough = acknowledgements() + count;
        TestCluster.await(count + " more are acknowledged", () -> acknowledgements() >= enough);
    }

    /** How many logs depend on a journal. */
    int dependents() {
        return journals().size();
    }

    /** On which ones, once for each log. */
    List<UUID> journals() {
        return groups.stream().map(Group::journal).filter(Objects::nonNull).toList();
    }

    /** Under load: many depend on the same journal, another one than that; tells which. */
    UUID awaitJournal(UUID other) throws InterruptedException {
        TestCluster.await("many logs depend on a journal", () -> manyDependOn(other) != null);
        return manyDependOn(other);
    }

    private UUID manyDependOn(UUID other) {
        List<UUID> all = journals();
        UUID newest = null;
        for (UUID one : new HashSet<>(all)) {
            if (!one.equals(other) && all.stream().filter(one::equals).count() >= DiskWriter.MANY) {
                newest = one;
            }
        }
        return newest;
    }

    void nothingIsLost() throws Exception {
        for (Group group : groups) {
            group.nothingIsLost();
        }
    }

    @Override
    public void close() {
        loaded = List.of();
        if (node != null) {
            node.close();
        }
    }
}
