package dev.handover.examples.kv.system;

import dev.handover.Configuration;
import dev.handover.GroupId;
import dev.handover.coordination.VersionedConfiguration;
import dev.handover.election.zookeeper.ZooKeeperConfigurationStore;
import dev.handover.examples.kv.KvCluster;
import dev.handover.examples.kv.KvNode;
import dev.handover.examples.kv.SideGroups;
import dev.handover.examples.kv.Waiting;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** Begins faults and ends them. Several may last at a time, on different nodes. One thread. */
final class Mischief implements AutoCloseable {
    private static final List<GroupId> GROUPS = Stream.concat(Stream.of("kv"), SideGroups.names().stream())
            .map(GroupId::of)
            .toList();
    private static final Duration REMOVED = Duration.ofSeconds(15);
    static final long RESERVE_BYTES = 1 << 20;
    static final long SEGMENT_BYTES = 256 << 10;

    /** How a fault ends. */
    interface End {
        void end() throws Exception;
    }

    /** A fault that lasts. */
    record Ongoing(SoakFault fault, Set<KvNode> victims, boolean onLeader, int millis, End end) {}

    private final KvCluster cluster;
    private final NetworkNamespaces network;
    private final NodeDisks disks;
    private final Random random;
    private final boolean patient;
    private final Timeline timeline;
    private final ZooKeeperConfigurationStore store;
    private final List<Ongoing> ongoing = new ArrayList<>();

    /** Nodes whose process was ended here and not started again. */
    private final Set<KvNode> down = new HashSet<>();

    private int killedWithJournal;

    /**
     * @param network null if links cannot be cut
     * @param disks null if nodes have no disks of their own
     * @param patient whether some faults last for longer than ZooKeeper's session time-out of 10 s
     */
    Mischief(
            KvCluster cluster,
            NetworkNamespaces network,
            NodeDisks disks,
            Random random,
            boolean patient,
            Timeline timeline) {
        this.cluster = cluster;
        this.network = network;
        this.disks = disks;
        this.random = random;
        this.patient = patient;
        this.timeline = timeline;
        store = ZooKeeperConfigurationStore.builder(cluster.connectString())
                .operationTimeout(Duration.ofSeconds(2))
                .build();
    }

    /** All that can be done here. */
    List<SoakFault> possible() {
        List<SoakFault> possible = new ArrayList<>(List.of(SoakFault.values()));
        possible.removeIf(fault -> fault.needsNetwork() && network == null
                || fault == SoakFault.DISK_FULL && disks == null
                || fault == SoakFault.DISK_STALLED && (disks == null || !disks.canFreeze()));
        return possible;
    }

    List<Ongoing> ongoing() {
        return List.copyOf(ongoing);
    }

    /** Whether its process was ended on purpose. */
    boolean isDown(KvNode node) {
        return down.contains(node);
    }

    /** Its process has ended by itself, as it may. */
    void isDownNow(KvNode node) {
        down.add(node);
    }

    /** Its process has been started. */
    void isUp(KvNode node) {
        down.remove(node);
    }

    /**
     * Begins one.
     *
     * @return null if it cannot be done beside those that last
     */
    Ongoing begin(SoakFault fault) throws Exception {
        List<KvNode> free = new ArrayList<>(cluster.nodes());
        ongoing.forEach(other -> free.removeAll(other.victims()));
        boolean networkBusy = ongoing.stream().anyMatch(other -> other.fault().needsNetwork());
        boolean zooKeeperBusy =
                ongoing.stream().anyMatch(other -> other.victims().isEmpty());
        boolean damaged = ongoing.stream().anyMatch(other -> other.fault().damages());
        if (free.isEmpty()
                || fault.needsNetwork() && networkBusy
                || fault.damages() && (damaged || zooKeeperBusy || networkBusy)
                || fault.name().startsWith("ZOOKEEPER") && (zooKeeperBusy || damaged)) {
            return null;
        }
        KvNode leader = free.stream().filter(KvNode::leads).findFirst().orElse(null);
        KvNode victim = leader != null && random.nextBoolean() ? leader : free.get(random.nextInt(free.size()));
        Ongoing begun = begin(fault, victim, victim == leader, free);
        if (begun != null) {
            ongoing.add(begun);
        }
        return begun;
    }

    private Ongoing begin(SoakFault fault, KvNode victim, boolean leads, List<KvNode> free) throws Exception {
        String who = victim + (leads ? ", the leader" : "");
        return switch (fault) {
            case KILL -> {
                timeline.add("kill %s", who);
                victim.kill();
                killed(victim);
                yield one(fault, victim, leads, random.nextBoolean() ? 0 : millis(3000), () -> start(victim));
            }
            case KILL_ALL -> {
                timeline.add("kill all of %s", free);
                for (KvNode node : free) {
                    ProcessHandle.of(node.process().pid()).ifPresent(ProcessHandle::destroyForcibly);
                }
                for (KvNode node : free) {
                    node.kill();
                    killed(node);
                }
                yield new Ongoing(fault, Set.copyOf(free), leads, millis(500), () -> {
                    for (KvNode node : free) {
                        start(node);
                    }
                });
            }
            case STOP -> {
                timeline.add("stop %s in order", who);
                stop(victim);
                yield one(fault, victim, leads, millis(2000), () -> start(victim));
            }
            case SHORT_PAUSE, PAUSE -> {
                int millis = fault == SoakFault.PAUSE ? 600 + millis(5000) : 50 + millis(350);
                timeline.add("pause %s for %d ms", who, millis);
                victim.process().pause();
                yield one(fault, victim, leads, millis, () -> victim.process().resume());
            }
            case TRANSFER -> transfer(free);
            case ZOOKEEPER_KILL -> {
                timeline.add("kill ZooKeeper");
                cluster.zooKeeper().kill();
                yield new Ongoing(fault, Set.of(), false, millis(4000), cluster::startZooKeeper);
            }
            case ZOOKEEPER_PAUSE -> {
                timeline.add("pause ZooKeeper");
                cluster.zooKeeper().pause();
                // now and then for longer than its session time-out of 10 s
                int millis = patient && random.nextInt(6) == 0 ? 11_000 : millis(4000);
                yield new Ongoing(fault, Set.of(), false, millis, () -> cluster.zooKeeper()
                        .resume());
            }
            case CUT -> {
                timeline.add("cut %s off", who);
                network.cut(victim.id());
                yield one(fault, victim, leads, 600 + millis(5000), network::heal);
            }
            case CUT_FROM_PEERS -> {
                timeline.add("cut %s off from its peers", who);
                for (KvNode peer : cluster.nodes()) {
                    if (peer != victim) {
                        network.cut(victim.id(), peer.id());
                    }
                }
                yield one(fault, victim, leads, 600 + millis(5000), network::heal);
            }
            case CUT_FROM_ZOOKEEPER -> {
                timeline.add("cut %s off from ZooKeeper", who);
                network.cutFromZooKeeper(victim.id());
                int millis = patient && random.nextInt(4) == 0 ? 12_000 : millis(4000);
                yield one(fault, victim, leads, millis, network::heal);
            }
            case ONE_WAY -> {
                timeline.add("cut one way: %s", cutSomeWays());
                yield new Ongoing(fault, Set.of(), leads, 600 + millis(5000), network::heal);
            }
            case SLOW -> {
                String how = network.slowDown(victim.id());
                if (how == null) {
                    timeline.add("links cannot be slowed down here");
                    yield null;
                }
                timeline.add("slow down %s: %s", who, how);
                yield one(fault, victim, leads, 1000 + millis(5000), network::speedUp);
            }
            case DISK_FULL -> {
                long left = random.nextBoolean() ? 0 : (long) (random.nextDouble() * (RESERVE_BYTES + SEGMENT_BYTES));
                timeline.add("fill the disk of %s but for %d bytes", who, left);
                disks.fill(victim.id(), left);
                yield one(fault, victim, leads, 1000 + millis(9000), () -> disks.free(victim.id()));
            }
            case DISK_STALLED -> {
                timeline.add("the disk of %s stands still", who);
                disks.freeze(victim.id());
                yield one(fault, victim, leads, millis(4000), () -> disks.thaw(victim.id()));
            }
            case DAMAGE, DAMAGE_JOURNAL, WIPE -> {
                boolean inOrder = random.nextBoolean() && fault != SoakFault.DAMAGE_JOURNAL;
                timeline.add("%s %s, to do harm to its disk", inOrder ? "stop" : "kill", who);
                if (inOrder) {
                    stop(victim);
                } else {
                    victim.kill();
                    killed(victim);
                }
                yield one(fault, victim, leads, millis(1500), () -> {
                    if (othersHoldEverything(victim)) {
                        if (fault == SoakFault.WIPE) {
                            Damage.wipe(victim.data());
                            timeline.add("wiped the disk of %s", victim);
                        } else {
                            String what = fault == SoakFault.DAMAGE
                                    ? Damage.spoilLog(victim.data(), random)
                                    : Damage.spoilJournal(victim.data(), random);
                            timeline.add("%s of %s", what, victim);
                        }
                    }
                    start(victim);
                });
            }
            case ROLLBACK -> {
                timeline.add("stop %s and copy its directory", who);
                stop(victim);
                Path copy = cluster.directory().resolve("copy-" + victim);
                Damage.wipe(copy);
                Damage.copy(victim.data(), copy);
                start(victim);
                yield one(fault, victim, leads, 500 + millis(2000), () -> rollBack(victim, copy));
            }
        };
    }

    private void killed(KvNode node) throws IOException {
        down.add(node);
        if (Damage.hasJournal(node.data())) {
            killedWithJournal++;
        }
    }

    /** How many of the processes that were killed had logs in their journal. */
    int killedWithJournal() {
        return killedWithJournal;
    }

    private Ongoing transfer(List<KvNode> free) throws IOException {
        KvNode leader = free.stream().filter(KvNode::leads).findFirst().orElse(null);
        if (leader == null) {
            return null;
        }
        List<KvNode> targets = new ArrayList<>(cluster.nodes());
        targets.remove(leader);
        KvNode target = targets.get(random.nextInt(targets.size()));
        String reply = leader.call("HANDOVER", "TRANSFER", target.id());
        timeline.add("transfer from %s to %s: %s", leader, target, reply);
        return one(SoakFault.TRANSFER, leader, true, 0, () -> {});
    }

    private String cutSomeWays() throws IOException {
        List<String> cut = new ArrayList<>();
        for (KvNode from : cluster.nodes()) {
            for (KvNode to : cluster.nodes()) {
                if (from != to && random.nextInt(3) == 0) {
                    network.cutOneWay(from.id(), to.id());
                    cut.add(from + " to " + to);
                }
            }
            if (random.nextInt(6) == 0) {
                network.cutFromZooKeeper(from.id());
                cut.add(from + " to ZooKeeper");
            }
        }
        if (cut.isEmpty()) {
            KvNode from = cluster.nodes().get(0);
            KvNode to = cluster.nodes().get(1);
            network.cutOneWay(from.id(), to.id());
            cut.add(from + " to " + to);
        }
        return String.join(", ", cut);
    }

    /** The old directory comes back: the replica must refuse it, and is rebuilt from nothing. */
    private void rollBack(KvNode victim, Path copy) throws Exception {
        if (!isInSync(victim)) {
            timeline.add("no directory is rolled back: nothing has happened since the copy");
            return;
        }
        stop(victim);
        if (!othersHoldEverything(victim)) {
            start(victim);
            return;
        }
        Damage.wipe(victim.data());
        Damage.copy(copy, victim.data());
        timeline.add("rolled the directory of %s back", victim);
        start(victim);
        Waiting.until(victim + " refuses a directory that was rolled back", SystemTest.SOON, () -> !victim.isAlive());
        down.add(victim);
        int code = victim.process().awaitExit(SystemTest.SOON);
        if (code != 3) {
            throw new AssertionError(victim + " ended with " + code + " and not with 3; see " + victim.log());
        }
        Damage.wipe(victim.data());
        timeline.add("it refused; wiped the disk of %s", victim);
        start(victim);
    }

    private static boolean isInSync(KvNode node) {
        try {
            Waiting.until(
                    node + " is in sync",
                    REMOVED,
                    () -> "1".equals(node.info().get("self_in_sync")) && SideLoad.isInSync(node));
            return true;
        } catch (AssertionError e) {
            return false;
        }
    }

    /**
     * Whether configurations of all groups made by another leader no longer count on the stopped victim's copy, so that what is done to it can cost nothing. A compare-and-set of the victim's
     * that is still on its way cannot change that any more.
     */
    private boolean othersHoldEverything(KvNode victim) {
        try {
            for (GroupId group : GROUPS) {
                Waiting.until("a configuration of " + group + " without " + victim, REMOVED, () -> configuration(group)
                        .filter(found -> !found.leader().node().value().equals(victim.id()))
                        .filter(found -> found.inSync().stream()
                                .noneMatch(replica -> replica.node().value().equals(victim.id())))
                        .isPresent());
            }
            return true;
        } catch (AssertionError e) {
            timeline.add("no harm is done to %s: the others do not go on without it", victim);
            return false;
        }
    }

    private Optional<Configuration> configuration(GroupId group)
            throws InterruptedException, TimeoutException, ExecutionException {
        return store.read(group).get(3, TimeUnit.SECONDS).map(VersionedConfiguration::configuration);
    }

    private void stop(KvNode node) {
        down.add(node);
        node.process().terminate();
        int code = node.process().awaitExit(SystemTest.SOON); // it gives up after 8 s, and ends with 1
        if (code != 0) {
            timeline.add("%s ended with %d after SIGTERM", node, code);
        }
    }

    private void start(KvNode node) throws IOException {
        timeline.add("start %s", node);
        down.remove(node);
        node.start();
    }

    private static Ongoing one(SoakFault fault, KvNode victim, boolean leads, int millis, End end) {
        return new Ongoing(fault, Set.of(victim), leads, millis, end);
    }

    private int millis(int below) {
        return random.nextInt(below);
    }

    /** Ends it. */
    void end(Ongoing fault) throws Exception {
        timeline.add("end of: %s", fault.fault().label());
        ongoing.remove(fault);
        fault.end().end();
    }

    @Override
    public void close() {
        store.close();
    }
}
