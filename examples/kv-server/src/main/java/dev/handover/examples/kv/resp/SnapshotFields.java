package dev.handover.examples.kv.resp;

import dev.handover.replication.SnapshotStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;

/** {@code INFO persistence}: what the server tells about its snapshots. */
final class SnapshotFields {
    private SnapshotFields() {}

    static void put(SnapshotStatus snapshots, Map<String, Object> fields) {
        Instant at = snapshots.at();
        Duration took = snapshots.took();
        SnapshotStatus.Passage receiving = snapshots.receiving();
        fields.put("snapshot_in_progress", snapshots.taking() ? 1 : 0);
        fields.put("snapshot_last_index", snapshots.index());
        fields.put("snapshot_last_bytes", snapshots.bytes());
        fields.put("snapshot_last_time", at == null ? 0 : at.getEpochSecond());
        fields.put("snapshot_last_duration_ms", took == null ? -1 : took.toMillis());
        fields.put("snapshot_receiving", receiving == null ? "" : passage("from", receiving));
        fields.put("snapshots_sending", snapshots.sending().size());
        int number = 0;
        for (SnapshotStatus.Passage sending : snapshots.sending()) {
            fields.put("snapshot_sending" + number++, passage("to", sending));
        }
    }

    private static String passage(String direction, SnapshotStatus.Passage passage) {
        return direction + "=" + passage.peer() + ",index=" + passage.index() + ",position=" + passage.position()
                + ",bytes=" + passage.bytes();
    }
}
