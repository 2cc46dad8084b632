package dev.handover.replication.simulator;

import dev.handover.NodeId;
import dev.handover.replication.protocol.Event;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Who should rather lead (R23), in one of two worlds: mostly all processes are told the same, in some worlds each something else. A chance of its own, so that it disturbs no other.
 */
final class SimPreferences {
    private final long seed;
    private final int replicas;

    SimPreferences(long seed, int replicas) {
        this.seed = seed;
        this.replicas = replicas;
    }

    /** Whether anybody is preferred in this world. */
    boolean any() {
        return Math.floorMod(seed, 4) < 2;
    }

    /** What a process is told when it begins. */
    Event.Ranks of(int index, int boot) {
        boolean agreed = Math.floorMod(seed, 5) != 3;
        Dice dice = new Dice(seed * 37 + (agreed ? 0 : index * 101L + boot * 1009L));
        SortedMap<NodeId, Integer> ranks = new TreeMap<>();
        for (int i = 0; i < replicas; i++) {
            ranks.put(NodeId.of(String.valueOf((char) ('a' + i))), dice.below(3));
        }
        return new Event.Ranks(ranks, dice.chance(0.8));
    }
}
