package dev.handover.replication.storage;

import dev.handover.replication.protocol.RecoveredReplica.EpochStart;
import java.util.ArrayList;
import java.util.List;

/** Where each epoch begins in the log. If the log begins after index 1, the first of them is the entry before it. */
final class Epochs {
    private final List<EpochStart> starts = new ArrayList<>();

    Epochs(LogStart start) {
        begin(start.firstIndex(), start.epochBefore());
    }

    private void begin(long firstIndex, long epochBefore) {
        if (firstIndex > 1) {
            starts.add(new EpochStart(firstIndex - 1, epochBefore));
        }
    }

    long last() {
        return starts.isEmpty() ? 0 : starts.get(starts.size() - 1).epoch();
    }

    /** Epoch of an entry of the log, or of the one before it. */
    long at(long index) {
        for (int i = starts.size() - 1; i >= 0; i--) {
            if (starts.get(i).index() <= index) {
                return starts.get(i).epoch();
            }
        }
        return 0;
    }

    void append(long index, long epoch) {
        if (epoch != last() || starts.isEmpty()) {
            starts.add(new EpochStart(index, epoch));
        }
    }

    void cut(long fromIndex) {
        while (!starts.isEmpty() && starts.get(starts.size() - 1).index() >= fromIndex) {
            starts.remove(starts.size() - 1);
        }
    }

    /** The log begins later now, or anew. */
    void restart(LogStart start) {
        starts.removeIf(old -> old.index() < start.firstIndex());
        List<EpochStart> kept = List.copyOf(starts);
        starts.clear();
        begin(start.firstIndex(), start.epochBefore());
        for (EpochStart old : kept) {
            append(old.index(), old.epoch());
        }
    }

    List<EpochStart> starts() {
        return List.copyOf(starts);
    }
}
