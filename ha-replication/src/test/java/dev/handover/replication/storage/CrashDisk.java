package dev.handover.replication.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * A disk that knows what was forced. It can be made to fail at any operation, and can leave behind what a disk might hold after power was lost: all that was forced, and of the rest any
 * sectors, some of them torn. What happened to the names in a directory since that was last forced has happened up to some moment, and is lost from there on: files vanish,
 * come back, or have their old name.
 *
 * <p>After a force that failed, what was to be forced counts as written: reading shows it, another force does nothing for it, and some of it is not on the disk (as Linux does it).
 */
final class CrashDisk implements Disk {
    private static final int SECTOR = 512;

    private final Map<Path, Content> files = new TreeMap<>();
    private final Map<Path, Content> durableNames = new TreeMap<>();
    private final List<NameChange> unforcedNames = new ArrayList<>();
    private final Random random;
    private long operationsLeft = Long.MAX_VALUE;
    private String error = "no error";
    private long usable = Long.MAX_VALUE / 2;
    private int forces;

    CrashDisk(Random random) {
        this.random = random;
    }

    /** Every operation after so many fails. */
    synchronized void failAfter(long operations, String message) {
        operationsLeft = operations;
        error = message;
    }

    synchronized void usableBytes(long bytes) {
        usable = bytes;
    }

    synchronized int forces() {
        return forces;
    }

    private void operation() throws IOException {
        if (operationsLeft-- <= 0) {
            operationsLeft = 0;
            throw new IOException(error);
        }
    }

    @Override
    public synchronized WritableFile open(Path path) throws IOException {
        operation();
        boolean isNew = !Files.exists(path);
        WritableFile real = REAL.open(path);
        return new File(real, content(path, isNew));
    }

    /** Checks that whole blocks come, and takes any part of them. */
    @Override
    public WritableFile openForBlocks(Path path) throws IOException {
        WritableFile file = open(path);
        return new WritableFile() {
            @Override
            public int write(ByteBuffer source, long position) throws IOException {
                assertThat((position + source.remaining()) % Block.SIZE)
                        .as("end of a write to %s at byte %s", path, position)
                        .isZero();
                return file.write(source, position);
            }

            @Override
            public void force() throws IOException {
                file.force();
            }

            @Override
            public void close() throws IOException {
                file.close();
            }
        };
    }

    private Content content(Path path, boolean isNew) throws IOException {
        if (isNew) {
            Content content = new Content(new byte[0]);
            files.put(path, content);
            unforcedNames.add(new NameChange(path.getParent(), names -> names.put(path, content)));
        } else {
            know(path);
        }
        return files.get(path);
    }

    /** A file from before this disk: all of it is durable. */
    private void know(Path path) throws IOException {
        if (!files.containsKey(path)) {
            Content content = new Content(Files.readAllBytes(path));
            files.put(path, content);
            durableNames.put(path, content);
        }
    }

    @Override
    public synchronized void rename(Path source, Path target) throws IOException {
        operation();
        for (Path path : filesIn(source)) {
            know(path);
        }
        REAL.rename(source, target);
        change(source.getParent(), names -> move(names, source, target));
    }

    private static void move(Map<Path, Content> names, Path source, Path target) {
        for (Path path : List.copyOf(names.keySet())) {
            if (path.startsWith(source)) {
                Content content = names.remove(path);
                names.put(path.equals(source) ? target : target.resolve(source.relativize(path)), content);
            }
        }
    }

    @Override
    public synchronized void delete(Path path) throws IOException {
        operation();
        know(path);
        REAL.delete(path);
        change(path.getParent(), names -> names.remove(path));
    }

    private void change(Path directory, Consumer<Map<Path, Content>> change) {
        change.accept(files);
        unforcedNames.add(new NameChange(directory, change));
    }

    @Override
    public synchronized void forceDirectory(Path directory) throws IOException {
        operation();
        for (NameChange change : List.copyOf(unforcedNames)) {
            if (change.directory.equals(directory)) {
                change.change.accept(durableNames);
                unforcedNames.remove(change);
            }
        }
    }

    @Override
    public synchronized long usableBytes(Path directory) {
        return usable;
    }

    /** Writes into {@code target} what might be found of {@code source} after a loss of power. */
    synchronized void crash(Path source, Path target) throws IOException {
        int luck = random.nextInt(5);
        Map<Path, Content> left = new TreeMap<>(durableNames);
        for (NameChange change : unforcedNames.subList(0, random.nextInt(unforcedNames.size() + 1))) {
            change.change.accept(left);
        }
        for (Map.Entry<Path, Content> file : left.entrySet()) {
            Path to = target.resolve(source.relativize(file.getKey()));
            Files.createDirectories(to.getParent());
            Files.write(to, file.getValue().afterCrash(luck));
        }
        for (Path path : filesIn(source)) {
            Path to = target.resolve(source.relativize(path));
            if (!files.containsKey(path) && !path.endsWith(DirectoryLock.FILE)) {
                Files.createDirectories(to.getParent());
                Files.copy(path, to);
            }
        }
    }

    private static List<Path> filesIn(Path directory) throws IOException {
        try (var all = Files.walk(directory)) {
            return all.filter(Files::isRegularFile).toList();
        }
    }

    /** What was done to the names in a directory. */
    private record NameChange(Path directory, Consumer<Map<Path, Content>> change) {}

    private record Write(int position, byte[] bytes) {}

    private final class Content {
        private byte[] durable;
        private final List<Write> pending = new ArrayList<>();

        Content(byte[] durable) {
            this.durable = durable;
        }

        private void apply(int position, byte[] bytes, int from, int count) {
            if (durable.length < position + count) {
                durable = Arrays.copyOf(durable, position + count);
            }
            System.arraycopy(bytes, from, durable, position, count);
        }

        private void applyPending() {
            for (Write write : pending) {
                apply(write.position, write.bytes, 0, write.bytes.length);
            }
            pending.clear();
        }

        byte[] afterCrash(int luck) {
            byte[] before = durable;
            durable = durable.clone();
            for (Write write : pending) {
                for (int at = 0; at < write.bytes.length; ) {
                    int sectorEnd = (write.position + at) / SECTOR * SECTOR + SECTOR - write.position;
                    int count = Math.min(sectorEnd, write.bytes.length) - at;
                    // 0: nothing arrived, 4: everything; in between any sectors, seldom a torn one
                    if (random.nextInt(4) < luck) {
                        apply(
                                write.position + at,
                                write.bytes,
                                at,
                                random.nextInt(8) == 0 ? random.nextInt(count) : count);
                    }
                    at += count;
                }
            }
            byte[] result = durable;
            durable = before;
            return result;
        }
    }

    private final class File implements WritableFile {
        private final WritableFile real;
        private final Content content;

        File(WritableFile real, Content content) {
            this.real = real;
            this.content = content;
        }

        @Override
        public int write(ByteBuffer source, long position) throws IOException {
            synchronized (CrashDisk.this) {
                int length = source.remaining();
                boolean failing = operationsLeft <= 0;
                int count = length > 1 && (failing || random.nextInt(4) == 0) ? 1 + random.nextInt(length - 1) : length;
                byte[] bytes = new byte[count];
                source.get(bytes);
                content.pending.add(new Write((int) position, bytes));
                real.write(ByteBuffer.wrap(bytes), position);
                operation();
                return count;
            }
        }

        @Override
        public void force() throws IOException {
            synchronized (CrashDisk.this) {
                try {
                    operation();
                } catch (IOException e) {
                    content.pending.removeIf(write -> random.nextBoolean());
                    content.applyPending();
                    throw e;
                }
                forces++;
                content.applyPending();
            }
        }

        @Override
        public void close() throws IOException {
            real.close();
        }
    }
}
