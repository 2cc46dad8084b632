package dev.handover.takeover.partition;

import dev.handover.NodeId;
import dev.handover.takeover.partition.PartitionHost.Presence;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A placement while a plan is drawn: local search from the present one, see {@link PartitionPlan}. */
final class Placement {
    /** Keeps products of weights and loads within a long for any number of partitions that fits into memory. */
    static final int MAX_WEIGHT = 1_000;

    private final TreeMap<Integer, Partition> partitions = new TreeMap<>();
    private final TreeMap<String, PartitionHost> hosts = new TreeMap<>();
    private final TreeMap<Integer, PartitionHost> placed = new TreeMap<>();
    private final Map<String, Long> loads = new TreeMap<>();
    /** Partitions in the order in which they were first moved. */
    private final Set<Integer> touched = new LinkedHashSet<>();

    Placement(Collection<Partition> partitions, Collection<PartitionHost> hosts) {
        for (PartitionHost host : hosts) {
            if (this.hosts.put(host.node().toString(), host) != null) {
                throw new IllegalArgumentException("host " + host.node() + " occurs twice: give each node once");
            }
            loads.put(host.node().toString(), 0L);
        }
        for (Partition partition : partitions) {
            if (this.partitions.put(partition.id(), partition) != null) {
                throw new IllegalArgumentException(
                        "partition " + partition.id() + " occurs twice: give each number once");
            }
            PartitionHost leader = partition
                    .leader()
                    .map(node -> this.hosts.get(node.toString()))
                    .orElse(null);
            if (leader != null && leader.presence() != Presence.AWAY) {
                placed.put(partition.id(), leader);
                add(leader, partition.weight());
            }
        }
    }

    /** By how much the most loaded host is above its share, among those that are ready and do not drain: 0 is even. */
    static double imbalance(Collection<Partition> partitions, Collection<PartitionHost> hosts, Set<NodeId> draining) {
        Placement placement = new Placement(partitions, hosts);
        double loads = 0;
        double weights = 0;
        double most = 0;
        for (PartitionHost host : hosts) {
            if (host.presence() == Presence.READY && !draining.contains(host.node())) {
                loads += placement.load(host);
                weights += host.weight();
                most = Math.max(most, (double) placement.load(host) / host.weight());
            }
        }
        return loads == 0 ? 0 : most * weights / loads - 1;
    }

    /** Moves what may not stay where it is, if anybody can take it; the heaviest first. */
    void evict() {
        List<Partition> out = new ArrayList<>();
        placed.forEach((id, host) -> {
            Partition partition = partition(id);
            List<PartitionHost> able = able(partition);
            if (!able.isEmpty() && !able.contains(host)) {
                out.add(partition);
            }
        });
        out.sort(Comparator.comparingInt(Partition::weight).reversed().thenComparingInt(Partition::id));
        for (Partition partition : out) {
            PartitionHost best = null;
            for (PartitionHost host : able(partition)) {
                if (best == null || before(host, best, partition.weight())) {
                    best = host;
                }
            }
            if (best != null) {
                move(partition, best);
            }
        }
    }

    /** Steepest descent of the sum of load²/weight; ends because that sum falls with each step. */
    void balance() {
        while (true) {
            Partition moved = null;
            PartitionHost target = null;
            double most = 0;
            for (Map.Entry<Integer, PartitionHost> entry : placed.entrySet()) {
                Partition partition = partition(entry.getKey());
                List<PartitionHost> able = able(partition);
                if (!able.contains(entry.getValue())) {
                    continue; // nobody was able to take it
                }
                for (PartitionHost host : able) {
                    if (host != entry.getValue() && lowers(partition, entry.getValue(), host)) {
                        double gain = gain(partition, entry.getValue(), host);
                        if (moved == null || gain > most) {
                            moved = partition;
                            target = host;
                            most = gain;
                        }
                    }
                }
            }
            if (moved == null || target == null) {
                return;
            }
            move(moved, target);
        }
    }

    Map<Integer, NodeId> wanted() {
        Map<Integer, NodeId> wanted = new TreeMap<>();
        placed.forEach((id, host) -> wanted.put(id, host.node()));
        return wanted;
    }

    List<PartitionPlan.Move> moves() {
        List<PartitionPlan.Move> moves = new ArrayList<>();
        for (int id : touched) {
            NodeId from = partition(id).leader().orElseThrow();
            NodeId to = host(id).node();
            if (!from.equals(to)) {
                moves.add(new PartitionPlan.Move(id, from, to));
            }
        }
        return moves;
    }

    /** Who may lead a partition: ready and in sync, of its zone if there is anybody. */
    private List<PartitionHost> able(Partition partition) {
        List<PartitionHost> all = new ArrayList<>();
        List<PartitionHost> near = new ArrayList<>();
        for (PartitionHost host : hosts.values()) {
            if (host.presence() == Presence.READY && partition.inSync().contains(host.node())) {
                all.add(host);
                if (partition.zone().filter(host.zone()::equals).isPresent()) {
                    near.add(host);
                }
            }
        }
        return near.isEmpty() ? all : near;
    }

    private boolean before(PartitionHost a, PartitionHost b, int weight) {
        return (load(a) + weight) * b.weight() < (load(b) + weight) * a.weight();
    }

    /** Exact, so that no rounding makes two moves that undo each other. */
    private boolean lowers(Partition partition, PartitionHost from, PartitionHost to) {
        return (2 * load(from) - partition.weight()) * to.weight()
                > (2 * load(to) + partition.weight()) * from.weight();
    }

    private double gain(Partition partition, PartitionHost from, PartitionHost to) {
        double weight = partition.weight();
        return weight * ((2 * load(from) - weight) / from.weight() - (2 * load(to) + weight) / to.weight());
    }

    private void move(Partition partition, PartitionHost to) {
        add(host(partition.id()), -partition.weight());
        add(to, partition.weight());
        placed.put(partition.id(), to);
        touched.add(partition.id());
    }

    private long load(PartitionHost host) {
        return known(loads.get(host.node().toString()));
    }

    private void add(PartitionHost host, long weight) {
        loads.merge(host.node().toString(), weight, Long::sum);
    }

    private Partition partition(int id) {
        return known(partitions.get(id));
    }

    private PartitionHost host(int id) {
        return known(placed.get(id));
    }

    private static <T> T known(@Nullable T value) {
        if (value == null) {
            throw new IllegalStateException("a partition or host that was never given");
        }
        return value;
    }
}
