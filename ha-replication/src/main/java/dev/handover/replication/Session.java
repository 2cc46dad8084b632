package dev.handover.replication;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

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

    /** {@link StateMachine#query} on this node's state machine; see {@link #read}. */
    CompletableFuture<byte[]> query(byte[] query);

    /**
     * As {@link ReplicatedLog#read}, of this node's copy as soon as it has applied every command of this session that was answered before, and all that earlier reads of the session have seen: a
     * session reads its own writes, and never goes back in time. What others were answered may be missing. Needs no message, and no leader if the copy is there already.
     *
     * @return fails with {@link dev.handover.StaleReadException} if the copy does not come so far within the command time-out
     */
    <T> CompletableFuture<T> read(Supplier<T> reader);

    /**
     * What this session has seen so far, for a read on another node that shall see it as well ({@link ReplicatedLog#read(LogPosition, Supplier)}): the newest command that was answered, the newest
     * state that was read.
     */
    LogPosition position();

    /** Takes no more commands; those under way complete. Closing twice is fine. */
    @Override
    void close();
}
