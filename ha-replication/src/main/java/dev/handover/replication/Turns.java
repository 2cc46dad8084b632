package dev.handover.replication;

/**
 * Whose turn it is in a list that changes: a few at once, all of them; of many a part each time, and each within {@link #ROUNDS} times. Goes from the end to the beginning, so that whoever is
 * visited may be replaced by the last one of the list, which has been visited already. Not thread-safe.
 */
final class Turns {
    /** So many at once are not too many. */
    static final int AT_ONCE = 32;

    /** Within so many times everybody has had a turn. */
    static final int ROUNDS = 4;

    private int below;

    /** How many are to be visited this time. */
    int count(int size) {
        return Math.min(size, Math.max(AT_ONCE, (size + ROUNDS - 1) / ROUNDS));
    }

    /** The place of the next one in a list that is as long as that, and not empty. */
    int next(int size) {
        if (below <= 0 || below > size) {
            below = size;
        }
        return --below;
    }
}
