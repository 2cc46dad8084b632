package dev.handover.replication.history;

import org.jspecify.annotations.Nullable;

/**
 * What an object does when it is used by one client at a time.
 *
 * @param <S> its state: immutable, with equals and hashCode
 * @param <I> what can be asked
 * @param <O> what can be answered
 */
public interface SequentialModel<S, I, O> {
    /** The state before the first operation. */
    S initial();

    /** The state after it. */
    S next(S state, I input);

    /** Whether the object, in this state, could give this answer. */
    boolean accepts(S state, I input, @Nullable O output);

    /** Whether it leaves every state as it is; then it can be forgotten when its answer is unknown. */
    default boolean isReadOnly(I input) {
        return false;
    }
}
