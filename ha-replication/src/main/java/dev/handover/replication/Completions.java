package dev.handover.replication;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Answers that the loop has for callers, gathered and given on the applier: what callers hang onto their futures must not hold up the loop. Belongs to the loop. */
final class Completions {
    private List<Runnable> waiting = new ArrayList<>();

    <T> void complete(CompletableFuture<T> future, T result) {
        if (!future.isDone()) {
            waiting.add(() -> future.complete(result));
        }
    }

    void end(Submission submission, byte @Nullable [] result, @Nullable Throwable failure) {
        if (!submission.isEnded()) {
            waiting.add(() -> submission.end(result, failure));
        }
    }

    void fail(CompletableFuture<?> future, Throwable reason) {
        if (!future.isDone()) {
            waiting.add(() -> future.completeExceptionally(reason));
        }
    }

    void flush(Applier applier) {
        if (waiting.isEmpty()) {
            return;
        }
        List<Runnable> now = waiting;
        waiting = new ArrayList<>();
        applier.run(() -> now.forEach(Runnable::run));
    }
}
