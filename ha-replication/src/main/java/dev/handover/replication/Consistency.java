package dev.handover.replication;

/** What a read may miss. */
public enum Consistency {
    /** Nothing that was acknowledged before the read began, whoever acknowledged it. Costs one round between the in-sync replicas, shared by all reads that wait. */
    LINEARIZABLE,
    /** Whatever this replica has applied so far: no messages, works without a leader, may be old. */
    LOCAL
}
