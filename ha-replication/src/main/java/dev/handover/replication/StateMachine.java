package dev.handover.replication;

/**
 * The application's replicated state. Every replica applies the same commands in the same order and must come to the same state: no wall clock, no
 * random numbers, no outside calls, no iteration over unordered collections that shows in a result. All methods are called on one
 * thread, the group's applier, one at a time; they must not block for long, or reads and take-overs wait.
 *
 * <p>After a restart the state machine starts empty and the log is applied again from its beginning.
 */
public interface StateMachine {
    /**
     * Applies a committed command, exactly once per state.
     *
     * @return what {@link ReplicatedLog#submit} completes with. It is kept until the caller is known to have it: keep it small. Expected failures
     *     (no such account, say) are results, not exceptions: an exception stops this replica, since its state is no longer known to be that of
     *     the others
     */
    byte[] apply(Command command);

    /** Answers a question without changing anything. What it throws reaches the asker. */
    default byte[] query(byte[] query) {
        throw new IllegalArgumentException(
                getClass().getName() + " answers no queries: override StateMachine.query, or use ReplicatedLog.read");
    }

    /**
     * This replica leads: everything acknowledged before is applied here, and new commands flow.
     *
     * @param epoch fencing token for side effects outside; grows with every change of leader
     */
    default void onLeader(long epoch) {}

    /** This replica led and does not any more. */
    default void onFollower(long epoch) {}
}
