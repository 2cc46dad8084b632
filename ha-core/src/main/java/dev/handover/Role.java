package dev.handover;

/** What a replica is doing at the moment. */
public enum Role {
    /** It reads its own log and the group's configuration; it answers nothing yet. */
    RECOVERING,
    /** It copies the leader's log and is not in the in-sync set: it never leads. */
    LEARNER,
    /** It is in the in-sync set and acknowledges what it holds durably. */
    FOLLOWER,
    /** It suspects the leader and tries to take over by a compare-and-set; it goes on acknowledging the old epoch. */
    CANDIDATE,
    /** It leads, and aligns the others with its log; nothing is answered until its barrier has committed. */
    RECONCILING,
    /** It leads and serves. */
    LEADER,
    /** It leads and is being stopped: it takes no new command and waits until the others hold everything. */
    DRAINING,
    /** Its disk failed, its log is damaged or an invariant is broken: it serves nothing and says why. */
    FAULTED;

    /** Whether the replica is the leader of its epoch, serving or not yet. */
    public boolean leads() {
        return this == RECONCILING || this == LEADER || this == DRAINING;
    }
}
