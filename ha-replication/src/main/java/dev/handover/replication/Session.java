package dev.handover.replication;

import java.util.concurrent.CompletableFuture;

/**
 * Commands that are applied exactly once and, from one session, in the order of their submission.
 *
 * <p>What is promised: if two commands of a session are applied, the one submitted earlier is applied earlier, whatever happens to leaders and connections. A
 * command that fails does not hold back those after it: whoever needs that waits for each answer before submitting the next. A command whose outcome
 * is unknown is never applied after a later one of the session.
 *
 * <p>Commands travel in bunches: what is submitted while one is under way waits for its end and leaves together. So one session has the latency of
 * {@link ReplicatedLog#submit}, and less throughput. Sessions live in the replicated state and are forgotten after
 * {@link HaNode.Builder#sessionTimeout} without a command, in log time; another one takes the place of a forgotten one without anybody noticing. All methods
 * may be called from any thread; the order is that of the calls where they do not overlap.
 */
public interface Session extends AutoCloseable {
    /** As {@link ReplicatedLog#submit}; what was submitted before in this session is applied before, or never. */
    CompletableFuture<byte[]> submit(byte[] command);

    /** Takes no more commands; those under way complete. Closing twice is fine. */
    @Override
    void close();
}
