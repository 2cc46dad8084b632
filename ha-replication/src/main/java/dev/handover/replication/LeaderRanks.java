package dev.handover.replication;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.coordination.Member;
import dev.handover.coordination.MemberAttributes;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How much each node should lead a group (R23), from what the nodes themselves have announced, so that all come to the same answer: the priority, that for the group before that for all, and a
 * bonus above all priorities for nodes in the zone that they name as preferred. Who drains ({@link HaNode#drain}) comes after all that do not. Above all that stand the nodes that this one was told to favour
 * ({@link HaNode#favour}).
 */
final class LeaderRanks {
    static final int HIGHEST_PRIORITY = 1000;
    private static final int ZONE_BONUS = 10 * HIGHEST_PRIORITY;
    private static final int FAVOUR = 10 * ZONE_BONUS;
    /** Below everybody else who is not favoured; above those if favoured itself, or draining would bring another colour live. */
    private static final int DRAINING = -FAVOUR / 2;

    private static final String OF_GROUP = MemberAttributes.PRIORITY + ".";

    private LeaderRanks() {}

    static String priorityOf(GroupId group) {
        return OF_GROUP + group;
    }

    /** For one group, of the nodes that announce themselves. */
    static SortedMap<NodeId, Integer> of(Collection<Member> members, GroupId group, Set<NodeId> favoured) {
        SortedMap<NodeId, Integer> ranks = new TreeMap<>();
        for (Member member : members) {
            int favour = favoured.contains(member.node()) ? FAVOUR : 0;
            ranks.put(member.node(), rank(member.attributes(), group) + favour);
        }
        return ranks;
    }

    private static int rank(Map<String, String> attributes, GroupId group) {
        String priority =
                attributes.getOrDefault(priorityOf(group), attributes.getOrDefault(MemberAttributes.PRIORITY, "0"));
        String preferred = attributes.get(MemberAttributes.PREFERRED_ZONE);
        boolean there = preferred != null && preferred.equals(attributes.get(MemberAttributes.ZONE));
        boolean draining = Boolean.parseBoolean(attributes.get(MemberAttributes.DRAINING));
        return number(priority) + (there ? ZONE_BONUS : 0) + (draining ? DRAINING : 0);
    }

    /** What another release may have announced is no reason to fail: it counts as the default. */
    private static int number(String text) {
        try {
            return Math.max(-HIGHEST_PRIORITY, Math.min(HIGHEST_PRIORITY, Integer.parseInt(text)));
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    /**
     * Checks an attribute that this node is about to announce.
     *
     * @throws IllegalArgumentException if it is a priority and no whole number that is allowed
     */
    static void check(String name, String value) {
        if (!name.equals(MemberAttributes.PRIORITY) && !name.startsWith(OF_GROUP)) {
            return;
        }
        boolean allowed;
        try {
            allowed = Math.abs(Long.parseLong(value)) <= HIGHEST_PRIORITY;
        } catch (NumberFormatException e) {
            allowed = false;
        }
        if (!allowed) {
            throw new IllegalArgumentException("attribute " + name + " '" + value + "' is not a whole number from "
                    + -HIGHEST_PRIORITY + " to " + HIGHEST_PRIORITY);
        }
    }
}
