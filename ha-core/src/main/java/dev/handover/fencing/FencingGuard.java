package dev.handover.fencing;

import dev.handover.FencedException;

/**
 * Stands before a resource and lets only the newest leader in: the epoch of a leader that was deposed without knowing it is refused. Source of the idea:
 * fencing tokens, M. Kleppmann, "How to do distributed locking", 2016; leases with sequencers, Burrows, "The Chubby lock service", OSDI 2006, 2.4.
 *
 * <p>Ready-made are {@link InMemoryFence}, {@link JdbcFence}, {@link HttpFence} and, inside a replicated state machine, {@link EpochRegister}. For another resource implement
 * this where the resource is: remembering and refusing must be one atomic step with the write that they protect.
 */
public interface FencingGuard {
    /**
     * Remembers the epoch if it is at least the highest so far.
     *
     * @throws FencedException a higher one was here: whoever uses this one no longer leads
     */
    void admit(long epoch);

    /** The highest epoch that was let in; 0 for none. For an election's {@code epochFloor}. */
    long highest();
}
