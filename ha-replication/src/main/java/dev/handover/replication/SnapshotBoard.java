package dev.handover.replication;

import dev.handover.NodeId;
import dev.handover.replication.storage.SnapshotInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What a replica shows of its snapshots. Any thread. */
final class SnapshotBoard {
    private @Nullable SnapshotInfo newest;
    private @Nullable Duration took;
    private boolean taking;
    private SnapshotStatus.@Nullable Passage receiving;
    private final Map<NodeId, SnapshotStatus.Passage> sending = new TreeMap<>();

    /** Found at the start. */
    synchronized void found(SnapshotInfo info) {
        newest = info;
    }

    synchronized void taking(boolean now) {
        taking = now;
    }

    /** It is on the disk. */
    synchronized void complete(SnapshotInfo info, Duration duration) {
        SnapshotInfo before = newest;
        if (before == null || before.position().index() <= info.position().index()) {
            newest = info;
            took = duration;
        }
    }

    synchronized void receiving(NodeId from, SnapshotInfo info, long position) {
        receiving = new SnapshotStatus.Passage(from, info.position().index(), position, info.bytes());
    }

    synchronized void receivingEnded() {
        receiving = null;
    }

    synchronized void sending(NodeId to, SnapshotInfo info, long position) {
        sending.put(to, new SnapshotStatus.Passage(to, info.position().index(), position, info.bytes()));
    }

    synchronized void sendingEnded(NodeId to) {
        sending.remove(to);
    }

    synchronized SnapshotStatus status() {
        SnapshotInfo info = newest;
        return new SnapshotStatus(
                info == null ? 0 : info.position().index(),
                info == null ? 0 : info.bytes(),
                info == null ? null : Instant.ofEpochMilli(info.createdAtMillis()),
                took,
                taking,
                receiving,
                new ArrayList<>(sending.values()));
    }
}
