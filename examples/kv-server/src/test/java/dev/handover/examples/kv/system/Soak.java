package dev.handover.examples.kv.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.examples.kv.KvCluster;
import dev.handover.examples.kv.KvNode;
import dev.handover.examples.kv.Placement;
import dev.handover.examples.kv.RawClient;
import dev.handover.examples.kv.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Everything that can happen to a cluster, for a time. It goes by rounds: clients write values that occur once while faults come, one at a time or several on top of each other, each
 * followed by the return to full redundancy; then the clients end, an {@link Audit} looks at every answer, and what earlier rounds wrote is read again. The seed decides
 * what is done and when, as far as it does not depend on who leads at the moment.
 *
 * <p>Each node carries {@link dev.handover.examples.kv.SideGroups} as well, written by a {@link SideLoad}, so that its logs are forced together in its journal; they are audited, too.
 */
final class Soak implements AutoCloseable {
    private static final Duration ROUND = Duration.ofSeconds(40);

    /** Everybody is back in sync after a fault. The starts of processes are in it, and a busy machine. */
    private static final Duration RECOVERY = Duration.ofSeconds(60);

    private static final int KEYS_PER_READ = 50;
    private static final int MOST_AT_A_TIME = 3;

    private final Path directory;
    private final SoakSummary summary;
    private final Random random;
    private final long seed;
    private final Duration time;
    private final Timeline timeline = new Timeline();
    private final NodeLogs logs = new NodeLogs();
    private final Map<String, String> ledger = new LinkedHashMap<>();
    private final List<SoakFault> deck = new ArrayList<>();
    private final NetworkNamespaces network;
    private final NodeDisks disks;
    private final KvCluster cluster;
    private final Mischief mischief;
    private final SideLoad side;
    private Load load;
    private int rounds;

    /** Starts a cluster of so many nodes, for a soak of that time. */
    Soak(Path directory, int nodes, long seed, Duration time, SoakSummary summary) throws IOException {
        this.directory = directory;
        this.summary = summary;
        this.seed = seed;
        this.time = time;
        random = new Random(seed);
        List<String> names = List.of("a", "b", "c", "d", "e").subList(0, nodes);
        List<String> missing = new ArrayList<>();
        String refused = NetworkNamespaces.refusal();
        if (refused != null) {
            missing.add("no link is cut: " + refused);
        }
        network = refused == null ? NetworkNamespaces.build(names) : null;
        NodeDisks mounted = null;
        KvCluster started = null;
        try {
            mounted = NodeDisks.mount(directory, names, missing);
            started = KvCluster.in(directory)
                    .nodes(nodes)
                    .sideGroups()
                    .placement(network == null ? Placement.LOOPBACK : network)
                    .serverOptions(
                            "--timeout", SystemTest.COMMAND_TIMEOUT.toSeconds() + "s",
                            "--snapshot-interval", "2s",
                            "--snapshot-margin", "1000",
                            "--segment-size", Mischief.SEGMENT_BYTES / 1024 + "k",
                            "--disk-reserve", Mischief.RESERVE_BYTES / 1024 + "k")
                    .start();
        } finally {
            disks = mounted;
            cluster = started;
            if (cluster == null) {
                closeSurroundings();
            }
        }
        side = new SideLoad(cluster);
        mischief = new Mischief(cluster, network, disks, random, time.compareTo(ROUND) >= 0, timeline);
        missing.forEach(what -> SystemTest.LOG.warn("{} nodes: {}", nodes, what));
        summary.begin(nodes, seed, disks == null ? "the file system of the test" : disks.kind(), missing);
    }

    /** Goes on for its time, and to the end of the round. */
    void run() throws Exception {
        try {
            long end = System.nanoTime() + time.toNanos();
            do {
                long roundEnd = Math.min(end, System.nanoTime() + ROUND.toNanos());
                round(roundEnd);
            } while (System.nanoTime() < end);
        } catch (Exception | AssertionError e) {
            throw finding(e);
        } finally {
            summary.sideGroups(side.toString(), mischief.killedWithJournal());
            summary.end(rounds, timeline.age(), logs);
            keepLogs(Path.of("target", "soak-logs", cluster.nodes().size() + "-nodes"));
        }
    }

    private void round(long end) throws Exception {
        rounds++;
        timeline.add("round %d", rounds);
        load = Load.on(cluster, random.nextLong(), "/" + rounds);
        side.start();
        do {
            episode();
        } while (System.nanoTime() < end);
        load.awaitWrites(100, SystemTest.SOON);
        load.stop();
        side.stop();
        long stopped = System.nanoTime();
        timeline.add("audit: %s; side groups: %s", load.history(), side);
        summary.add(load.history());
        Waiting.until(
                "no command of unknown outcome is under way any more",
                SystemTest.SOON,
                () -> System.nanoTime() - stopped > SystemTest.COMMAND_TIMEOUT.toNanos());
        Map<String, String> values = Audit.check(cluster, load.history());
        side.check();
        checkLedger();
        ledger.putAll(values);
        logs.follow(cluster.nodes());
        assertThat(logs.findings()).as("what nodes must not say").isEmpty();
        assertThat(logs.epochs()).as("epochs with a leader").isPositive();
        assertThat(logs.counts().get(NodeLogs.JOURNALS)).as(NodeLogs.JOURNALS).isPositive();
    }

    // ---- faults

    /** Some faults on top of each other, and the way back. */
    private void episode() throws Exception {
        int count = random.nextInt(10) < 6 ? 1 : 2 + random.nextInt(MOST_AT_A_TIME - 1);
        long from = System.nanoTime();
        List<Mischief.Ongoing> begun = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            SoakFault drawn = draw();
            Mischief.Ongoing fault = mischief.begin(drawn);
            if (fault != null) {
                begun.add(fault);
                rest(random.nextInt(4) == 0 ? 0 : random.nextInt(1000));
            } else if (!begun.isEmpty()) {
                deck.add(0, drawn); // its turn comes when nothing else lasts
            }
        }
        if (begun.isEmpty()) {
            return;
        }
        List<Mischief.Ongoing> ends = new ArrayList<>(begun);
        Collections.shuffle(ends, random);
        for (Mischief.Ongoing fault : ends) {
            rest(fault.millis());
            checkAlive(begun);
            mischief.end(fault);
        }
        long ended = System.nanoTime();
        recover(begun);
        load.awaitWrites(50, RECOVERY);
        side.awaitWrites(RECOVERY);
        recover(begun); // before the writes an old leader may have said so, to whom no new one had shown itself
        long now = System.nanoTime();
        Duration gap = load.history().longestGap(from, now);
        Duration recovery = Duration.ofNanos(now - ended);
        timeline.add("everybody is back after %d ms, longest gap %d ms", recovery.toMillis(), gap.toMillis());
        summary.add(begun, gap, recovery);
        if (begun.size() == 1 && begun.get(0).fault().isBounded()) {
            assertThat(gap)
                    .as(
                            "longest time without an acknowledged write, with nothing but: %s",
                            begun.get(0).fault().label())
                    .isLessThan(SoakFault.GAP);
        }
        for (KvNode node : cluster.nodes()) {
            Damage.removeDamagedLogs(node.data());
        }
    }

    /** Every kind in turn, in random order. */
    private SoakFault draw() {
        if (deck.isEmpty()) {
            deck.addAll(mischief.possible());
            Collections.shuffle(deck, random);
        }
        return deck.remove(deck.size() - 1);
    }

    private static void rest(int millis) throws InterruptedException {
        Thread.sleep(millis); // a fault lasts so long
    }

    private void recover(List<Mischief.Ongoing> faults) {
        int all = cluster.nodes().size();
        try {
            Waiting.until("all " + all + " replicas in sync", RECOVERY, () -> {
                checkAlive(faults);
                for (KvNode node : cluster.nodes()) {
                    if (!node.isAlive()) {
                        timeline.add("start %s again", node);
                        node.start();
                        mischief.isUp(node);
                    }
                }
                return cluster.saysInSync(all) && everybodyAgrees() && side.everybodyIsInSync();
            });
        } catch (AssertionError e) {
            for (KvNode node : cluster.nodes()) {
                timeline.add("%s says: %s", node, state(node));
            }
            throw e;
        }
    }

    /** The configuration may name a node whose process is about to start. */
    private boolean everybodyAgrees() throws IOException {
        for (KvNode node : cluster.nodes()) {
            if (!"1".equals(node.info().get("self_in_sync"))) {
                return false;
            }
        }
        return true;
    }

    private static Object state(KvNode node) {
        try {
            return node.info();
        } catch (IOException e) {
            return e;
        }
    }

    /** A process ends only when it was told to, or for its disk. */
    private void checkAlive(List<Mischief.Ongoing> faults) {
        for (KvNode node : cluster.nodes()) {
            if (!node.isAlive() && !mischief.isDown(node)) {
                boolean disk = faults.stream()
                        .anyMatch(fault ->
                                fault.fault().concernsDisk() && fault.victims().contains(node));
                int code = node.process().awaitExit(Duration.ZERO);
                timeline.add("%s has ended by itself, with %d", node, code);
                if (!disk || code != 3) {
                    throw new AssertionError(node + " has ended by itself, with " + code + "; see " + node.log());
                }
                summary.stoppedItself();
                mischief.isDownNow(node);
            }
        }
    }

    // ---- checks

    /** What earlier rounds left is still there. */
    private void checkLedger() throws IOException {
        List<String> keys = new ArrayList<>(ledger.keySet());
        try (RawClient client = cluster.leader().client()) {
            for (int from = 0; from < keys.size(); from += KEYS_PER_READ) {
                List<String> some = keys.subList(from, Math.min(keys.size(), from + KEYS_PER_READ));
                List<String> words = new ArrayList<>(List.of("MGET"));
                words.addAll(some);
                assertThat(client.call(words.toArray(new String[0])))
                        .as("values of earlier rounds under %s", some)
                        .isEqualTo(some.stream().map(ledger::get).toList().toString());
            }
        }
        timeline.add("%d keys of earlier rounds are as they were", keys.size());
    }

    /** Keeps what is needed to understand it. */
    private AssertionError finding(Throwable cause) throws IOException {
        summary.finding(cause.toString());
        timeline.add("FINDING: %s", cause);
        for (KvNode node : cluster.alive()) {
            Shell.attempt(
                    directory.resolve(node + ".threads"),
                    Path.of(System.getProperty("java.home"), "bin", "jstack").toString(),
                    Long.toString(node.process().pid()));
        }
        cluster.close();
        if (disks != null) {
            for (KvNode node : cluster.nodes()) {
                disks.release(node.id());
                Damage.copy(node.data(), directory.resolve("kept-" + node));
            }
        }
        return new AssertionError(
                "-Dseed=" + seed + ", " + cluster.nodes().size()
                        + " nodes: " + cause.getMessage() + "\nLogs, threads and data are in " + directory
                        + "\n"
                        + String.join("\n", timeline.last(40)),
                cause);
    }

    private void keepLogs(Path place) throws IOException {
        Files.createDirectories(place);
        Files.write(place.resolve("timeline.txt"), timeline.lines());
        for (KvNode node : cluster.nodes()) {
            Files.copy(node.log(), place.resolve(node.log().getFileName()), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    @Override
    public void close() {
        if (load != null) {
            load.close();
        }
        side.close();
        mischief.close();
        cluster.close();
        closeSurroundings();
    }

    private void closeSurroundings() {
        if (network != null) {
            network.close();
        }
        if (disks != null) {
            disks.close();
        }
    }
}
