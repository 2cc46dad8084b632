package dev.handover.replication.storage;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A snapshot that is open for reading; it stays readable until closed, also if it is pruned meanwhile. Any thread. */
public interface SnapshotSource extends Closeable {
    /** Its header. */
    SnapshotInfo info();

    /**
     * Reads from the content, and verifies what it reads.
     *
     * @param position in the content, from 0
     * @return how many bytes were put into {@code target}: as many as it has room for, fewer only at the end; -1 at the end
     * @throws IOException if it cannot be read, does not verify, or is closed; names file and byte
     */
    int read(long position, ByteBuffer target) throws IOException;

    /** Releases the file. Closing twice is fine. */
    @Override
    void close() throws IOException;
}
