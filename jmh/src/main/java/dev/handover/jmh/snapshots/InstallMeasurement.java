package dev.handover.jmh.snapshots;

import dev.handover.event.HaEvent;
import dev.handover.event.HaEvent.SnapshotStep;
import dev.handover.jmh.snapshots.Replicas.Replica;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** Commits on the leader of three replicas at a steady rate, without and while the third one, which has fallen behind what the log holds, is sent a snapshot and installs it. */
final class InstallMeasurement {
    private static final int FILL_BYTES = 32 << 10;

    private final long stateBytes;
    private final int perSecond;
    private final int seconds;
    private final int rounds;
    private final int commandBytes;

    InstallMeasurement(long stateBytes, int perSecond, int seconds, int rounds, int commandBytes) {
        this.stateBytes = stateBytes;
        this.perSecond = perSecond;
        this.seconds = seconds;
        this.rounds = rounds;
        this.commandBytes = commandBytes;
    }

    /** Ratio of the medians of p99. */
    double run() throws Exception {
        try (Replicas replicas = new Replicas(stateBytes)) {
            Replica leader = replicas.start("a", replicas.state());
            leader.awaitInSync();
            replicas.start("b", replicas.state()).awaitInSync();
            replicas.start("c", replicas.state()).awaitInSync();
            replicas.stop("c");
            forgetTheLog(leader);
            System.out.println(Latencies.header());
            List<Latencies> without = new ArrayList<>();
            List<Latencies> during = new ArrayList<>();
            for (int round = 0; round < rounds; round++) {
                round(replicas, leader, without, during);
                replicas.stop("c");
                replicas.wipe("c");
            }
            double ratio = median(during) / median(without);
            System.out.println(String.format(
                    Locale.ROOT,
                    "p99 during / without, medians of %d rounds: %.0f us / %.0f us = %.2f (bar 3.00)",
                    rounds,
                    median(during),
                    median(without),
                    ratio));
            return ratio;
        }
    }

    /** The leader's log begins behind everything that c has. */
    private static void forgetTheLog(Replica leader) throws Exception {
        for (int snapshot = 0; snapshot < 2; snapshot++) {
            List<CompletableFuture<byte[]>> answers = new ArrayList<>();
            for (int i = 0; i < 400; i++) {
                answers.add(leader.log().submit(new byte[FILL_BYTES]));
            }
            for (CompletableFuture<byte[]> answer : answers) {
                answer.get();
            }
            leader.log().snapshot().get();
        }
    }

    private void round(Replicas replicas, Replica leader, List<Latencies> without, List<Latencies> during)
            throws Exception {
        LargeState state = replicas.state();
        try (PacedLoad load = PacedLoad.start(leader.log(), perSecond, commandBytes)) {
            TimeUnit.SECONDS.sleep(Math.max(1, seconds / 4)); // warm
            long quiet = System.nanoTime();
            TimeUnit.SECONDS.sleep(seconds);
            long begin = System.nanoTime();
            Replica behind = replicas.start("c", state);
            CompletableFuture<Long> received = new CompletableFuture<>();
            CompletableFuture<Long> installed = new CompletableFuture<>();
            behind.node().events().subscribe(event -> {
                if (event instanceof HaEvent.Snapshot snapshot) {
                    if (snapshot.step() == SnapshotStep.RECEIVED) {
                        received.complete(System.nanoTime());
                    } else if (snapshot.step() == SnapshotStep.INSTALLED) {
                        installed.complete(System.nanoTime());
                    }
                }
            });
            behind.awaitInSync();
            if (!installed.isDone()) {
                throw new IllegalStateException("c is in sync, and no snapshot was installed: nothing was measured");
            }
            if (!leader.log().status().role().leads()) {
                throw new IllegalStateException("a no longer leads: nothing was measured");
            }
            long end = get(installed);
            Latencies before = load.between("without", quiet, begin);
            Latencies meanwhile = load.between("during the install", begin, end);
            System.out.println(before.line());
            System.out.println(meanwhile.line());
            double receiving = (get(received) - begin) / 1e9;
            System.out.println(String.format(
                    Locale.ROOT,
                    "  %d MiB: started and received in %.1f s (%.0f MiB/s), installed %.1f s later",
                    stateBytes >> 20,
                    receiving,
                    (stateBytes >> 20) / receiving,
                    (end - get(received)) / 1e9));
            without.add(before);
            during.add(meanwhile);
        }
    }

    private static long get(CompletableFuture<Long> future) throws InterruptedException, ExecutionException {
        return future.get();
    }

    private static double median(List<Latencies> all) {
        double[] sorted =
                all.stream().mapToDouble(one -> one.micros(0.99)).sorted().toArray();
        return sorted[sorted.length / 2];
    }
}
