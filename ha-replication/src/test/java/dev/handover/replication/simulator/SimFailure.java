package dev.handover.replication.simulator;

/** Something that must never be was seen. */
final class SimFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String invariant;

    SimFailure(String invariant, String what) {
        super(invariant + ": " + what);
        this.invariant = invariant;
    }

    String invariant() {
        return invariant;
    }

    static void unless(boolean holds, String invariant, String what) {
        if (!holds) {
            throw new SimFailure(invariant, what);
        }
    }
}
