package dev.handover.replication.storage;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A snapshot being written. One thread at a time; not the one that writes the log, which must not wait for this. */
public interface SnapshotSink extends Closeable {
    /** How much of the content is there: the next byte that {@link #write} takes has this position. Above 0 at the beginning when a transfer is resumed. */
    long position();

    /** Takes all that remains in {@code source}. Forces now and then, in small portions, so that the forces of the log do not wait for a large one. */
    void write(ByteBuffer source) throws IOException;

    /**
     * Completes the snapshot: durable, and in {@link SnapshotStore#list}, on return. A received one is checked first.
     *
     * @throws IOException if it could not be written, or what was received is not what was announced; the partial file is removed in that last case
     */
    SnapshotInfo commit() throws IOException;

    /** Gives up and removes what was written. Does nothing after {@link #commit}. */
    void abort() throws IOException;

    /** Releases the file. Without a commit, what was received stays and can be resumed; what was being taken is removed. Closing twice is fine. */
    @Override
    void close() throws IOException;
}
