package dev.handover.replication.simulator;

import java.util.function.Supplier;

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

    /** For what is checked all the time: the words are only put together if it does not hold. */
    static void unless(boolean holds, String invariant, Supplier<String> what) {
        if (!holds) {
            throw new SimFailure(invariant, what.get());
        }
    }

    static void unless(boolean holds, String invariant, String what) {
        if (!holds) {
            throw new SimFailure(invariant, what);
        }
    }
}
