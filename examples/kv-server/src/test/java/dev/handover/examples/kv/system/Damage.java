package dev.handover.examples.kv.system;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What can happen to the directory of a node that does not run. */
final class Damage {
    private static final String LOST_AND_FOUND = "lost+found"; // of ext4

    /** Before the first frame. */
    private static final long JOURNAL_HEAD = 8192;

    private Damage() {}

    /**
     * Flips a bit in what has been written of one file, shortens one, or deletes one: of the log of clients or of those of the side groups, each as likely.
     *
     * @return what was done
     */
    static String spoilLog(Path data, Random random) throws IOException {
        Map<Boolean, List<Path>> files = files(data).stream()
                .filter(file -> file.toString().matches(".*/log/.*(segment|snapshot|state|identity)"))
                .filter(file -> used(file) > 0)
                .collect(Collectors.partitioningBy(file -> data.relativize(file).startsWith("kv")));
        boolean ofClients = random.nextBoolean();
        return spoil(data, files.get(files.get(ofClients).isEmpty() != ofClients), random);
    }

    /** The same of the journal. */
    static String spoilJournal(Path data, Random random) throws IOException {
        return spoil(data, journals(data), random);
    }

    private static List<Path> journals(Path data) throws IOException {
        return files(data).stream()
                .filter(file -> file.toString().matches(".*/_journal/.*journal"))
                .filter(file -> used(file) > JOURNAL_HEAD)
                .toList();
    }

    /** Whether logs of that node have been written in its journal. */
    static boolean hasJournal(Path data) throws IOException {
        return !journals(data).isEmpty();
    }

    private static String spoil(Path data, List<Path> files, Random random) throws IOException {
        if (files.isEmpty()) {
            return "nothing to damage in " + data;
        }
        Path file = files.get(random.nextInt(files.size()));
        String name = data.relativize(file).toString();
        long used = used(file);
        switch (random.nextInt(8)) {
            case 0 -> {
                Files.delete(file);
                return "deleted " + name;
            }
            case 1 -> {
                long length = (long) (random.nextDouble() * used);
                try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
                    open.setLength(length);
                }
                return "cut " + name + " to " + length + " bytes";
            }
            default -> {
                long at = (long) (random.nextDouble() * used);
                int bit = random.nextInt(8);
                boolean written = random.nextBoolean(); // and no filling between records
                try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
                    open.seek(at);
                    int old = open.read();
                    while (written && old == 0) {
                        at++;
                        old = open.read();
                    }
                    open.seek(at);
                    open.write(old ^ (1 << bit));
                }
                return "flipped bit " + bit + " of byte " + at + " of " + name;
            }
        }
    }

    /** Up to the last byte that is not zero. */
    private static long used(Path file) {
        try {
            byte[] bytes = Files.readAllBytes(file);
            int length = bytes.length;
            while (length > 0 && bytes[length - 1] == 0) {
                length--;
            }
            return length;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** A new disk in its place. */
    static void wipe(Path data) throws IOException {
        if (Files.exists(data)) {
            deleteAll(data, entry -> true);
        }
    }

    /** What an operator throws away once the replica is in sync again. */
    static void removeDamagedLogs(Path data) throws IOException {
        for (Path group : entries(data)) {
            if (Files.isDirectory(group) && !group.endsWith(LOST_AND_FOUND)) {
                deleteAll(group, entry -> entry.getFileName().toString().startsWith("damaged-"));
            }
        }
    }

    private static void deleteAll(Path directory, Predicate<Path> which) throws IOException {
        for (Path entry : entries(directory)) {
            if (!entry.endsWith(LOST_AND_FOUND) && which.test(entry)) {
                try (Stream<Path> all = Files.walk(entry)) {
                    for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                        Files.delete(path);
                    }
                }
            }
        }
    }

    private static List<Path> entries(Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.toList();
        }
    }

    /** Copies everything; what is there already is replaced. */
    static void copy(Path from, Path to) throws IOException {
        for (Path file : files(from)) {
            Path target = to.resolve(from.relativize(file).toString());
            Files.createDirectories(target.getParent());
            Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static List<Path> files(Path data) throws IOException {
        try (Stream<Path> all = Files.walk(data)) {
            return all.filter(Files::isRegularFile).toList();
        }
    }
}
