package dev.handover.replication.protocol;

/** Which snapshots this replica has, how much of the log stays beside them, and what a received one does to the log. */
final class SnapshotKeeping {
    private final ReplicaState state;
    private SnapshotPosition newest;
    private long olderIndex;

    SnapshotKeeping(ReplicaState state, SnapshotPosition newest) {
        this.state = state;
        this.newest = newest;
    }

    /** Everything up to there is in the newest snapshot. */
    long newestIndex() {
        return newest.index();
    }

    /**
     * The log is shortened: the part behind the snapshot before this one stays, so that either can be used at the next start, and a margin for followers that are a little behind.
     *
     * @param marginFrom the margin is no longer than from there, however few entries that are
     * @param keepFrom from there on it is needed
     */
    void taken(SnapshotPosition position, long marginFrom, long keepFrom) {
        if (position.index() > state.apply.appliedIndex()) { // I9
            throw new InvariantViolation("a snapshot at " + position.index() + ", but applied is only what is up to "
                    + state.apply.appliedIndex());
        }
        if (position.index() <= newest.index()) {
            return; // told late: one that was installed meanwhile holds more
        }
        if (state.log.epochAt(position.index()) != position.epoch()) {
            throw new InvariantViolation("a snapshot at " + position.index() + " of epoch " + position.epoch()
                    + ", but the log has epoch " + state.log.epochAt(position.index()) + " there");
        }
        olderIndex = newest.index();
        newest = position;
        long margin = Math.max(marginFrom, position.index() + 1 - state.options.snapshotMarginEntries());
        long first = Math.min(Math.min(olderIndex + 1, margin), keepFrom);
        if (first > state.log.firstIndex()) {
            state.log.compact(first);
        }
    }

    /**
     * A snapshot came from a leader. It holds nothing but what was committed, so it is right in whatever epoch it arrives (R2 was seen to before it was made durable).
     *
     * @param inSync whether this replica is known to be in the in-sync set of the adopted epoch
     * @return whether everything up to the snapshot is now here, in the log or in the snapshot, and was not known to be committed before
     */
    boolean received(Event.SnapshotReceived received, boolean inSync) {
        SnapshotPosition position = received.position();
        if (!received.lineage().equals(state.lineage)) { // R12
            throw new InvariantViolation(
                    "a snapshot of lineage " + received.lineage() + " came to a replica of lineage " + state.lineage);
        }
        if (position.index() <= state.commitIndex) {
            return false; // late or repeated
        }
        if (state.log.epochAt(position.index()) == position.epoch()) { // R3: the log holds it, and maybe more
            state.advanceCommit(position.index());
            return true;
        }
        if (inSync) { // I3: a member of the in-sync set holds everything that is committed
            throw new InvariantViolation("a snapshot at " + position.index() + " of epoch " + position.epoch()
                    + " contradicts the log of a member of the in-sync set, which ends at " + state.log.lastIndex()
                    + " and has epoch " + state.log.epochAt(position.index()) + " there");
        }
        state.log.reset(position);
        state.commitIndex = position.index();
        state.apply.skipTo(position.index());
        olderIndex = 0;
        newest = position;
        return true;
    }
}
