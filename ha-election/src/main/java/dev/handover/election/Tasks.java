package dev.handover.election;

import dev.handover.leadership.LeaderTaskRunner;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/** What runs only while this candidate leads. */
final class Tasks {
    private final List<LeaderTaskRunner> runners = new CopyOnWriteArrayList<>();

    void add(LeaderTaskRunner runner) {
        runners.add(runner);
    }

    void remove(LeaderTaskRunner runner) {
        runners.remove(runner);
    }

    /** Interrupts all and tells whether all have returned in time. Does not block. */
    CompletableFuture<Boolean> stop(Duration timeout) {
        CompletableFuture<Boolean> stopped = CompletableFuture.completedFuture(true);
        for (LeaderTaskRunner runner : runners) {
            CompletableFuture<Boolean> one = new CompletableFuture<>();
            Thread thread = new Thread(() -> one.complete(runner.stopAndAwait(timeout)), "handover-election-stop");
            thread.setDaemon(true);
            thread.start();
            stopped = stopped.thenCombine(one, Boolean::logicalAnd);
        }
        return stopped;
    }

    void close() {
        runners.forEach(LeaderTaskRunner::close);
    }
}
