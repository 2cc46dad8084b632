package dev.handover.jmh.copies;

import dev.handover.Configuration;
import dev.handover.replication.GroupStatus;
import java.io.IOException;

/**
 * How many replicas held what was acknowledged. A leader that removes replicas which are too slow for its load goes on, and is faster then: figures of such a run are not
 * those of all copies.
 *
 * @param inSync replicas in the in-sync set; 0 for a system that has none and asks a majority
 * @param epoch changes with that set
 */
public record Copies(int inSync, long epoch) {
    public static final Copies OF_A_MAJORITY = new Copies(0, 0);

    private static final String BETWEEN = "@";

    /** Of a group, as its leader sees it. */
    public static Copies of(GroupStatus status) {
        Configuration configuration = status.configuration();
        return configuration == null
                ? new Copies(1, 0)
                : new Copies(configuration.inSync().size(), configuration.epoch());
    }

    /** What {@link #text} gave. */
    public static Copies parse(String text) {
        String[] parts = text.split(BETWEEN);
        return new Copies(Integer.parseInt(parts[0]), Long.parseLong(parts[1]));
    }

    /** One word. */
    public String text() {
        return inSync + BETWEEN + epoch;
    }

    public boolean areAll(int replicas) {
        return equals(OF_A_MAJORITY) || inSync == replicas;
    }

    /** These from the beginning of a measurement to its end, and all that there can be. */
    public void check(Copies atTheEnd, int replicas) throws NotAllException {
        if (!areAll(replicas) || !equals(atTheEnd)) {
            throw new NotAllException(inSync + " of " + replicas + " replicas were in sync in epoch " + epoch
                    + " when measuring began and " + atTheEnd.inSync + " in epoch " + atTheEnd.epoch
                    + " when it ended: not a figure of " + replicas + " copies");
        }
    }

    /** There is no figure. */
    public static final class NotAllException extends IOException {
        private static final long serialVersionUID = 1L;

        NotAllException(String message) {
            super(message);
        }
    }
}
