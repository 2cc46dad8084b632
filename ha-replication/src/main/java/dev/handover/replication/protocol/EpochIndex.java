package dev.handover.replication.protocol;

import dev.handover.replication.protocol.RecoveredReplica.EpochStart;
import java.util.ArrayList;
import java.util.List;

/** Which epoch an index of the log belongs to, kept as the few places where the epoch changes. */
final class EpochIndex {
    /** Answer for an index behind the end: there is no such entry. */
    static final long NONE = -1;
    /** Answer for an index before the entry that precedes the log: nothing is known of it, which is not the same as {@link #NONE}. */
    static final long UNKNOWN = -2;

    private final List<EpochStart> starts;
    private long firstIndex;
    private long lastIndex;

    /** If the log begins after index 1, the first of {@code starts} is the entry before it. */
    EpochIndex(List<EpochStart> starts, long firstIndex, long lastIndex) {
        this.starts = new ArrayList<>(starts);
        this.firstIndex = firstIndex;
        this.lastIndex = lastIndex;
    }

    /** First index that the log holds, or would hold. The epoch of the entry before it is known, too. */
    long firstIndex() {
        return firstIndex;
    }

    long lastIndex() {
        return lastIndex;
    }

    long lastEpoch() {
        return starts.isEmpty() ? 0 : starts.get(starts.size() - 1).epoch();
    }

    /** Epoch of the entry there; 0 for index 0 of a log that begins there, else {@link #NONE} or {@link #UNKNOWN}. */
    long epochAt(long index) {
        if (index > lastIndex) {
            return NONE;
        }
        if (index < firstIndex - 1) {
            return UNKNOWN;
        }
        for (int i = starts.size() - 1; i >= 0; i--) {
            if (starts.get(i).index() <= index) {
                return starts.get(i).epoch();
            }
        }
        return 0;
    }

    void append(long index, long epoch) {
        if (index != lastIndex + 1) {
            throw new InvariantViolation("entry " + index + " does not follow the end of the log at " + lastIndex);
        }
        if (epoch < lastEpoch()) {
            throw new InvariantViolation(
                    "epoch " + epoch + " of entry " + index + " is below that before it, " + lastEpoch());
        }
        if (epoch > lastEpoch()) {
            starts.add(new EpochStart(index, epoch));
        }
        lastIndex = index;
    }

    void truncateFrom(long index) {
        lastIndex = Math.min(lastIndex, index - 1);
        while (!starts.isEmpty() && starts.get(starts.size() - 1).index() > lastIndex) {
            starts.remove(starts.size() - 1);
        }
    }

    /** Forgets what is before {@code newFirstIndex}, but for the epoch of the entry just before it. */
    void compact(long newFirstIndex) {
        long epoch = epochAt(newFirstIndex - 1);
        if (newFirstIndex <= firstIndex || epoch < 0) {
            throw new InvariantViolation(
                    "a log from " + firstIndex + " to " + lastIndex + " cannot be made to begin at " + newFirstIndex);
        }
        starts.removeIf(start -> start.index() < newFirstIndex);
        starts.add(0, new EpochStart(newFirstIndex - 1, epoch));
        firstIndex = newFirstIndex;
    }

    /** Forgets everything: the log goes on behind an entry of which only this is known. */
    void reset(long index, long epoch) {
        starts.clear();
        starts.add(new EpochStart(index, epoch));
        firstIndex = index + 1;
        lastIndex = index;
    }

    /** The greatest index at or below {@code index} whose epoch is known and not above {@code epoch}; 0 if there is none. */
    long lastNotAbove(long index, long epoch) {
        long limit = Math.min(index, lastIndex);
        for (int i = starts.size() - 1; i >= 0; i--) {
            EpochStart start = starts.get(i);
            if (start.index() > limit) {
                continue;
            }
            if (start.epoch() <= epoch) {
                return limit;
            }
            limit = start.index() - 1;
        }
        return 0; // the start of the log, or nothing known
    }
}
