package dev.handover.replication.storage;

import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Makes segments: every byte is written in advance, so that a force of the log moves data and nothing else. The next one is made by a thread while
 * the current one fills: little by little, ahead of the writer, since all that is written to a disk at once keeps the logs' forces waiting. Apart from that
 * thread, used by the writer only.
 */
final class SegmentAllocator implements Closeable {
    static final String TEMPORARY = "next.tmp";
    private static final long TIMEOUT_SECONDS = 60;
    private static final long LOOK_EVERY_MILLIS = 200;
    /** Of what is made of a segment, so much has to be filled in the one before it until the next portion is urgent: both as parts of their whole. */
    private static final double BEHIND = 0.75;

    /** Through the page cache: in small portions, since the log's own forces run at the same time. */
    private static final int FORCE_EVERY = 1 << 20;
    /**
     * Through the page cache, that costs the processor 5 µs for each page here: a thread of the log that was woken on the same one would wait for the end of it, with others idle.
     */
    private static final int BREATHE_EVERY = 64 << 10;

    private static final long BREATH_NANOS = 50_000;
    /** What is written at once where that takes the device alone. */
    private static final ByteBuffer DIRECT_ZEROS = Block.memory(256 << 10).asReadOnlyBuffer();
    /**
     * What is written at once through the page cache. It keeps a file in the pieces that it was written in (large folios), and a small write later on costs time for each block of the piece
     * that it falls into ({@code ext4_block_write_begin}).
     */
    private static final ByteBuffer ZEROS = DIRECT_ZEROS.slice(0, 16 << 10);

    private final Disk disk;
    private final Path directory;
    private final UUID logId;
    private final StorageOptions options;
    private final SegmentPace pace;
    private volatile boolean closed;
    private volatile @Nullable FutureTask<Segment> spare;
    private volatile @Nullable String lacksRoom;
    /** How far the writer is in its segment. */
    private volatile long filled;
    /** How far it is when the thread that makes the next one has to go on. */
    private volatile long due = Long.MAX_VALUE;

    private CountDownLatch wanted = new CountDownLatch(1);
    private @Nullable Thread thread;

    SegmentAllocator(Disk disk, Path directory, UUID logId, StorageOptions options) {
        this(disk, directory, logId, options, SegmentPace.OF_THE_PROCESS);
    }

    SegmentAllocator(Disk disk, Path directory, UUID logId, StorageOptions options, SegmentPace pace) {
        this.disk = disk;
        this.directory = directory;
        this.logId = logId;
        this.options = options;
        this.pace = pace;
    }

    /** A spare that was there already when the log was opened. */
    void adopt(Segment segment) {
        FutureTask<Segment> done = new FutureTask<>(() -> segment);
        done.run();
        spare = done;
    }

    /** Begins to make the segment behind this one, which is being filled. */
    void prepare(Segment current) {
        CountDownLatch noLonger = new CountDownLatch(1);
        FutureTask<Segment> task = new FutureTask<>(() -> makeWhenThereIsRoom(current, noLonger));
        Thread maker = new Thread(task, "handover-segment-" + directory.getFileName() + "-" + current.end());
        maker.setDaemon(true);
        thread = maker;
        wanted = noLonger;
        filled = 0;
        due = Long.MAX_VALUE;
        spare = task;
        maker.start();
    }

    /** The writer has come so far in its segment. */
    void filled(long bytes) {
        filled = bytes;
        if (bytes >= due) {
            LockSupport.unpark(thread);
        }
    }

    /** Looks again now and then while the disk is nearly full, until the writer can wait no longer. */
    private Segment makeWhenThereIsRoom(Segment current, CountDownLatch noLonger) throws IOException {
        try {
            while (true) {
                try {
                    return makeSlowly(current, noLonger);
                } catch (NoSpaceException e) {
                    lacksRoom = e.whileItWaits();
                    waitForRoom(e, noLonger);
                }
            }
        } finally {
            lacksRoom = null;
        }
    }

    private Segment makeSlowly(Segment current, CountDownLatch noLonger) throws IOException {
        long size = options.sizeAt(current.end());
        pace.begin();
        try {
            return make(current.end(), size, BEHIND * current.size() / size, noLonger);
        } finally {
            pace.end();
        }
    }

    private void waitForRoom(NoSpaceException problem, CountDownLatch wanted) throws IOException {
        try {
            if (wanted.await(LOOK_EVERY_MILLIS, TimeUnit.MILLISECONDS)) {
                throw problem;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for room in " + directory);
        }
    }

    /** Leaves disk and processor to the logs for so long, or until the writer has come so far, or waits for the segment, or the log is closed. */
    private void pause(long nanos, long until, CountDownLatch wanted) {
        due = until;
        if (filled < until && wanted.getCount() > 0 && !closed) {
            LockSupport.parkNanos(nanos);
        }
        due = Long.MAX_VALUE;
    }

    /** Why the next segment could not be made; empty if it was, or is being made. Any thread. */
    Optional<String> problem() {
        String lack = lacksRoom;
        if (lack != null) {
            return Optional.of(lack);
        }
        FutureTask<Segment> task = spare;
        if (task == null || !task.isDone()) {
            return Optional.empty();
        }
        try {
            task.get(0, TimeUnit.SECONDS);
            return Optional.empty();
        } catch (ExecutionException e) {
            return Optional.of(String.valueOf(e.getCause()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        } catch (TimeoutException | CancellationException e) {
            throw new IllegalStateException("a finished task had no result", e);
        }
    }

    /** The segment that starts there, with room for a record of so many bytes; waits while it is being made. */
    Segment take(long start, long recordBytes) throws IOException {
        long size = Segment.HEADER + recordBytes + RecordHeader.SIZE;
        Segment ready = await();
        if (ready != null && ready.size() < size) {
            disk.delete(ready.path());
            disk.forceDirectory(directory);
            ready = null;
        }
        if (ready == null) {
            return make(start, Math.max(options.sizeAt(start), Block.roundedUp(size)));
        }
        return ready;
    }

    private @Nullable Segment await() throws IOException {
        FutureTask<Segment> task = spare;
        if (task == null) {
            return null;
        }
        hurry();
        try {
            return task.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof NoSpaceException) {
                return null; // nothing was written; there may be room by now
            }
            throw new IOException(
                    "the next segment in " + directory + " could not be made: " + e.getCause(), e.getCause());
        } catch (TimeoutException e) {
            throw new IOException(
                    "the disk took longer than " + TIMEOUT_SECONDS + " s to make a segment in " + directory, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for a segment in " + directory
                    + "; the thread that writes a log must not be interrupted");
        }
    }

    private void hurry() {
        wanted.countDown();
        LockSupport.unpark(thread);
    }

    /** Makes a segment, durable with its name on return. */
    Segment make(long start, long size) throws IOException {
        return make(start, size, 0, new CountDownLatch(0));
    }

    /**
     * The same, slowly.
     *
     * @param behind how far the writer may be in its segment for each byte of this one
     */
    private Segment make(long start, long size, double behind, CountDownLatch noLonger) throws IOException {
        long usable = disk.usableBytes(directory);
        if (usable - size < options.reserveBytes()) {
            throw new NoSpaceException(
                    directory + " has " + usable + " bytes free: a segment of " + size
                            + " and the reserve of " + options.reserveBytes()
                            + " do not fit",
                    null); // R15
        }
        Path temporary = directory.resolve(TEMPORARY);
        Segment segment = new Segment(directory.resolve(Segment.fileName(start)), start, size);
        long at = 0;
        try (Disk.WritableFile file = Segment.openToWrite(disk, temporary, size)) {
            ByteBuffer zeros = (file.isDirect() ? DIRECT_ZEROS : ZEROS).duplicate();
            int portion = file.isDirect() ? zeros.capacity() : FORCE_EVERY;
            for (; at < size; at += zeros.capacity()) {
                if (closed) {
                    throw new IOException("the log was closed while a segment was made");
                }
                Disk.writeFully(file, zeros.clear().limit((int) Math.min(zeros.capacity(), size - at)), at);
                if (at % portion == 0) {
                    if (!file.isDirect()) {
                        file.force();
                    }
                    pause(pace.pauseNanos(portion), (long) (behind * at), noLonger);
                } else if (at % BREATHE_EVERY == 0) {
                    pause(BREATH_NANOS, Long.MAX_VALUE, noLonger);
                }
            }
            Disk.writeFully(file, segment.header(logId), 0);
            file.force();
        } catch (IOException e) {
            throw closed ? e : explained(e, temporary, size - at);
        }
        disk.rename(temporary, segment.path());
        disk.forceDirectory(directory);
        return segment;
    }

    /** That somebody else took the room while a segment was made, of which so many bytes were missing, is as if there had been none: its beginning is removed. All else is what it is. */
    private IOException explained(IOException failure, Path temporary, long missing) {
        try {
            long left = disk.usableBytes(directory);
            if (left - missing >= options.reserveBytes()) {
                return failure;
            }
            disk.delete(temporary);
            return new NoSpaceException(
                    directory + " had room for a segment and has " + left + " bytes free now: " + failure.getMessage(),
                    failure);
        } catch (IOException e) {
            failure.addSuppressed(e);
            return failure;
        }
    }

    @Override
    public void close() throws IOException {
        closed = true;
        hurry();
        Thread maker = thread;
        if (maker == null) {
            return;
        }
        try {
            maker.join(TimeUnit.SECONDS.toMillis(TIMEOUT_SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for " + maker.getName());
        }
        if (maker.isAlive()) {
            throw new IOException(maker.getName() + " hangs in the disk and could not be stopped");
        }
    }

    private static final class NoSpaceException extends IOException {
        private static final long serialVersionUID = 1L;

        private static final String ELSEWHERE = "move the data directory to a larger disk";

        private final String facts;

        NoSpaceException(String facts, @Nullable IOException cause) {
            super(facts + "; free space, or " + ELSEWHERE, cause);
            this.facts = facts;
        }

        /** While another attempt will be made. */
        String whileItWaits() {
            return facts + "; free space, and it goes on by itself, or " + ELSEWHERE;
        }
    }
}
