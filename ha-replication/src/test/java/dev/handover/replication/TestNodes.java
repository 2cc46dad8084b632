package dev.handover.replication;

/** For tests in other packages: what only this one may do to a node. */
public final class TestNodes {
    private final InMemoryLogStores logs = new InMemoryLogStores();

    /** Keeps the node's logs in memory; they survive {@link #crash} as a disk would. */
    public HaNode.Builder inMemory(HaNode.Builder builder) {
        return builder.logStores(logs);
    }

    /** Dies as a process would. */
    public static void crash(HaNode node) {
        node.crash();
    }
}
