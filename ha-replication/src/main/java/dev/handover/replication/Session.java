package dev.handover.replication;

import java.util.concurrent.CompletableFuture;

/**
 * Commands that are applied exactly once and, from one session, in the order of their submission. Sessions live in the replicated state; one that was
 * idle for the session time-out (log time) is forgotten.
 */
public interface Session extends AutoCloseable {
    /** As {@link ReplicatedLog#submit}; what was submitted before in this session is applied before. */
    CompletableFuture<byte[]> submit(byte[] command);

    /** Takes no more commands; those under way complete. Closing twice is fine. */
    @Override
    void close();
}
