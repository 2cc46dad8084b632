package dev.handover.replication;

import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * The application's replicated state. Every replica applies the same commands in the same order and must come to the same state: no wall clock, no
 * random numbers, no outside calls, no iteration over unordered collections that shows in a result. All methods are called on one
 * thread, the group's applier, one at a time; they must not block for long, or reads and take-overs wait.
 *
 * <p>After a restart the state machine starts empty; the newest snapshot is restored, if there is one, and the log behind it is applied again.
 */
public interface StateMachine {
    /**
     * Applies a committed command, exactly once per state. {@link InPlaceStateMachine} is for machines that shall not cost an object for each.
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
     * Begins a snapshot of the state as it is now, between two commands; must be quick, since commands wait for it. It is written afterwards, while commands go on being applied: see
     * {@link StateSnapshot} for the two ways, and {@code docs/snapshots.md}. Called on the applier thread, never while the one before is still being written. What it throws costs this
     * snapshot only: an operator is warned, and it is tried again later.
     *
     * @return null, the default, if this machine takes no snapshots: its log is kept whole, grows for ever, and is applied from its beginning at every start
     */
    default @Nullable StateSnapshot snapshot() {
        return null;
    }

    /**
     * Replaces the whole state by one that {@link #snapshot} wrote, on this replica or another, of this release or an earlier one. On the applier thread: at the start, and when this replica was
     * away for too long. The stream ends where the snapshot ends. Required if snapshots are taken.
     *
     * @throws IOException if it cannot be read: the replica falls back to an older snapshot, or stops itself
     */
    default void restore(InputStream in) throws IOException {
        throw new IOException(
                getClass().getName() + " takes no snapshots and restores none: override StateMachine.restore");
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
