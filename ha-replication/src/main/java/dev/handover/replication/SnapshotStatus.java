package dev.handover.replication;

import dev.handover.NodeId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one replica knows of its snapshots, at one moment.
 *
 * @param index of the last entry in the newest complete one; 0 if there is none
 * @param bytes size of its content
 * @param at when it was begun, by the clock of the node that took it; null if there is none
 * @param took from its beginning until it was on the disk here, or how long it took to receive; null if it was there when this process started
 * @param taking whether one is being taken
 * @param receiving the one that comes from the leader; null if none does
 * @param sending those that are on their way to other replicas
 */
public record SnapshotStatus(
        long index,
        long bytes,
        @Nullable Instant at,
        @Nullable Duration took,
        boolean taking,
        @Nullable Passage receiving,
        List<Passage> sending) {
    /** None. */
    public static final SnapshotStatus NONE = new SnapshotStatus(0, 0, null, null, false, null, List.of());

    /** Copies the list. */
    public SnapshotStatus {
        sending = List.copyOf(sending);
    }

    /**
     * A snapshot on its way between two nodes.
     *
     * @param peer the other one
     * @param index of the last entry in it
     * @param position how many bytes the receiver has
     * @param bytes how many there are
     */
    public record Passage(NodeId peer, long index, long position, long bytes) {}
}
