package dev.handover.replication.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/** Reads one snapshot, each block verified. Keeps the file open, so it can be read on when its name is gone. */
final class SnapshotReader implements SnapshotSource {
    private final Path path;
    private final SnapshotInfo info;
    private final Disk.ReadableFile file;
    private final SnapshotBlock blocks;
    private final byte[] block = new byte[SnapshotBlock.SIZE];
    private long loaded = -1;
    private boolean closed;

    SnapshotReader(Disk disk, Path path, SnapshotInfo info) throws IOException {
        this.path = path;
        this.info = info;
        blocks = new SnapshotBlock(info.id());
        file = disk.openToRead(path);
    }

    @Override
    public SnapshotInfo info() {
        return info;
    }

    @Override
    public synchronized int read(long position, ByteBuffer target) throws IOException {
        if (closed) {
            throw new IOException("snapshot " + path + " is closed");
        }
        if (position < 0) {
            throw new IllegalArgumentException("position " + position + " is below 0");
        }
        if (position >= info.bytes()) {
            return -1;
        }
        long at = position;
        while (target.hasRemaining() && at < info.bytes()) {
            load(at / SnapshotBlock.CAPACITY);
            int from = (int) (at % SnapshotBlock.CAPACITY);
            int count = Math.min(target.remaining(), contentOf(loaded) - from);
            target.put(block, SnapshotBlock.HEADER + from, count);
            at += count;
        }
        return (int) (at - position);
    }

    private int contentOf(long number) {
        return (int) Math.min(SnapshotBlock.CAPACITY, info.bytes() - number * SnapshotBlock.CAPACITY);
    }

    private void load(long number) throws IOException {
        if (loaded == number) {
            return;
        }
        loaded = -1;
        if (!blocks.read(file, number, block, contentOf(number))) {
            throw new IOException("the snapshot does not verify: " + path + ", block at byte "
                    + SnapshotBlock.at(number)
                    + "; start again, so that an older snapshot or another replica's takes its place");
        }
        loaded = number;
    }

    /** Reads everything; empty result if it verifies, else what is wrong. */
    synchronized String verify(Opening opening) throws IOException {
        CRC32C content = new CRC32C();
        for (long at = 0; at < info.bytes(); at += SnapshotBlock.CAPACITY) {
            long number = at / SnapshotBlock.CAPACITY;
            int length = contentOf(number);
            if (!blocks.read(file, number, block, length)) {
                return "its block at byte " + SnapshotBlock.at(number) + " does not verify";
            }
            content.update(block, SnapshotBlock.HEADER, length);
            opening.advance(length);
        }
        loaded = -1;
        return (int) content.getValue() == info.contentChecksum() ? "" : "the checksum of its content is wrong";
    }

    @Override
    public synchronized void close() throws IOException {
        if (!closed) {
            closed = true;
            file.close();
        }
    }
}
