package dev.handover.replication;

import dev.handover.StaleReadException;
import java.util.UUID;

/**
 * A place in a group's log, to be carried to another node: what was read or written before it is seen by reads after it. Comes from {@link Session#position}, goes into {@link
 * ReplicatedLog#read(LogPosition, java.util.function.Supplier)}.
 *
 * @param lineage of the group's history; an operator's forced recovery begins another, in which the place means nothing
 * @param index everything up to here; 0: the beginning
 */
public record LogPosition(UUID lineage, long index) {
    private static final UUID NO_LINEAGE = new UUID(0, 0);

    /** The beginning of every log. */
    public static final LogPosition START = new LogPosition(NO_LINEAGE, 0);

    /** Checks the index. */
    public LogPosition {
        if (index < 0) {
            throw new IllegalArgumentException("index " + index + " is below 0");
        }
    }

    /** Reads what {@link #toString} has written. */
    public static LogPosition parse(String text) {
        int at = text.indexOf('@');
        try {
            if (at > 0) {
                return new LogPosition(UUID.fromString(text.substring(at + 1)), Long.parseLong(text.substring(0, at)));
            }
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(notAPosition(text), e);
        }
        throw new IllegalArgumentException(notAPosition(text));
    }

    private static String notAPosition(String text) {
        return "'" + text + "' is no position; it is written index@lineage, as LogPosition.toString does";
    }

    @Override
    public String toString() {
        return index + "@" + lineage;
    }

    /** Fails if the replica has another history. */
    void checkLineage(Replica replica) {
        UUID own = replica.lineage();
        if (index > 0 && own != null && !own.equals(lineage)) {
            throw new StaleReadException(
                    replica.label() + " the position " + this + " is of another history than " + own
                            + ", which began with a forced recovery: what was read and written before it may be lost. Begin again at LogPosition.START");
        }
    }
}
