package dev.handover.takeover.partition;

import dev.handover.NodeId;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * Who should lead which partition, and what to move next. A pure function of what is known: no clock, no random choice, the order of the arguments plays no part,
 * so that every instance that sees the same draws the same plan.
 *
 * <p>First what has to go: partitions of hosts that drain, and those led outside their zone although somebody in it could, the heaviest first, each to whoever is least loaded for
 * its weight. Then, unless somebody is {@linkplain PartitionHost.Presence#AWAY away}, single moves that lower the sum of load²/weight over the hosts the most, until none does. With partitions of one
 * weight and hosts of one weight, all in sync, no two hosts then differ by more than one partition, and no fewer moves would do. Nobody gets a partition that it does not hold in sync. A partition
 * without a known leader is left alone: the log finds one by itself.
 *
 * <p>Only single moves are looked for. Where few replicas are in sync, a chain of moves (one here so that another fits there) may be missed until more are.
 *
 * @param wanted who should lead, by partition; partitions without a leader are left out
 * @param moves what to do next, at most as many as asked for, in order of urgency
 * @param left how many moves come after these
 */
public record PartitionPlan(Map<Integer, NodeId> wanted, List<Move> moves, int left) {
    /**
     * One change of a leader.
     *
     * @param partition which
     * @param from who leads it now
     * @param to who shall, in sync and ready
     */
    public record Move(int partition, NodeId from, NodeId to) {}

    /** Copies what it is given. */
    public PartitionPlan {
        wanted = Map.copyOf(wanted);
        moves = List.copyOf(moves);
    }

    /**
     * Draws a plan.
     *
     * @param partitions all of them, each number once
     * @param hosts all that are known, each node once
     * @param atMost how many moves may be begun now, 0 or more: the bound less those under way
     * @return the plan
     * @throws IllegalArgumentException if a number or node occurs twice, or {@code atMost} is negative
     */
    public static PartitionPlan draw(Collection<Partition> partitions, Collection<PartitionHost> hosts, int atMost) {
        if (atMost < 0) {
            throw new IllegalArgumentException("at most " + atMost + " moves: give 0 or more");
        }
        Placement placement = new Placement(partitions, hosts);
        placement.evict();
        if (hosts.stream().noneMatch(host -> host.presence() == PartitionHost.Presence.AWAY)) {
            placement.balance();
        }
        List<Move> all = placement.moves();
        List<Move> now = all.subList(0, Math.min(atMost, all.size()));
        return new PartitionPlan(placement.wanted(), now, all.size() - now.size());
    }
}
