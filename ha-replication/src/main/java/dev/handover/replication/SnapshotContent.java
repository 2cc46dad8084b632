package dev.handover.replication;

import dev.handover.replication.protocol.Sessions;
import dev.handover.replication.storage.SnapshotSink;
import dev.handover.replication.storage.SnapshotSource;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * What stands in a snapshot: the sessions, then the state machine's bytes.
 *
 * <pre>
 *  format u8 = 1 | section: sessions | section: state machine
 *
 *  section    count x { length i32, above 0 | bytes } | 0 i32        so that its length need not be known before
 * </pre>
 */
final class SnapshotContent {
    private static final int FORMAT = 1;
    private static final int CHUNK = 64 << 10;

    private SnapshotContent() {}

    /** Begins: format and sessions. What is written to the result is the state machine's; {@link Section#close} ends it. */
    static Section begin(SnapshotSink sink, List<Sessions.Kept> sessions) throws IOException {
        sink.write(ByteBuffer.wrap(new byte[] {FORMAT}));
        try (Section section = new Section(sink)) {
            DataOutputStream out = new DataOutputStream(section);
            SessionsCodec.write(sessions, out);
            out.flush();
        }
        return new Section(sink);
    }

    /** Where a section's bytes go. */
    static final class Section extends OutputStream {
        private final SnapshotSink sink;
        private final ByteBuffer chunk = ByteBuffer.allocate(Integer.BYTES + CHUNK);
        private boolean closed;

        private Section(SnapshotSink sink) {
            this.sink = sink;
            chunk.position(Integer.BYTES);
        }

        @Override
        public void write(int b) throws IOException {
            if (!chunk.hasRemaining()) {
                flush();
            }
            chunk.put((byte) b);
        }

        @Override
        public void write(byte[] bytes, int from, int count) throws IOException {
            int at = from;
            int left = count;
            while (left > 0) {
                if (!chunk.hasRemaining()) {
                    flush();
                }
                int some = Math.min(left, chunk.remaining());
                chunk.put(bytes, at, some);
                at += some;
                left -= some;
            }
        }

        @Override
        public void flush() throws IOException {
            if (closed) {
                throw new IOException("the snapshot's section was ended before");
            }
            int length = chunk.position() - Integer.BYTES;
            if (length > 0) {
                chunk.putInt(0, length);
                chunk.flip();
                sink.write(chunk);
                chunk.clear().position(Integer.BYTES);
            }
        }

        /** Ends the section, not the sink. */
        @Override
        public void close() throws IOException {
            if (!closed) {
                flush();
                closed = true;
                sink.write(ByteBuffer.allocate(Integer.BYTES));
            }
        }
    }

    /**
     * Reads a snapshot: gives its sessions, and its state machine's bytes to the machine.
     *
     * @param progress told how many bytes have been read
     * @throws IOException if it cannot be read, does not verify, or the machine does not want it
     */
    static Sessions restore(SnapshotSource source, StateMachine machine, LongConsumer progress) throws IOException {
        DataInputStream in = new DataInputStream(new BufferedInputStream(new Content(source, progress), CHUNK));
        int format = in.readUnsignedByte();
        if (format != FORMAT) {
            throw new IOException("a snapshot of format " + format + ", this release reads " + FORMAT
                    + ": a later release wrote it; start that one");
        }
        SectionInput first = new SectionInput(in);
        Sessions sessions = SessionsCodec.read(new DataInputStream(first));
        first.toItsEnd();
        SectionInput second = new SectionInput(in);
        machine.restore(second);
        second.toItsEnd();
        return sessions;
    }

    private static final class Content extends InputStream {
        private final SnapshotSource source;
        private final LongConsumer progress;
        private long position;

        Content(SnapshotSource source, LongConsumer progress) {
            this.source = source;
            this.progress = progress;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int from, int count) throws IOException {
            if (count == 0) {
                return 0;
            }
            int read = source.read(position, ByteBuffer.wrap(bytes, from, count));
            if (read > 0) {
                position += read;
                progress.accept(position);
            }
            return read <= 0 ? -1 : read;
        }
    }

    private static final class SectionInput extends InputStream {
        private final DataInputStream in;
        private int left;
        private boolean ended;

        SectionInput(DataInputStream in) {
            this.in = in;
        }

        private boolean more() throws IOException {
            if (left == 0 && !ended) {
                left = in.readInt();
                if (left < 0) {
                    throw new IOException("a piece of " + left + " bytes in a snapshot");
                }
                ended = left == 0;
            }
            return !ended;
        }

        @Override
        public int read() throws IOException {
            if (!more()) {
                return -1;
            }
            left--;
            return in.readUnsignedByte();
        }

        @Override
        public int read(byte[] bytes, int from, int count) throws IOException {
            if (count == 0) {
                return 0;
            }
            if (!more()) {
                return -1;
            }
            int read = in.read(bytes, from, Math.min(count, left));
            if (read < 0) {
                throw new EOFException("the snapshot ends in the middle");
            }
            left -= read;
            return read;
        }

        /** What the reader did not want is read over, so that all of it was verified. */
        void toItsEnd() throws IOException {
            byte[] unwanted = new byte[8192];
            while (read(unwanted, 0, unwanted.length) >= 0) {}
        }
    }
}
