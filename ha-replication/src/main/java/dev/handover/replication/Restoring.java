package dev.handover.replication;

import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.Sessions;
import dev.handover.replication.protocol.SnapshotPosition;
import dev.handover.replication.storage.LogStore;
import dev.handover.replication.storage.SnapshotInfo;
import dev.handover.replication.storage.SnapshotSource;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Brings a state machine back to a snapshot, and says on INFO how far it is. On the applier thread. */
final class Restoring {
    private static final Logger LOG = LoggerFactory.getLogger(Restoring.class);
    private static final long SAY_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int READ_BYTES = 1 << 20;

    /** How far something is. */
    static final class Progress {
        private final String what;
        private final long from;
        private final long target;
        private final long beganNanos = System.nanoTime();
        private long saidNanos = beganNanos;

        /** @param what begins the line */
        Progress(String what, long from, long target) {
            this.what = what;
            this.from = from;
            this.target = target;
        }

        void at(long position) {
            long now = System.nanoTime();
            if (now - saidNanos >= SAY_NANOS) {
                saidNanos = now;
                LOG.info(
                        "{} {} of {} ({}%), {} per second",
                        what,
                        position,
                        target,
                        target <= from ? 100 : (position - from) * 100 / (target - from),
                        (position - from) * SAY_NANOS / Math.max(1, now - beganNanos));
            }
        }

        long target() {
            return target;
        }

        long millis() {
            return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - beganNanos);
        }
    }

    private final Replica replica;
    private final LogStore store;
    private final StateMachine machine;

    Restoring(Replica replica, StateMachine machine) {
        this.replica = replica;
        this.machine = machine;
        store = replica.store();
    }

    /** The sessions of the snapshot; its state is in the machine. */
    Sessions restore(SnapshotInfo info) throws IOException {
        Progress progress = new Progress(
                replica.label() + " restores the snapshot at index "
                        + info.position().index() + ": byte",
                0,
                info.bytes());
        try (SnapshotSource source = store.snapshots().open(info)) {
            Sessions sessions = SnapshotContent.restore(source, machine, progress::at);
            LOG.info(
                    "{} restored the snapshot at index {}, {} bytes, in {} ms",
                    replica.label(),
                    info.position().index(),
                    info.bytes(),
                    progress.millis());
            return sessions;
        }
    }

    /**
     * At the start: the newest snapshot, or if that cannot be read the one before it and the log between them.
     *
     * @param begin takes the sessions of the snapshot that could be restored, and its index
     * @param replay applies an entry, answering nobody
     */
    void atStart(SnapshotPosition newest, Begin begin, Consumer<LogEntry> replay) throws IOException {
        IOException first = null;
        for (SnapshotInfo info : store.snapshots().list()) {
            SnapshotPosition position = info.position();
            if (position.index() > newest.index() || position.index() < store.firstIndex() - 1) {
                continue;
            }
            try {
                begin.at(restore(info), position);
            } catch (IOException | RuntimeException e) {
                LOG.warn(
                        "{} the snapshot at index {} cannot be restored, an older one is tried: {}",
                        replica.label(),
                        position.index(),
                        String.valueOf(e));
                IOException failure = e instanceof IOException io ? io : new IOException(e);
                if (first == null) {
                    first = failure;
                } else {
                    first.addSuppressed(failure);
                }
                continue;
            }
            replayLog(position.index(), newest.index(), replay);
            return;
        }
        throw first != null ? first : new IOException("the snapshot at index " + newest.index() + " is gone");
    }

    private void replayLog(long after, long upTo, Consumer<LogEntry> replay) throws IOException {
        Progress progress = new Progress(replica.label() + " applies the log again: index", after, upTo);
        long next = after + 1;
        while (next <= upTo) {
            List<LogEntry> entries = store.read(next, upTo, READ_BYTES);
            entries.forEach(replay);
            next += entries.size();
            progress.at(next - 1);
        }
    }

    /** Takes what a snapshot holds. */
    interface Begin {
        void at(Sessions sessions, SnapshotPosition position);
    }

    /** The snapshot at this very position. */
    SnapshotInfo find(SnapshotPosition position) throws IOException {
        for (SnapshotInfo info : store.snapshots().list()) {
            if (info.position().equals(position)) {
                return info;
            }
        }
        throw new IOException("the snapshot at index " + position.index() + " is gone");
    }
}
