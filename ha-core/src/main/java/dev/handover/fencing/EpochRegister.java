package dev.handover.fencing;

/**
 * A fence as part of a replicated state machine: commands carry the epoch of whoever sends them, and every replica decides alike. Not thread-safe, as state machines need not be.
 * Write {@link #highest()} into the snapshot, and begin with it at restore.
 */
public final class EpochRegister {
    private long highest;

    /** Begins with the highest epoch so far; 0 for none. */
    public EpochRegister(long highest) {
        this.highest = highest;
    }

    /** Whether the command may be applied; remembers the epoch if so. */
    public boolean admits(long epoch) {
        if (epoch < highest) {
            return false;
        }
        highest = epoch;
        return true;
    }

    /** The highest epoch so far. */
    public long highest() {
        return highest;
    }
}
