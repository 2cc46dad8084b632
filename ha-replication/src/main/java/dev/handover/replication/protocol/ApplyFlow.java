package dev.handover.replication.protocol;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** Hands committed entries to the state machine: in order, each once, and not more at a time than it can take. */
final class ApplyFlow {
    private record Handed(long lastIndex, long bytes) {}

    private final ReplicaState state;
    private final Deque<Handed> unapplied = new ArrayDeque<>();
    private long unappliedBytes;
    private long handedIndex;
    private long appliedIndex;
    private long fetchId;
    private long lastFetchId;

    /** Begins behind the snapshot that the state machine was restored from. */
    ApplyFlow(ReplicaState state, long snapshotIndex) {
        this.state = state;
        handedIndex = snapshotIndex;
        appliedIndex = snapshotIndex;
    }

    long handedIndex() {
        return handedIndex;
    }

    long appliedIndex() {
        return appliedIndex;
    }

    /** A new number for an {@link Effect.Fetch}. */
    long nextFetchId() {
        return ++lastFetchId;
    }

    void advance() {
        while (handedIndex < state.commitIndex && unappliedBytes < state.options.maxUnappliedBytes() && fetchId == 0) {
            List<LogEntry> entries =
                    state.log.entries(handedIndex + 1, state.commitIndex, state.options.maxAppendBytes());
            if (entries.isEmpty()) {
                fetchId = nextFetchId();
                state.effects.add(
                        new Effect.Fetch(fetchId, handedIndex + 1, state.commitIndex, state.options.maxAppendBytes()));
            } else {
                hand(entries);
            }
        }
    }

    /** Whether the answer was to a question of this part. */
    boolean fetched(Event.Fetched event) {
        if (event.fetchId() != fetchId) {
            return false;
        }
        fetchId = 0;
        if (!state.log.matches(handedIndex + 1, event.entries())) {
            throw new InvariantViolation("the log on disk does not hold the committed entries from " + (handedIndex + 1)
                    + " on that it should: " + event.entries());
        }
        hand(event.entries());
        advance();
        return true;
    }

    /** The state machine continues behind a snapshot that was installed; a question under way is void. */
    void skipTo(long snapshotIndex) {
        handedIndex = snapshotIndex;
        fetchId = 0;
    }

    void applied(long index) {
        appliedIndex = Math.max(appliedIndex, index);
        while (!unapplied.isEmpty() && unapplied.getFirst().lastIndex <= index) {
            unappliedBytes -= unapplied.removeFirst().bytes;
        }
        advance();
    }

    private void hand(List<LogEntry> entries) {
        long bytes = 0;
        for (LogEntry entry : entries) {
            bytes += entry.size();
        }
        handedIndex = entries.get(entries.size() - 1).index();
        unapplied.add(new Handed(handedIndex, bytes));
        unappliedBytes += bytes;
        state.effects.add(new Effect.Apply(entries));
    }
}
