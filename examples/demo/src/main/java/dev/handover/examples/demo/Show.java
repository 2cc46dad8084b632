package dev.handover.examples.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The whole demo from the first start to the last line. {@link #run()} once; {@link #close()} from any thread. */
final class Show implements AutoCloseable {
    private static final long REDRAW_MILLIS = 200;
    private static final int FINDINGS_SHOWN = 20;

    private final Options options;
    private final Path directory;
    private final Display display;
    private volatile @Nullable Cluster cluster;
    private volatile @Nullable Load load;
    private volatile @Nullable Thread painter;
    private volatile boolean keep;
    private volatile boolean closed;

    /** In this directory, which exists. */
    Show(Options options, Path directory, Display display) {
        this.options = options;
        this.directory = directory;
        this.display = display;
        keep = options.keep();
    }

    /**
     * Runs it.
     *
     * @return whether nothing was lost or doubled; the last line is printed then either way
     * @throws DemoFailure if it could not be finished
     */
    boolean run() throws IOException, InterruptedException {
        display.line("Three kv-servers, one ZooKeeper, " + (options.writers() + 1) + " writers, " + options.rounds()
                + switch (options.kind()) {
                    case KILL -> " times SIGKILL for the leader";
                    case TRANSFER -> " transfers of the leadership";
                    case STOP -> " times SIGTERM for the leader";
                } + "; data and logs in " + directory);
        Cluster started = new Cluster(directory, options.kvServerJar(), options.jvmOptions());
        adopt(started);
        Progress progress = new Progress(
                options.rounds(), started.nodes().stream().map(KvNode::id).toList());
        startPainter(started, progress);
        started.start();
        try (Observer observer = new Observer(started.addresses())) {
            Drill drill = new Drill(started, observer, progress);
            progress.phase("waiting for the servers");
            NodeInfo first = drill.awaitAllInSync(() -> checkRunning(started));
            display.line("leader " + first.node() + ", epoch " + first.epoch() + ", in sync {"
                    + String.join(",", first.inSync()) + "}");
            Load writing = new Load(
                    started.addresses(), options.writers(), started.nodes().indexOf(started.node(first.node())));
            load = writing;
            progress.counting(() -> writing.acknowledged().total());
            writing.start();
            if (options.kind() != Options.Kind.KILL) {
                return runPlanned(new PlannedDrill(started, drill, progress), writing, progress);
            }
            List<Round> rounds = new ArrayList<>();
            for (int number = 1; number <= options.rounds(); number++) {
                Round round = drill.run(number, writing);
                rounds.add(round);
                progress.roundDone();
                display.line(round.line());
                if (options.timeline()) {
                    showTimeline(round, started);
                }
            }
            progress.phase("reading everything back");
            writing.stop();
            return report(
                    audit -> Summary.of(rounds, writing.acknowledged().total(), audit)
                            .json(),
                    writing,
                    progress);
        }
    }

    private boolean runPlanned(PlannedDrill drill, Load writing, Progress progress)
            throws IOException, InterruptedException {
        List<PlannedDrill.Change> changes = new ArrayList<>();
        for (int number = 1; number <= options.rounds(); number++) {
            PlannedDrill.Change change = drill.run(number, options.kind(), writing);
            changes.add(change);
            progress.roundDone();
            display.line(change.line());
        }
        progress.phase("reading everything back");
        writing.stop();
        return report(
                audit -> PlannedDrill.json(options.kind(), changes, writing.acknowledged(), writing.unknown(), audit),
                writing,
                progress);
    }

    private boolean report(Function<Audit, String> json, Load writing, Progress progress) throws InterruptedException {
        Audit audit = writing.audit();
        writing.awaitConvergence();
        progress.phase("done");
        stopPainter();
        display.draw(progress.frame());
        display.line(String.format(
                Locale.ROOT,
                "read back from each of the three nodes: %d lost, %d duplicated, %d foreign; %d writes had no known outcome, %d were refused and sent again; all three stores are equal",
                audit.lost().size(),
                audit.duplicated().size(),
                audit.foreign().size(),
                writing.unknown(),
                writing.acknowledged().refusals()));
        show("lost", audit.lost());
        show("duplicated", audit.duplicated());
        show("foreign", audit.foreign());
        display.close();
        if (!audit.clean()) {
            keep = true;
        }
        if (keep) {
            display.line("data and logs are in " + directory);
        }
        display.line(json.apply(audit));
        return audit.clean();
    }

    private void showTimeline(Round round, Cluster started) throws IOException {
        List<Path> logs = new ArrayList<>();
        logs.add(directory.resolve("demo.log"));
        started.nodes().forEach(node -> logs.add(node.log()));
        Duration after = Duration.ofNanos(Math.max(round.takeOverNanos(), round.gapNanos()))
                .plusMillis(10);
        Timeline.around(round.killedWall(), after, logs).stream()
                .filter(line -> !line.text().contains("concurrent-"))
                .forEach(line -> display.line(line.toString()));
    }

    private void show(String what, List<String> findings) {
        if (!findings.isEmpty()) {
            display.line(what + ": " + findings.subList(0, Math.min(FINDINGS_SHOWN, findings.size()))
                    + (findings.size() > FINDINGS_SHOWN ? " and more" : ""));
        }
    }

    /** Prints why it could not be finished, with the ends of the servers' logs, and keeps the directory. */
    void explain(Exception failure) {
        keep = true;
        display.close();
        Cluster running = cluster;
        if (running != null) {
            System.err.println(running.tails());
        }
        System.err.println("demo: " + (failure instanceof DemoFailure ? failure.getMessage() : failure.toString()));
        for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
            System.err.println("  because: " + cause);
        }
        System.err.println("demo: data and logs are in " + directory);
    }

    private synchronized void adopt(Cluster started) throws IOException {
        cluster = started;
        if (closed) {
            started.close();
            throw new IOException("closed while starting");
        }
    }

    private static void checkRunning(Cluster started) {
        for (KvNode node : started.nodes()) {
            if (!node.isAlive()) {
                throw new DemoFailure("node " + node.id() + " ended by itself before it served");
            }
        }
    }

    private void startPainter(Cluster started, Progress progress) {
        if (!options.live()) {
            return;
        }
        Thread thread = new Thread(
                () -> {
                    try (Observer observer = new Observer(started.addresses())) {
                        while (!closed && !Thread.currentThread().isInterrupted()) {
                            progress.seen(observer.look());
                            display.draw(progress.frame());
                            TimeUnit.MILLISECONDS.sleep(REDRAW_MILLIS);
                        }
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                "painter");
        thread.setDaemon(true);
        thread.start();
        painter = thread;
    }

    private void stopPainter() throws InterruptedException {
        Thread thread = painter;
        if (thread != null) {
            thread.interrupt();
            thread.join(TimeUnit.SECONDS.toMillis(5));
        }
    }

    /** Stops the writers, kills the servers, restores the terminal, removes what is not to be kept. Closing twice is fine. */
    @Override
    public void close() {
        Cluster running;
        synchronized (this) {
            closed = true;
            running = cluster;
        }
        Load writing = load;
        if (writing != null) {
            writing.close();
        }
        if (running != null) {
            running.close();
        }
        display.close();
        removeDirectory();
    }

    private synchronized void removeDirectory() {
        if (keep || !Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + directory, e);
        }
    }
}
