package dev.handover.replication.protocol;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * How many groups of one node are given to a preferred leader at a time (R23), so that a node that leads hundreds does not give all away in one moment. Only the wish to move waits here; a transfer that
 * somebody asks for does not. One that takes too long loses its place, but goes on. One for all groups of a node; one thread at a time.
 */
public final class PreferredMoves {
    /** So many groups move at a time. */
    public static final int AT_MOST = 4;

    private record Place(BooleanSupplier underWay, long untilNanos) {}

    private final List<Place> taken = new ArrayList<>(AT_MOST);

    /**
     * Takes a place if there is one. It is free again when the move is not under way any more, or the time is over.
     *
     * @param underWay whether the move that is about to begin goes on
     * @param now of the cores' clock, in nanoseconds
     * @param patienceNanos for how long the place is kept at most
     */
    boolean begin(BooleanSupplier underWay, long now, long patienceNanos) {
        taken.removeIf(place -> now - place.untilNanos >= 0 || !place.underWay.getAsBoolean());
        if (taken.size() >= AT_MOST) {
            return false;
        }
        taken.add(new Place(underWay, now + patienceNanos));
        return true;
    }
}
