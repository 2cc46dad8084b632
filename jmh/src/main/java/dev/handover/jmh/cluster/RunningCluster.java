package dev.handover.jmh.cluster;

import dev.handover.jmh.copies.Copies;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The processes of one system. */
final class RunningCluster implements AutoCloseable {
    static final List<String> REPLICA_JVM = List.of("-Xmx1g", "-XX:+UseTransparentHugePages");
    private static final List<String> CLIENT_JVM = List.of("-Xmx512m", "-XX:+UseTransparentHugePages");
    private static final long START_SECONDS = 90;
    private static final int WARM_WINDOW = 64;
    private static final int WARM_BYTES = 256;
    /** Before each take-over. */
    static final int WARM_SECONDS = 5;

    private final Contender contender;
    private final Layout layout;
    private final List<String> jvmOptions;
    private final Path layoutFile;
    private final List<Spawned> replicas = new ArrayList<>();
    private @Nullable Spawned client;

    /** Starts it; the JVM's options are for every process of it, beside those that all systems have. */
    RunningCluster(Contender contender, Layout layout, List<String> jvmOptions)
            throws IOException, InterruptedException {
        this.contender = contender;
        this.layout = layout;
        this.jvmOptions = jvmOptions;
        Files.createDirectories(layout.directory());
        layoutFile = layout.directory().resolve("layout.properties");
        layout.save(layoutFile);
        contender.prepare(layout);
        try {
            for (int i = 0; i < layout.replicas(); i++) {
                replicas.add(spawn(i));
            }
            for (Spawned replica : replicas) {
                replica.answer(START_SECONDS);
            }
            leader();
            client = new Spawned(
                    options(CLIENT_JVM),
                    List.of("client", contender.name(), layoutFile.toString()),
                    layout.directory().resolve("client.log"));
            client().answer(START_SECONDS);
        } catch (IOException | InterruptedException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private Spawned spawn(int replica) throws IOException {
        return new Spawned(
                options(REPLICA_JVM),
                List.of("replica", contender.name(), String.valueOf(replica), layoutFile.toString()),
                layout.directory().resolve("replica-" + replica + ".log"));
    }

    private List<String> options(List<String> common) {
        List<String> all = new ArrayList<>(common);
        all.addAll(contender.jvmOptions());
        all.addAll(jvmOptions);
        return all;
    }

    Spawned client() {
        Spawned running = client;
        if (running == null) {
            throw new IllegalStateException("no client was started");
        }
        return running;
    }

    /** Waits until there is one. */
    int leader() throws IOException, InterruptedException {
        long end = System.nanoTime() + START_SECONDS * 1_000_000_000L;
        while (System.nanoTime() < end) {
            for (int i = 0; i < replicas.size(); i++) {
                if (replicas.get(i).isAlive() && replicas.get(i).ask("stats").startsWith("true ")) {
                    return i;
                }
            }
            Thread.sleep(50);
        }
        throw new IOException(
                contender.name() + " has no leader after " + START_SECONDS + " s; see " + layout.directory());
    }

    Row run(Options options, int window, int bytes) throws IOException, InterruptedException {
        return run(window, bytes, options.reads(), options.warmSeconds(), options.seconds());
    }

    Row run(int window, int bytes, int reads, int warmSeconds, int seconds) throws IOException, InterruptedException {
        int leader = awaitAllCopies();
        begin(window, bytes, reads, warmSeconds, seconds);
        Copies copies = copies(leader);
        double serversBefore = serverCpu();
        double clientBefore = client().cpuSeconds();
        long allocatedBefore = allocated(leader);
        String[] words = client().answer(seconds + 30L).split(" ");
        double servers = serverCpu() - serversBefore;
        double cpu = client().cpuSeconds() - clientBefore;
        long allocated = allocated(leader) - allocatedBefore;
        Copies atTheEnd = copies(leader);
        awaitIdle();
        copies.check(atTheEnd, layout.replicas());
        double operations = Math.max(1, Long.parseLong(words[0]));
        return new Row(
                contender.name(),
                layout.replicas(),
                window,
                bytes,
                reads,
                Double.parseDouble(words[1]),
                Double.parseDouble(words[2]),
                Double.parseDouble(words[3]),
                Double.parseDouble(words[4]),
                Double.parseDouble(words[5]),
                allocated / operations,
                servers * 1e6 / operations,
                cpu * 1e6 / operations,
                Long.parseLong(words[6]));
    }

    /** Returns when the warm-up is over. */
    private void begin(int window, int bytes, int reads, int warmSeconds, int seconds)
            throws IOException, InterruptedException {
        client().say("run " + window + " " + bytes + " " + reads + " " + warmSeconds + " " + seconds);
        client().answer(warmSeconds + 30L);
    }

    private void awaitIdle() throws IOException, InterruptedException {
        if (!client().answer(60).equals("idle")) {
            throw new IOException(contender.name() + " has left commands unanswered for 20 s");
        }
    }

    private double serverCpu() throws IOException {
        double sum = 0;
        for (Spawned replica : replicas) {
            sum += replica.cpuSeconds();
        }
        return sum;
    }

    /** Those that the row before was too fast for come back meanwhile. */
    private int awaitAllCopies() throws IOException, InterruptedException {
        long end = System.nanoTime() + START_SECONDS * 1_000_000_000L;
        int leader = leader();
        while (!copies(leader).areAll(layout.replicas())) {
            if (System.nanoTime() - end > 0) {
                throw new IOException(contender.name() + " has no more than "
                        + copies(leader).inSync() + " of " + layout.replicas() + " replicas in sync after "
                        + START_SECONDS + " s; see " + layout.directory());
            }
            Thread.sleep(50);
            leader = leader();
        }
        return leader;
    }

    private Copies copies(int replica) throws IOException, InterruptedException {
        return Copies.parse(replicas.get(replica).ask("stats").split(" ")[3]);
    }

    private long allocated(int replica) throws IOException, InterruptedException {
        return Long.parseLong(replicas.get(replica).ask("stats").split(" ")[1]);
    }

    /**
     * The leader is killed under a sequential writer.
     *
     * @param gapMillis longest time between two answers around the kill
     * @param lost acknowledged, and not applied by the new leader; -1 where nothing is kept
     */
    record TakeOver(double gapMillis, long acknowledged, long lost, long doubled) {}

    TakeOver takeOver(int round, boolean keeps) throws IOException, InterruptedException {
        begin(WARM_WINDOW, WARM_BYTES, 0, 0, WARM_SECONDS); // the replica of the round before has just been started
        client().answer(WARM_SECONDS + 30L);
        awaitIdle();
        awaitAllCopies();
        Path file = layout.directory().resolve("acknowledged-" + round);
        client().say("write " + file + " " + round * 10_000_000L);
        client().answer(90);
        int leader = leader();
        client().say("kill");
        Thread.sleep(300); // a piece of undisturbed writing belongs to the picture
        replicas.get(leader).kill();
        long killed = System.nanoTime();
        Thread.sleep(1000); // nobody is asked anything while the survivors have better to do
        int next = leader();
        while (System.nanoTime() - killed < 3_000_000_000L) {
            Thread.sleep(50);
        }
        client().say("enough");
        String[] words = client().answer(120).split(" ");
        String[] audit = keeps ? replicas.get(next).ask("audit " + file).split(" ") : new String[] {"-1", "-1"};
        replicas.set(leader, spawn(leader));
        replicas.get(leader).answer(START_SECONDS);
        return new TakeOver(
                Long.parseLong(words[0]) / 1e6,
                Long.parseLong(words[1]),
                Long.parseLong(audit[0]),
                Long.parseLong(audit[1]));
    }

    @Override
    public void close() {
        replicas.forEach(Spawned::close);
        if (client != null) {
            client.close();
        }
    }
}
