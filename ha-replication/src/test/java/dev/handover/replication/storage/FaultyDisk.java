package dev.handover.replication.storage;

import dev.handover.GroupId;
import dev.handover.NodeId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/** The real disk with faults to order: operations that fail, that hang until they are let go, a disk that is full, and writes that are torn. Any thread. */
public final class FaultyDisk implements Disk {
    /** What can go wrong. */
    public enum Operation {
        READ,
        WRITE,
        FORCE,
        /** Of a file to its final name; said of that name. */
        RENAME
    }

    private static final long LONGEST_STALL_SECONDS = 60;

    private record Failure(Set<Operation> operations, Predicate<Path> where, String error) {}

    private record Stall(String nameEnds, Set<Operation> operations) {
        boolean holds(Operation operation, Path path) {
            return operations.contains(operation) && path.toString().endsWith(nameEnds);
        }
    }

    private final Disk real;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Failure> failures = new ArrayList<>();
    private final List<Stall> stalled = new ArrayList<>();
    private final Map<Path, Integer> forces = new HashMap<>();
    private final Map<Thread, Path> hanging = new HashMap<>();
    private int failed;
    private long room = Long.MAX_VALUE;
    private boolean tearsNext;

    /** Over the real disk. */
    public FaultyDisk() {
        this(REAL);
    }

    FaultyDisk(Disk real) {
        this.real = real;
    }

    /** Opens a log on this disk. */
    public SegmentedLog open(
            Path directory, GroupId group, NodeId node, StorageOptions options, OpeningListener listener)
            throws IOException {
        return SegmentedLog.open(directory, group, node, options, this, listener);
    }

    /** The journals of a node on this disk, each of so many bytes. */
    public Journals journals(Path dataDirectory, StorageOptions options, long size) {
        return new Journals(this, dataDirectory, options, size);
    }

    /** These operations on files whose name ends so fail from now on. */
    public void fail(String nameEnds, String error, Operation first, Operation... more) {
        fail(path -> path.toString().endsWith(nameEnds), error, first, more);
    }

    /** These operations on such files fail from now on. */
    public void fail(Predicate<Path> where, String error, Operation first, Operation... more) {
        locked(() -> failures.add(new Failure(EnumSet.of(first, more), where, error)));
    }

    /** How many times files whose name ends so were to be forced. */
    public int forces(String nameEnds) {
        return locked(() -> forces.entrySet().stream()
                .filter(one -> one.getKey().toString().endsWith(nameEnds))
                .mapToInt(Map.Entry::getValue)
                .sum());
    }

    /** No operation fails any more. */
    public void heal() {
        locked(failures::clear);
    }

    /** How many operations have failed. */
    public int failed() {
        return locked(() -> failed);
    }

    /** These operations hang from now on. */
    public void stall(Operation first, Operation... more) {
        stall("", first, more);
    }

    /** These operations on files whose name ends so hang from now on. */
    public void stall(String nameEnds, Operation first, Operation... more) {
        locked(() -> stalled.add(new Stall(nameEnds, EnumSet.of(first, more))));
    }

    /** What hangs goes on. */
    public void letGo() {
        locked(() -> {
            stalled.clear();
            changed.signalAll();
            return true;
        });
    }

    /** What hangs on files whose name ends so, as told to {@link #stall}, goes on. */
    public void letGo(String nameEnds) {
        locked(() -> {
            stalled.removeIf(stall -> stall.nameEnds.equals(nameEnds));
            changed.signalAll();
            return true;
        });
    }

    /** One operation that hangs on a file whose name ends so goes on; the next one hangs. */
    public void letOneGo(String nameEnds) {
        locked(() -> {
            hanging.entrySet().stream()
                    .filter(one -> one.getValue().toString().endsWith(nameEnds))
                    .findFirst()
                    .ifPresent(one -> hanging.remove(one.getKey()));
            changed.signalAll();
        });
    }

    /** The names of the threads that hang on files whose name ends so. */
    public List<String> waiting(String nameEnds) {
        return locked(() -> hanging.entrySet().stream()
                .filter(one -> one.getValue().toString().endsWith(nameEnds))
                .map(one -> one.getKey().getName())
                .toList());
    }

    /** How many threads hang. */
    public int waiting() {
        return locked(hanging::size);
    }

    /** So many bytes can still be written into new places; then the disk is full. What is overwritten costs nothing. */
    public void room(long bytes) {
        locked(() -> room = bytes);
    }

    /** The next write takes half of what it is given, and fails when it is given the rest. */
    public void tearNextWrite() {
        locked(() -> tearsNext = true);
    }

    private <T> T locked(java.util.function.Supplier<T> task) {
        lock.lock();
        try {
            return task.get();
        } finally {
            lock.unlock();
        }
    }

    private void locked(Runnable task) {
        locked(() -> {
            task.run();
            return true;
        });
    }

    private boolean isStalled(Operation operation, Path path) {
        return stalled.stream().anyMatch(stall -> stall.holds(operation, path));
    }

    private void before(Operation operation, Path path) throws IOException {
        lock.lock();
        try {
            long left = TimeUnit.SECONDS.toNanos(LONGEST_STALL_SECONDS);
            if (operation == Operation.FORCE) {
                forces.merge(path, 1, Integer::sum);
            }
            try {
                Thread me = Thread.currentThread();
                if (isStalled(operation, path)) {
                    hanging.put(me, path);
                }
                while (hanging.containsKey(me) && isStalled(operation, path)) {
                    left = changed.awaitNanos(left);
                    if (left <= 0) {
                        throw new IOException("a test has let an operation hang for " + LONGEST_STALL_SECONDS + " s");
                    }
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted in a stalled disk", e);
            } finally {
                hanging.remove(Thread.currentThread());
            }
            for (Failure failure : failures) {
                if (failure.operations.contains(operation) && failure.where.test(path)) {
                    failed++;
                    throw new IOException(failure.error);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public WritableFile open(Path path) throws IOException {
        return new Writing(path, real.open(path));
    }

    @Override
    public ReadableFile openToRead(Path path) throws IOException {
        ReadableFile file = real.openToRead(path);
        return new ReadableFile() {
            @Override
            public long length() throws IOException {
                return file.length();
            }

            @Override
            public void read(long position, byte[] into, int at, int length) throws IOException {
                try {
                    before(Operation.READ, path);
                } catch (IOException e) {
                    throw Disk.unreadable(path, position, length, e);
                }
                file.read(position, into, at, length);
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
            before(Operation.RENAME, target);
        } catch (IOException e) {
            throw Disk.failed("renaming to " + target.getFileName(), source, e);
        }
        real.rename(source, target);
    }

    @Override
    public void delete(Path path) throws IOException {
        long length = Files.size(path);
        real.delete(path);
        locked(() -> room = room > Long.MAX_VALUE - length ? room : room + length);
    }

    @Override
    public void forceDirectory(Path directory) throws IOException {
        try {
            before(Operation.FORCE, directory);
        } catch (IOException e) {
            throw Disk.failed("forcing the directory", directory, e);
        }
        real.forceDirectory(directory);
    }

    @Override
    public long usableBytes(Path directory) throws IOException {
        long left = locked(() -> room);
        return left == Long.MAX_VALUE ? real.usableBytes(directory) : left;
    }

    private final class Writing implements WritableFile {
        private final Path path;
        private final WritableFile file;
        private boolean torn;

        Writing(Path path, WritableFile file) {
            this.path = path;
            this.file = file;
        }

        @Override
        public int write(ByteBuffer source, long position) throws IOException {
            int count = source.remaining();
            try {
                before(Operation.WRITE, path);
                if (torn) {
                    throw new IOException("Input/output error");
                }
            } catch (IOException e) {
                throw Disk.failed("writing " + count + " bytes at byte " + position + " of", path, e);
            }
            if (locked(() -> tearsNext) && count > 1) {
                locked(() -> tearsNext = false);
                torn = true;
                count /= 2;
            }
            return file.write(take(source, spend(count, position)), position);
        }

        /** What of so many bytes there is room for. */
        private int spend(int count, long position) throws IOException {
            long more = Math.max(0, position + count - Files.size(path));
            long given = locked(() -> {
                long taken = Math.min(more, room);
                room = room == Long.MAX_VALUE ? room : room - taken;
                return taken;
            });
            int some = (int) (count - more + given);
            if (some <= 0) {
                throw Disk.failed(
                        "writing " + count + " bytes at byte " + position + " of",
                        path,
                        new IOException("No space left on device"));
            }
            return some;
        }

        private static ByteBuffer take(ByteBuffer source, int count) {
            byte[] bytes = new byte[count];
            source.get(bytes);
            return ByteBuffer.wrap(bytes);
        }

        @Override
        public void force() throws IOException {
            try {
                before(Operation.FORCE, path);
            } catch (IOException e) {
                throw Disk.failed("forcing", path, e);
            }
            file.force();
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
