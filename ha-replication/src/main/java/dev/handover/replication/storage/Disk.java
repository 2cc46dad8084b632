package dev.handover.replication.storage;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Everything that changes the disk goes through here, so that tests can make it fail and can forget what was not forced. */
interface Disk {
    /** The real one. */
    Disk REAL = new Real();

    /** Opens a file for writing, creating it if it is missing. */
    WritableFile open(Path path) throws IOException;

    /** Replaces {@code target} in one step. Durable after {@link #forceDirectory}. */
    void rename(Path source, Path target) throws IOException;

    /** Removes a file. Durable after {@link #forceDirectory}. */
    void delete(Path path) throws IOException;

    /** Makes names in a directory durable. */
    void forceDirectory(Path directory) throws IOException;

    /** Bytes that may still be written there. */
    long usableBytes(Path directory) throws IOException;

    /** A file being written; may take less than it is given. */
    interface WritableFile extends Closeable {
        int write(ByteBuffer source, long position) throws IOException;

        /** Makes the content durable; the size only if it has changed. */
        void force() throws IOException;
    }

    /** Writes all of {@code source}. */
    static void writeFully(WritableFile file, ByteBuffer source, long position) throws IOException {
        long at = position;
        while (source.hasRemaining()) {
            int written = file.write(source, at);
            if (written <= 0) {
                throw new IOException("a write of " + source.remaining() + " bytes at byte " + at + " took none");
            }
            at += written;
        }
    }

    /** Files of the operating system. */
    final class Real implements Disk {
        @Override
        public WritableFile open(Path path) throws IOException {
            FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
            return new WritableFile() {
                @Override
                public int write(ByteBuffer source, long position) throws IOException {
                    return channel.write(source, position);
                }

                @Override
                public void force() throws IOException {
                    channel.force(false);
                }

                @Override
                public void close() throws IOException {
                    channel.close();
                }
            };
        }

        @Override
        public void rename(Path source, Path target) throws IOException {
            Files.move(source, target, StandardCopyOption.ATOMIC_MOVE);
        }

        @Override
        public void delete(Path path) throws IOException {
            Files.delete(path);
        }

        @Override
        public void forceDirectory(Path directory) throws IOException {
            try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }

        @Override
        public long usableBytes(Path directory) throws IOException {
            return Files.getFileStore(directory).getUsableSpace();
        }
    }
}
