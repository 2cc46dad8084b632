package dev.handover.replication;

/** What a read may miss. */
public enum Consistency {
    /** Nothing that was acknowledged before the read began, whoever acknowledged it. Costs one round between the in-sync replicas, shared by all reads that
     * wait; with {@link HaNode.Builder#readLeases} none on the leader, and one exchange of messages with it on other nodes. */
    LINEARIZABLE,
    /** Whatever this replica has applied so far: no messages, works without a leader, may be old. With a bound: {@link ReplicatedLog#read(java.time.Duration, java.util.function.Supplier)}. */
    LOCAL
}
