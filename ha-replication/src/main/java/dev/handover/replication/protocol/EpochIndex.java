package dev.handover.replication.protocol;

import dev.handover.replication.protocol.RecoveredReplica.EpochStart;
import java.util.ArrayList;
import java.util.List;

/** Which epoch an index of the log belongs to, kept as the few places where the epoch changes. */
final class EpochIndex {
    private final List<EpochStart> starts;
    private long lastIndex;

    EpochIndex(List<EpochStart> starts, long lastIndex) {
        this.starts = new ArrayList<>(starts);
        this.lastIndex = lastIndex;
    }

    long lastIndex() {
        return lastIndex;
    }

    long lastEpoch() {
        return starts.isEmpty() ? 0 : starts.get(starts.size() - 1).epoch();
    }

    /** Epoch of the entry there; 0 for index 0, -1 behind the end. */
    long epochAt(long index) {
        if (index > lastIndex) {
            return -1;
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

    /** The greatest index at or below {@code index}, and in the log, whose epoch is not above {@code epoch}. */
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
        return 0;
    }
}
