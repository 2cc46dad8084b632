package dev.handover.replication;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.function.Supplier;

/** For tests in other packages: what only this one may do to a node, and how to wait. */
public final class TestNodes {
    private final InMemoryLogStores logs = new InMemoryLogStores();

    /** Keeps the node's logs in memory; they survive {@link #crash} as a disk would. */
    public HaNode.Builder inMemory(HaNode.Builder builder) {
        return builder.logStores(logs);
    }

    /** Returns when the condition holds; fails after the limit, and says what is not so. */
    public static void await(Duration limit, Supplier<String> what, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!condition.call()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("not within " + limit + ": " + what.get());
            }
            Thread.sleep(2);
        }
    }

    /** Dies as a process would. */
    public static void crash(HaNode node) {
        node.crash();
    }
}
