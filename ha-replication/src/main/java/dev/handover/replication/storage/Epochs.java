package dev.handover.replication.storage;

import dev.handover.replication.protocol.RecoveredReplica.EpochStart;
import java.util.ArrayList;
import java.util.List;

/** Where each epoch begins in the log. */
final class Epochs {
    private final List<EpochStart> starts = new ArrayList<>();

    long last() {
        return starts.isEmpty() ? 0 : starts.get(starts.size() - 1).epoch();
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

    List<EpochStart> starts() {
        return List.copyOf(starts);
    }
}
