package dev.handover.replication.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/** Writes one snapshot into a temporary file, slowly enough that commits do not wait for it ({@link Sparing}); see {@link SnapshotFiles} for the names and {@link SnapshotBlock} for the format. */
final class SnapshotWriter implements SnapshotSink {
    /** A force, and a rest, after so many bytes: large enough to be rare, small enough that a force of the log beside it does not wait long. */
    private static final int FORCE_EVERY = 1 << 20;

    private final SnapshotFiles files;
    private final Path temporary;
    private final SnapshotInfo begun;
    private final boolean received;
    private final SnapshotBlock blocks;
    private final Disk.WritableFile file;
    private final ByteBuffer block = ByteBuffer.allocate(SnapshotBlock.SIZE).position(SnapshotBlock.HEADER);
    private final CRC32C content = new CRC32C();
    private final Sparing sparing = new Sparing();
    private long number;
    private int unforced;
    private boolean failed;
    private boolean closed;

    private SnapshotWriter(SnapshotFiles files, Path temporary, SnapshotInfo begun, boolean received)
            throws IOException {
        this.files = files;
        this.temporary = temporary;
        this.begun = begun;
        this.received = received;
        blocks = new SnapshotBlock(begun.id());
        files.checkSpace(FORCE_EVERY);
        file = files.disk().open(temporary);
    }

    /** Begins an own one: bytes and checksum of {@code begun} are worked out. */
    static SnapshotWriter create(SnapshotFiles files, Path temporary, SnapshotInfo begun) throws IOException {
        return new SnapshotWriter(files, temporary, begun, false);
    }

    /** Begins or continues one from elsewhere: of a partial file, what verifies from its beginning counts. */
    static SnapshotWriter receive(SnapshotFiles files, Path temporary, SnapshotInfo announced) throws IOException {
        SnapshotWriter writer = new SnapshotWriter(files, temporary, announced, true);
        if (Files.exists(temporary) && !files.isDistrusted(temporary)) {
            writer.takeOver();
        }
        return writer;
    }

    private void takeOver() throws IOException {
        try (Disk.ReadableFile partial = files.disk().openToRead(temporary)) {
            while ((number + 1) * SnapshotBlock.CAPACITY <= begun.bytes()
                    && blocks.read(partial, number, block.array(), SnapshotBlock.CAPACITY)) {
                content.update(block.array(), SnapshotBlock.HEADER, SnapshotBlock.CAPACITY);
                number++;
            }
        }
    }

    @Override
    public long position() {
        return number * SnapshotBlock.CAPACITY + block.position() - SnapshotBlock.HEADER;
    }

    @Override
    public void write(ByteBuffer source) throws IOException {
        checkUsable();
        if (received && source.remaining() > begun.bytes() - position()) {
            throw new IllegalArgumentException("snapshot " + begun.id() + " was announced with " + begun.bytes()
                    + " bytes, and there are " + source.remaining() + " more at " + position());
        }
        sparing.begin();
        while (source.hasRemaining()) {
            int count = Math.min(source.remaining(), block.remaining());
            int at = block.position();
            block.put(at, source, source.position(), count).position(at + count);
            source.position(source.position() + count);
            content.update(block.array(), at, count);
            if (!block.hasRemaining()) {
                writeBlock();
            }
        }
        sparing.end();
    }

    private void writeBlock() throws IOException {
        try {
            int size = block.position();
            Disk.writeFully(file, blocks.seal(block, number), SnapshotBlock.at(number));
            block.clear().position(SnapshotBlock.HEADER);
            number++;
            unforced += size;
            if (unforced >= FORCE_EVERY) {
                file.force();
                unforced = 0;
                files.checkSpace(FORCE_EVERY);
                sparing.rest();
            }
        } catch (IOException | RuntimeException | Error e) {
            failed();
            throw e;
        }
    }

    /** What the system shows of the file from now on need not be on the disk, and another force would not bring it there: nothing of it may be taken over. */
    private void failed() {
        failed = true;
        files.distrust(temporary);
    }

    @Override
    public SnapshotInfo commit() throws IOException {
        checkUsable();
        SnapshotInfo info = new SnapshotInfo(
                begun.id(),
                begun.position(),
                begun.lineage(),
                begun.configuration(),
                begun.featureLevel(),
                begun.createdAtMillis(),
                position(),
                (int) content.getValue());
        if (received && !info.equals(begun)) {
            abort();
            throw new IOException("snapshot " + begun.id() + " at index "
                    + begun.position().index() + " was announced with " + begun.bytes() + " bytes and checksum "
                    + Integer.toHexString(begun.contentChecksum()) + ", and what came has " + info.bytes()
                    + " bytes and checksum " + Integer.toHexString(info.contentChecksum())
                    + "; it was thrown away and must be sent again");
        }
        try {
            if (block.position() > SnapshotBlock.HEADER) {
                int size = block.position();
                Disk.writeFully(file, blocks.seal(block, number), SnapshotBlock.at(number));
                unforced += size;
            }
            file.force(); // the content before the header that makes it one
            Disk.writeFully(file, SnapshotHeader.encode(files.logId(), info), 0);
            file.force();
            file.close();
            files.complete(temporary, info);
        } catch (IOException | RuntimeException | Error e) {
            failed();
            throw e;
        }
        closed = true;
        return info;
    }

    private void checkUsable() throws IOException {
        if (closed || failed) {
            throw new IOException("snapshot " + temporary + (failed ? " has failed; begin another" : " is closed"));
        }
    }

    @Override
    public void abort() throws IOException {
        if (!closed) {
            closed = true;
            file.close();
            files.remove(temporary);
        }
    }

    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        if (!received || failed) {
            abort();
            return;
        }
        closed = true;
        file.close(); // what was received can be resumed
    }
}
