package dev.handover;

import java.util.Collection;
import java.util.List;
import java.util.TreeSet;

/**
 * How many copies a group has of what it acknowledges, and who is missing.
 *
 * @param level the same in one word
 * @param inSync nodes that hold everything that is committed; sorted
 * @param minInSync writes are refused with fewer
 * @param missing nodes that were in sync and are not; sorted. A process knows only of those that were in sync since it has started
 */
public record Redundancy(Level level, List<NodeId> inSync, int minInSync, List<NodeId> missing) {
    /** From bad to good. */
    public enum Level {
        /** Fewer copies than {@code minInSync}: writes are refused. */
        REFUSING,
        /** One copy: the loss of its disk loses data. */
        LAST_COPY,
        /** Two copies or more, but somebody is missing. */
        REDUCED,
        /** Two copies or more, and nobody is missing. */
        FULL
    }

    /** Of this configuration, when these nodes should be in sync. */
    public static Redundancy of(Configuration configuration, Collection<NodeId> expected) {
        List<NodeId> inSync =
                configuration.inSync().stream().map(ReplicaId::node).sorted().toList();
        TreeSet<NodeId> missing = new TreeSet<>(expected);
        inSync.forEach(missing::remove);
        Level level = inSync.size() < configuration.minInSync()
                ? Level.REFUSING
                : inSync.size() == 1 ? Level.LAST_COPY : missing.isEmpty() ? Level.FULL : Level.REDUCED;
        return new Redundancy(level, inSync, configuration.minInSync(), List.copyOf(missing));
    }
}
