package dev.handover.replication.storage;

import dev.handover.replication.protocol.SnapshotPosition;
import java.io.IOException;

/**
 * With which snapshot a replica begins: the newest one that verifies and connects with the log. If the newest does not verify, an older one will do, as long as the log goes
 * on from there.
 *
 * @param position of the snapshot chosen; none if the log begins at index 1 and needs none
 * @param resets whether the log must be emptied in favour of the snapshot: it had been received, or its entries were not yet forced here, when a crash came
 */
record SnapshotChoice(SnapshotFiles snapshots, SnapshotPosition position, boolean resets) {
    /** What gives way to the snapshot is cut off, too, so it is told. */
    void tell(Recovery recovery, Opening opening) {
        if (resets) {
            opening.tailCut(
                    "the log up to index " + recovery.lastIndex() + " gives way to the snapshot at index "
                            + position.index() + " of epoch " + position.epoch()
                            + ", which had been received and holds what was committed; what it does not hold was not committed");
        }
    }

    /**
     * Chooses.
     *
     * @throws DamagedLogException if what is missing at the beginning of the log is in no snapshot that verifies
     */
    static SnapshotChoice of(SnapshotFiles snapshots, Recovery recovery, StateFile.State state, Opening opening)
            throws IOException {
        long first = state.start().firstIndex();
        for (SnapshotInfo info : snapshots.list()) {
            long index = info.position().index();
            if (index < first - 1) {
                break;
            }
            boolean sameHistory = info.lineage().equals(state.lineage());
            boolean behindLog = index > recovery.lastIndex();
            long epoch = behindLog ? -1 : recovery.epochs.at(index);
            boolean connects = epoch == info.position().epoch();
            // A snapshot holds only what was committed. Where the log has fewer entries, or others of an older epoch,
            // these were not: they have to go.
            boolean supersedes = sameHistory && epoch < info.position().epoch();
            if (!connects && !supersedes) {
                opening.snapshotUnusable("the snapshot at index " + index + " of epoch "
                        + info.position().epoch() + " in " + snapshots.directory()
                        + " does not belong to this log, which has epoch " + epoch + " there; it is not used");
                continue;
            }
            opening.expect(info.bytes());
            if (snapshots.verify(info, opening)) {
                return new SnapshotChoice(snapshots, info.position(), !connects);
            }
        }
        if (first > 1) {
            throw new DamagedLogException("the log begins at index " + first
                    + ", and no snapshot that verifies in " + snapshots.directory()
                    + " holds what was before it");
        }
        return new SnapshotChoice(snapshots, SnapshotPosition.NONE, false);
    }
}
