package dev.handover.replication;

import dev.handover.ReplicaId;
import dev.handover.replication.protocol.Message;
import dev.handover.replication.storage.SnapshotInfo;
import dev.handover.replication.storage.SnapshotSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One snapshot on its way to one replica: small chunks, few of them under way, so that commits which share the connection wait for little. On the transfer thread.
 */
final class SnapshotSending {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotSending.class);
    private static final int CHUNK_BYTES = 32 << 10;
    static final int WINDOW_BYTES = 8 * CHUNK_BYTES;
    private static final long REPEAT_NANOS = 500_000_000L;

    /** Longer than a receiver takes for a force and its rest, on a slow disk too: what is sent twice helps nobody. */
    private static final long STALLED_NANOS = 3_000_000_000L;

    private final Replica replica;
    private final ReplicaId to;
    private final long epoch;
    private final SnapshotSource source;
    private long acked;
    private long next;
    private boolean answered;
    private long heardNanos = System.nanoTime();
    private long offeredNanos;
    private long movedNanos = heardNanos;

    SnapshotSending(Replica replica, ReplicaId to, long epoch, SnapshotSource source) {
        this.replica = replica;
        this.to = to;
        this.epoch = epoch;
        this.source = source;
    }

    ReplicaId to() {
        return to;
    }

    SnapshotInfo info() {
        return source.info();
    }

    long heardNanos() {
        return heardNanos;
    }

    void offer() {
        offeredNanos = System.nanoTime();
        SnapshotInfo info = source.info();
        replica.send(
                to.node(),
                new Message.SnapshotOffer(
                        epoch,
                        info.id(),
                        info.position().index(),
                        info.position().epoch(),
                        info.position().timestamp(),
                        info.lineage(),
                        info.featureLevel(),
                        info.createdAtMillis(),
                        info.bytes(),
                        info.contentChecksum()));
    }

    void acknowledged(long position, boolean again) throws IOException {
        heardNanos = System.nanoTime();
        if (position < 0 || position > source.info().bytes()) {
            throw new IOException(
                    "it claims to have " + position + " of " + source.info().bytes() + " bytes");
        }
        if (again || !answered) {
            acked = position;
            next = position;
        } else {
            acked = Math.max(acked, position);
            next = Math.max(next, acked);
        }
        answered = true;
        movedNanos = heardNanos;
        fill();
    }

    void look(long now) throws IOException {
        if (!answered) {
            if (now - offeredNanos > REPEAT_NANOS) {
                offer();
            }
        } else if (now - movedNanos > STALLED_NANOS) { // something was lost, or the receiver is another process now
            movedNanos = now;
            offer();
        } else {
            fill();
        }
    }

    /** Sends as much as may be under way; what the transport does not take now is tried again at the next look. */
    private void fill() throws IOException {
        long end = source.info().bytes();
        while (next < end && next - acked < WINDOW_BYTES) {
            ByteBuffer chunk = ByteBuffer.allocate((int) Math.min(CHUNK_BYTES, end - next));
            int read = source.read(next, chunk);
            if (read != chunk.capacity()) {
                throw new IOException("the snapshot ends at " + (next + Math.max(0, read)) + ", before " + end);
            }
            if (!replica.send(to.node(), new Message.SnapshotChunk(source.info().id(), next, chunk.array()))) {
                return;
            }
            next += read;
        }
    }

    void close() {
        try {
            source.close();
        } catch (IOException | RuntimeException e) {
            LOG.warn("{} closing a snapshot that was being sent failed", replica.label(), e);
        }
    }
}
