package dev.handover.replication.protocol;

/**
 * The right of a leader to answer a read without asking anybody (R16). It is looked at <em>after</em> the read has been executed, and with a clock that is read
 * then: a pause at any place before makes the read wait for a round, never stale.
 *
 * @param term number of the leader's lease, from 1; {@link Effect.LeaseDropped} ends it and all before
 * @param untilNanos on the clock of {@link Event.Tick}: from then on somebody else may have committed
 */
public record Lease(long term, long untilNanos) {
    /**
     * Whether nobody else can have committed anything up to now.
     *
     * @param droppedTerm of the newest {@link Effect.LeaseDropped}; 0 before the first
     * @param nowNanos read after the read was executed
     */
    public boolean holds(long droppedTerm, long nowNanos) {
        return term > droppedTerm && nowNanos - untilNanos < 0; // R16
    }
}
