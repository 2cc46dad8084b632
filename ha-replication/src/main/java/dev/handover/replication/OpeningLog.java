package dev.handover.replication;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.event.HaEvent;
import dev.handover.event.HaEvent.StorageFinding;
import dev.handover.replication.storage.OpeningListener;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells how the opening of a log goes on: in the log, after a second and every second from then on, how far it is; as events what was found. */
final class OpeningLog implements OpeningListener {
    private static final Logger LOG = LoggerFactory.getLogger("replication");
    private static final long EVERY_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final GroupId group;
    private final NodeId node;
    private final Consumer<HaEvent> events;
    private final String label;
    private final long begun = System.nanoTime();
    private long told = begun;

    OpeningLog(GroupId group, NodeId node, Consumer<HaEvent> events) {
        this.group = group;
        this.node = node;
        this.events = events;
        label = "[" + group + " " + node + "]";
    }

    @Override
    public void progress(long bytes, long ofBytes) {
        long now = System.nanoTime();
        if (now - told >= EVERY_NANOS) {
            told = now;
            LOG.info(
                    "{} opening the log: {} of {} MiB read and verified after {} s",
                    label,
                    bytes >> 20,
                    ofBytes >> 20,
                    TimeUnit.NANOSECONDS.toSeconds(now - begun));
        }
    }

    @Override
    public void snapshotUnusable(String message) {
        found(StorageFinding.SNAPSHOT_UNUSABLE, message);
    }

    @Override
    public void tailCut(String message) {
        found(StorageFinding.TAIL_CUT, message);
    }

    @Override
    public void damaged(String message) {
        found(
                StorageFinding.LOG_DAMAGED,
                "the log was damaged: " + message
                        + ". A new one takes its place, and is filled by the other replicas; if this was the last copy, keep what was set aside. Check the disk");
    }

    private void found(StorageFinding finding, String message) {
        events.accept(new HaEvent.Storage(Instant.now(), node, group, finding, message));
    }
}
