package dev.handover.takeover.partition;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.Role;
import dev.handover.coordination.Member;
import dev.handover.coordination.MemberAttributes;
import dev.handover.event.HaEvent.BalanceStep;
import dev.handover.replication.GroupStatus;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.TransferResult;
import dev.handover.takeover.partition.PartitionHost.Presence;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.function.IntUnaryOperator;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Carries out this instance's part of the plan: looks at what every instance can see, draws the {@link PartitionPlan}, and gives away what this instance leads and another should. A move is begun when it was
 * drawn twice in a row, so that a look in the middle of a change moves nothing. All on one thread.
 */
final class Balancer {
    /** For so long a partition stays after a move that was refused. */
    private static final long REFUSED_NANOS = 1_000_000_000L;

    private final HaNode node;
    private final List<ReplicatedLog> logs;
    private final Settings settings;
    private final Executor thread;
    private final BalanceEvents events;
    private final Presences presences;
    private final Patience patience = new Patience();
    private final TreeMap<Integer, PartitionPlan.Move> underWay = new TreeMap<>();
    private final Map<Integer, Long> refusedNanos = new HashMap<>();
    private Set<PartitionPlan.Move> drawn = Set.of();
    private long moved;
    private long refused;

    /** What does not change. */
    record Settings(
            int atMost,
            long delayNanos,
            IntUnaryOperator weights,
            IntFunction<Optional<String>> zones,
            LongSupplier nanoTime) {}

    Balancer(HaNode node, List<ReplicatedLog> logs, Settings settings, BalanceEvents events, Executor thread) {
        this.node = node;
        this.logs = logs;
        this.settings = settings;
        this.events = events;
        this.thread = thread;
        presences = new Presences(settings.delayNanos());
    }

    /** Looks, and begins what is to begin. */
    BalanceStatus tick() {
        long now = settings.nanoTime().getAsLong();
        List<@Nullable Configuration> seen = new ArrayList<>();
        Map<NodeId, Integer> inSync = new HashMap<>();
        int led = 0;
        for (ReplicatedLog log : logs) {
            GroupStatus status = log.status();
            Configuration configuration = status.configuration();
            led += status.role().leads() ? 1 : 0;
            seen.add(configuration);
            if (configuration != null) {
                configuration.inSync().forEach(replica -> inSync.merge(replica.node(), 1, Integer::sum));
            }
        }
        List<PartitionHost> hosts = presences.hosts(now, announced(), inSync, logs.size());
        List<Partition> partitions = partitions(seen, hosts);
        PartitionPlan plan = PartitionPlan.draw(partitions, hosts, Integer.MAX_VALUE);
        Set<PartitionPlan.Move> own = new HashSet<>();
        for (PartitionPlan.Move move : plan.moves()) {
            if (move.from().equals(node.id())) {
                own.add(move);
                if (drawn.contains(move) && underWay.size() < settings.atMost() && mayBegin(move, now)) {
                    begin(move);
                }
            }
        }
        drawn = own;
        TreeSet<NodeId> awaited = new TreeSet<>();
        for (PartitionHost host : hosts) {
            if (host.presence() == Presence.AWAY) {
                awaited.add(host.node());
            }
        }
        TreeSet<NodeId> draining = draining();
        BalanceStatus status = new BalanceStatus(
                List.copyOf(underWay.values()),
                plan.moves().size(),
                awaited,
                draining,
                led,
                Placement.imbalance(partitions, hosts, draining),
                moved,
                refused);
        events.looked(status);
        return status;
    }

    /** Who is ranked after all others (R23), and so is given nothing. */
    private TreeSet<NodeId> draining() {
        TreeSet<NodeId> draining = new TreeSet<>();
        for (Member member : node.members()) {
            if (Boolean.parseBoolean(member.attributes().get(MemberAttributes.DRAINING))) {
                draining.add(member.node());
            }
        }
        return draining;
    }

    /** Who announces itself with one of the partitions. This node is there whatever the store says. */
    private SortedMap<NodeId, Presences.Traits> announced() {
        SortedMap<NodeId, Presences.Traits> announced = new TreeMap<>();
        announced.put(node.id(), new Presences.Traits("", 1));
        for (Member member : node.members()) {
            for (ReplicatedLog log : logs) {
                if (member.logs().containsKey(log.group())) {
                    announced.put(
                            member.node(),
                            new Presences.Traits(
                                    member.attributes().getOrDefault(MemberAttributes.ZONE, ""),
                                    weight(member.attributes().getOrDefault(MemberAttributes.WEIGHT, "1"))));
                    break;
                }
            }
        }
        return announced;
    }

    /** What another release may have announced is no reason to fail. */
    private static int weight(String text) {
        try {
            return Math.max(1, Math.min(Placement.MAX_WEIGHT, Integer.parseInt(text)));
        } catch (NumberFormatException e) {
            return 1;
        }
    }

    private List<Partition> partitions(List<@Nullable Configuration> seen, List<PartitionHost> hosts) {
        Set<NodeId> ready = new HashSet<>();
        for (PartitionHost host : hosts) {
            if (host.presence() == Presence.READY) {
                ready.add(host.node());
            }
        }
        List<Partition> partitions = new ArrayList<>();
        for (int id = 0; id < logs.size(); id++) {
            Configuration configuration = seen.get(id);
            PartitionPlan.Move move = underWay.get(id);
            partitions.add(new Partition(
                    id,
                    settings.weights().applyAsInt(id),
                    settings.zones().apply(id),
                    configuration == null
                            ? Optional.empty()
                            : Optional.of(move == null ? configuration.leader().node() : move.to()),
                    configuration == null ? Set.of() : candidates(logs.get(id), configuration, ready)));
        }
        return partitions;
    }

    /** Of those in sync the ones that should lead before all others (R23), or the leadership would go back. */
    private Set<NodeId> candidates(ReplicatedLog log, Configuration configuration, Collection<NodeId> ready) {
        SortedMap<NodeId, Integer> ranks = node.leaderRanks(log.group());
        Set<NodeId> best = new HashSet<>();
        int highest = Integer.MIN_VALUE;
        for (ReplicaId replica : configuration.inSync()) {
            int rank = ranks.getOrDefault(replica.node(), 0);
            if (ready.contains(replica.node()) && rank >= highest) {
                if (rank > highest) {
                    best.clear();
                }
                highest = rank;
                best.add(replica.node());
            }
        }
        return best;
    }

    private boolean mayBegin(PartitionPlan.Move move, long now) {
        Long last = refusedNanos.get(move.partition());
        return !underWay.containsKey(move.partition())
                && (last == null || now - last >= REFUSED_NANOS)
                && (node.isDraining() || patience.allows(move.partition(), now))
                && logs.get(move.partition()).status().role() == Role.LEADER;
    }

    private void begin(PartitionPlan.Move move) {
        underWay.put(move.partition(), move);
        logs.get(move.partition())
                .transferTo(move.to())
                .whenComplete((result, failure) -> thread.execute(() -> ended(move, result, failure)));
    }

    private void ended(PartitionPlan.Move move, @Nullable TransferResult result, @Nullable Throwable failure) {
        underWay.remove(move.partition());
        ReplicatedLog log = logs.get(move.partition());
        if (result != null && result.transferred()) {
            moved++;
            refusedNanos.remove(move.partition());
            events.tell(log.group(), BalanceStep.MOVED, "given to " + move.to());
            int times = patience.given(move.partition(), settings.nanoTime().getAsLong());
            if (times >= Patience.SUSPICIOUS) {
                events.tell(
                        log.group(),
                        BalanceStep.TO_AND_FRO,
                        "given away " + times
                                + " times, and it came back each time; should it come again, it stays for "
                                + TimeUnit.NANOSECONDS.toSeconds(patience.waitNanos(move.partition()))
                                + " s at least. Give all instances the same weights and zones of partitions");
            }
        } else {
            refused++;
            refusedNanos.put(move.partition(), settings.nanoTime().getAsLong());
            events.tell(
                    log.group(),
                    BalanceStep.NOT_MOVED,
                    "not given to " + move.to() + ", tried again later: "
                            + (failure == null ? String.valueOf(result) : failure.getMessage()));
        }
    }
}
