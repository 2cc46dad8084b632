package dev.handover.examples.kv.system;

import dev.handover.examples.kv.Waiting;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A small disk of its own for each node's directory, which can be filled up and, if it is more than memory, stand still: ext4 in a file where loop devices can be mounted, else
 * tmpfs. Needs root.
 */
final class NodeDisks implements AutoCloseable {
    private static final long SIZE_BYTES = 160L << 20;

    /** What the file system itself may need for a large file, and what others may write while it is made. */
    private static final long UNCERTAIN_BYTES = 4 << 20;

    private static final int MOST_ATTEMPTS = 10;
    private static final String NO_SPACE = "No space left";
    private static final String FILLER = "filler";

    private final Path directory;
    private final List<String> nodes;
    private final List<Path> mounted = new ArrayList<>();
    private final List<Path> frozen = new ArrayList<>();
    private final Thread onExit = new Thread(this::remove, "unmount-disks");
    private boolean ext4;

    private NodeDisks(Path directory, List<String> nodes) {
        this.directory = directory;
        this.nodes = nodes;
    }

    /** Null if nothing can be mounted here; {@code why} is told then. */
    static NodeDisks mount(Path directory, List<String> nodes, List<String> why) throws IOException {
        NodeDisks disks = new NodeDisks(directory, nodes);
        Runtime.getRuntime().addShutdownHook(disks.onExit);
        try {
            String refused = disks.mountAll(true);
            disks.ext4 = refused == null;
            if (refused != null) {
                why.add("no ext4 on loop devices, so disks do not stand still: " + refused);
                refused = disks.mountAll(false);
            }
            if (refused != null) {
                why.add("no disks of their own, so none is full: " + refused);
                disks.close();
                return null;
            }
            return disks;
        } catch (IOException | RuntimeException e) {
            disks.close();
            throw e;
        }
    }

    private String mountAll(boolean asExt4) throws IOException {
        for (String node : nodes) {
            Path place = directory.resolve(node);
            Files.createDirectories(place);
            String refused = asExt4 ? mountExt4(node, place) : mountTmpfs(place);
            if (refused != null) {
                remove();
                return refused;
            }
            mounted.add(place);
        }
        return null;
    }

    private String mountExt4(String node, Path place) throws IOException {
        Path image = directory.resolve(node + ".disk");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(SIZE_BYTES); // takes what is written only
        }
        String refused = Shell.attempt("mkfs.ext4", "-q", "-F", "-m", "0", image.toString());
        return refused != null ? refused : Shell.attempt("mount", "-o", "loop", image.toString(), place.toString());
    }

    private static String mountTmpfs(Path place) {
        return Shell.attempt("mount", "-t", "tmpfs", "-o", "size=" + SIZE_BYTES, "tmpfs", place.toString());
    }

    String kind() {
        return ext4 ? "ext4 on loop devices" : "tmpfs";
    }

    boolean canFreeze() {
        return ext4;
    }

    /** Takes all room but for so much, though others write meanwhile; if they take more than expected, the disk is full for a moment. */
    void fill(String node, long leftBytes) throws IOException {
        Path place = directory.resolve(node);
        Path filler = place.resolve(FILLER);
        String refused;
        int attempts = 0;
        while ((refused = allocate(filler, usable(place) - leftBytes - UNCERTAIN_BYTES)) != null) {
            if (++attempts == MOST_ATTEMPTS || !refused.contains(NO_SPACE)) {
                throw new IOException(refused);
            }
            free(node); // what there was before another file grew, such as a journal that is being made
        }
        byte[] block = new byte[16 << 10];
        try (OutputStream out = Files.newOutputStream(filler, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            while (usable(place) > leftBytes) {
                out.write(block);
            }
        } catch (IOException e) {
            if (!String.valueOf(e.getMessage()).contains(NO_SPACE)) {
                throw e;
            }
        }
    }

    private static String allocate(Path file, long bytes) {
        return bytes <= 0 ? null : Shell.attempt("fallocate", "-l", Long.toString(bytes), file.toString());
    }

    static long usable(Path place) throws IOException {
        return Files.getFileStore(place).getUsableSpace();
    }

    /** Gives the room back. */
    void free(String node) throws IOException {
        Files.deleteIfExists(directory.resolve(node).resolve(FILLER));
    }

    /** Whoever writes or forces waits until {@link #thaw}. */
    void freeze(String node) throws IOException {
        Path place = directory.resolve(node);
        Shell.must("fsfreeze", "-f", place.toString());
        frozen.add(place);
    }

    void thaw(String node) throws IOException {
        Path place = directory.resolve(node);
        if (frozen.remove(place)) {
            Shell.must("fsfreeze", "-u", place.toString());
        }
    }

    /** Makes it an ordinary disk again. */
    void release(String node) throws IOException {
        thaw(node);
        free(node);
    }

    /** Unmounts everything; no process may use it any more. */
    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(onExit);
        remove();
    }

    private void remove() {
        for (Path place : List.copyOf(frozen)) {
            warn(Shell.attempt("fsfreeze", "-u", place.toString()));
        }
        frozen.clear();
        for (Path place : List.copyOf(mounted)) {
            try {
                Waiting.until("nobody uses " + place, Duration.ofSeconds(5), () -> {
                    Shell.must("umount", place.toString());
                    return true;
                });
                mounted.remove(place);
            } catch (AssertionError e) {
                warn(e + ", " + e.getCause());
            }
        }
    }

    private static void warn(String failure) {
        if (failure != null) {
            SystemTest.LOG.warn("not removed: {}", failure);
        }
    }
}
