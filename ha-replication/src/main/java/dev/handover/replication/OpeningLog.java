package dev.handover.replication;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.replication.storage.OpeningListener;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells in the log how the opening of a large log goes on: after a second, and every second from then on. */
final class OpeningLog implements OpeningListener {
    private static final Logger LOG = LoggerFactory.getLogger("replication");
    private static final long EVERY_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final String label;
    private final long begun = System.nanoTime();
    private long told = begun;

    OpeningLog(GroupId group, NodeId node) {
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
    public void warn(String message) {
        LOG.warn("{} {}", label, message);
    }
}
