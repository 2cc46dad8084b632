package dev.handover.replication.storage;

import com.sun.nio.file.ExtendedOpenOption;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Everything that is read from or changed on the disk goes through here, so that tests can make it fail and can forget what was not forced. */
interface Disk {
    /** The real one. */
    Disk REAL = new Real();

    /** Opens a file for writing, creating it if it is missing. */
    WritableFile open(Path path) throws IOException;

    /**
     * As {@link #open}, for a file that is written in whole blocks of {@link Block#SIZE} bytes at their places, from memory at such places, too. Where the file system allows that they go to the
     * device without a copy in the page cache, which would cost more than all else that a command does.
     */
    default WritableFile openForBlocks(Path path) throws IOException {
        return open(path);
    }

    /** Opens a file for reading. Interrupts of threads that read do it no harm. */
    default ReadableFile openToRead(Path path) throws IOException {
        return REAL.openToRead(path);
    }

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

        /** Whether what is written goes to the device at once, and not through the page cache. */
        default boolean isDirect() {
            return false;
        }

        /** Makes the content durable; the size only if it has changed. */
        void force() throws IOException;
    }

    /** A file being read, by one thread at a time. Errors name the file, the place and the remedy. */
    interface ReadableFile extends Closeable {
        long length() throws IOException;

        /** Fills a part of {@code into} with what begins at {@code position}. */
        void read(long position, byte[] into, int at, int length) throws IOException;
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

    /** What failed, with the name of the file, which the system does not tell. */
    static IOException failed(String what, Path path, IOException cause) {
        return new IOException(what + " " + path + " failed: " + cause.getMessage(), cause);
    }

    /** For bytes that could not be read: that is not yet damage, for another cable may mend it. */
    static IOException unreadable(Path path, long position, int length, IOException cause) {
        return new IOException(
                length + " bytes of " + path + ", from byte " + position + " on, cannot be read: "
                        + (cause instanceof EOFException ? "the file ends before" : cause.getMessage())
                        + ". Check the disk; if it stays so, start with an empty directory on a sound one, to be filled by the other replicas",
                cause);
    }

    /** Files of the operating system. */
    final class Real implements Disk {
        private static final Logger LOG = LoggerFactory.getLogger(Disk.class);

        @Override
        public WritableFile open(Path path) throws IOException {
            return writing(path, FileChannel.open(path, StandardOpenOption.WRITE, StandardOpenOption.CREATE), false);
        }

        @Override
        public WritableFile openForBlocks(Path path) throws IOException {
            FileChannel direct = openDirect(path);
            return direct == null ? open(path) : writing(path, direct, true);
        }

        /** Null where the file system, or the Java runtime, does not offer it. */
        private static @Nullable FileChannel openDirect(Path path) throws IOException {
            try {
                Path directory = path.toAbsolutePath().getParent();
                long blockSize = Files.getFileStore(directory).getBlockSize();
                if (blockSize <= 0 || Block.SIZE % blockSize != 0) {
                    return null;
                }
                return FileChannel.open(
                        path, StandardOpenOption.WRITE, StandardOpenOption.CREATE, ExtendedOpenOption.DIRECT);
            } catch (FileSystemException | UnsupportedOperationException | NoClassDefFoundError e) {
                // whatever is wrong beside that, opening it in the other way will tell
                LOG.debug("{} is written through the page cache: {}", path, e.toString());
                return null;
            }
        }

        private static WritableFile writing(Path path, FileChannel channel, boolean direct) {
            return new WritableFile() {
                @Override
                public boolean isDirect() {
                    return direct;
                }

                @Override
                public int write(ByteBuffer source, long position) throws IOException {
                    int length = source.remaining();
                    try {
                        return direct && !source.isDirect()
                                ? writeCopied(source, position)
                                : channel.write(source, position);
                    } catch (IOException e) {
                        throw failed("writing " + length + " bytes at byte " + position + " of", path, e);
                    }
                }

                /** JDK 17 keeps the aligned memory that it takes for such a write itself, and fails when it is to let go of it. */
                private int writeCopied(ByteBuffer source, long position) throws IOException {
                    ByteBuffer copy = Block.memory(source.remaining())
                            .put(source.duplicate())
                            .flip();
                    int written = channel.write(copy, position);
                    source.position(source.position() + written);
                    return written;
                }

                @Override
                public void force() throws IOException {
                    try {
                        channel.force(false);
                    } catch (IOException e) {
                        throw failed("forcing", path, e);
                    }
                }

                @Override
                public void close() throws IOException {
                    channel.close();
                }
            };
        }

        @Override
        public ReadableFile openToRead(Path path) throws IOException {
            // no channel on purpose: a channel is closed for everybody when a thread is interrupted while it reads
            RandomAccessFile file = new RandomAccessFile(path.toFile(), "r");
            return new ReadableFile() {
                @Override
                public long length() throws IOException {
                    return file.length();
                }

                @Override
                public void read(long position, byte[] into, int at, int length) throws IOException {
                    try {
                        file.seek(position);
                        file.readFully(into, at, length);
                    } catch (IOException e) {
                        throw unreadable(path, position, length, e);
                    }
                }

                @Override
                public void close() throws IOException {
                    file.close();
                }
            };
        }

        @Override
        public void rename(Path source, Path target) throws IOException {
            try {
                Files.move(source, target, StandardCopyOption.ATOMIC_MOVE);
            } catch (FileSystemException e) {
                throw failed("renaming to " + target.getFileName(), source, e);
            }
        }

        @Override
        public void delete(Path path) throws IOException {
            Files.delete(path);
        }

        @Override
        public void forceDirectory(Path directory) throws IOException {
            try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
                channel.force(true);
            } catch (IOException e) {
                throw failed("forcing the directory", directory, e);
            }
        }

        @Override
        public long usableBytes(Path directory) throws IOException {
            return Files.getFileStore(directory).getUsableSpace();
        }
    }
}
