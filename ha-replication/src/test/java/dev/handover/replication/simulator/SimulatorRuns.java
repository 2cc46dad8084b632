package dev.handover.replication.simulator;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Many seeds, on all cores. System properties: {@code sim.seeds} how many (2000), {@code sim.steps} steps of each (2000), {@code sim.first} the first one
 * (1), {@code sim.seed} only this one, {@code sim.failures} stop after so many failures (5).
 */
final class SimulatorRuns {
    private static final int SHOWN = 200;
    /** So many steps meet everything: with 400 worlds of 2,000 steps nothing was met fewer than 36 times. */
    private static final int ENOUGH = 400_000;

    private final long first;
    private final long seeds;
    private final long steps;
    private final int maxFailures;
    private final List<Simulation.Result> failures = Collections.synchronizedList(new ArrayList<>());
    private final AtomicLong done = new AtomicLong();
    private final AtomicLong stepsDone = new AtomicLong();
    private final AtomicLong epochs = new AtomicLong();
    private final AtomicLong committed = new AtomicLong();
    private final AtomicLong operations = new AtomicLong();
    private final AtomicLong lostForGood = new AtomicLong();
    private final AtomicLong undecided = new AtomicLong();
    private final AtomicLong leasedReads = new AtomicLong();
    private final AtomicLong slowestRest = new AtomicLong();
    private final SimCounts counts = new SimCounts();
    private long nanos;

    SimulatorRuns(long first, long seeds, long steps, int maxFailures) {
        this.first = first;
        this.seeds = seeds;
        this.steps = steps;
        this.maxFailures = maxFailures;
    }

    static SimulatorRuns fromProperties() {
        Long one = Long.getLong("sim.seed");
        return new SimulatorRuns(
                one == null ? Long.getLong("sim.first", 1) : one,
                one == null ? Long.getLong("sim.seeds", 2000) : 1,
                Long.getLong("sim.steps", 2000),
                Integer.getInteger("sim.failures", 5));
    }

    /** The failures, lowest seed first. */
    List<Simulation.Result> run() {
        long start = System.nanoTime();
        int threads = Runtime.getRuntime().availableProcessors();
        AtomicLong next = new AtomicLong(first);
        ExecutorService workers = Executors.newFixedThreadPool(threads);
        try {
            List<Future<?>> futures = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                futures.add(workers.submit(() -> {
                    for (long seed = next.getAndIncrement();
                            seed < first + seeds && failures.size() < maxFailures;
                            seed = next.getAndIncrement()) {
                        count(Simulation.run(seed, steps));
                    }
                }));
            }
            for (Future<?> future : futures) {
                future.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } finally {
            workers.shutdownNow();
        }
        nanos = System.nanoTime() - start;
        List<Simulation.Result> found = new ArrayList<>(failures);
        found.sort((a, b) -> Long.compare(a.seed(), b.seed()));
        return found;
    }

    private void count(Simulation.Result result) {
        done.incrementAndGet();
        stepsDone.addAndGet(result.steps());
        epochs.addAndGet(result.epochs());
        committed.addAndGet(result.committed());
        operations.addAndGet(result.operations());
        leasedReads.addAndGet(result.leasedReads());
        counts.add(result.counts());
        if (result.undecided()) {
            undecided.incrementAndGet();
        }
        if (result.lostForGood()) {
            lostForGood.incrementAndGet();
        } else {
            slowestRest.accumulateAndGet(result.restNanos(), Math::max);
        }
        if (result.failure() != null) {
            failures.add(result);
        }
    }

    /** What should have happened by now, and has not: nobody asks that of a few worlds. */
    List<String> neverHappened() {
        return stepsDone.get() < ENOUGH ? List.of() : counts.never();
    }

    String summary() {
        long n = Math.max(1, done.get());
        return String.format(
                "simulator: %d seeds from %d, %d steps in %.1f s (%.0f steps/s); per seed %.1f epochs, %.1f entries committed, %.1f operations; %d reads by lease; "
                        + "slowest rest %d ms; %d worlds lost their data for good; %d histories undecided; %d failed%n%s",
                done.get(),
                first,
                stepsDone.get(),
                nanos / 1e9,
                stepsDone.get() * 1e9 / Math.max(1, nanos),
                (double) epochs.get() / n,
                (double) committed.get() / n,
                (double) operations.get() / n,
                leasedReads.get(),
                slowestRest.get() / SimParameters.MILLI,
                lostForGood.get(),
                undecided.get(),
                failures.size(),
                counts);
    }

    /** What somebody needs to find out why a seed failed; the whole transcript goes to a file. */
    String report(Simulation.Result result) {
        Path file = Path.of("target", "simulator", "seed-" + result.seed() + ".txt");
        try {
            Files.createDirectories(file.getParent());
            Files.write(file, result.transcript());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<String> lines = result.transcript();
        StringBuilder text = new StringBuilder();
        text.append("\n==== seed ")
                .append(result.seed())
                .append(" failed after ")
                .append(result.steps())
                .append(" steps\n");
        lines.subList(Math.max(0, lines.size() - SHOWN), lines.size())
                .forEach(line -> text.append(line).append('\n'));
        text.append("world: ").append(result.parameters());
        text.append("\nwhole transcript: ").append(file.toAbsolutePath());
        text.append("\nreplay: ").append(command(result));
        text.append("\nfailed: ").append(result.failure().getMessage());
        if (result.failure().getCause() != null) {
            for (StackTraceElement element : result.failure().getCause().getStackTrace()) {
                text.append("\n    at ").append(element);
            }
        }
        return text.toString();
    }

    private String command(Simulation.Result result) {
        return "mvn -pl ha-replication -am -Dtest=SimulatorTest -Dsurefire.failIfNoSpecifiedTests=false -Dsim.seed="
                + result.seed() + " -Dsim.steps=" + steps + " test";
    }
}
