package dev.handover.election.zookeeper;

import static dev.handover.coordination.RecordStore.NOT_EXISTING;

import dev.handover.coordination.RecordOutcome;
import org.jspecify.annotations.Nullable;

/** {@link CompareAndSet} of a record. */
final class RecordCompareAndSet extends CompareAndSet<RecordOutcome> {
    private final String path;

    RecordCompareAndSet(Session session, String path, int expectedVersion, byte[] content) {
        super(session, path, expectedVersion, content);
        this.path = path;
    }

    @Override
    RecordOutcome applied(int version) {
        return new RecordOutcome.Applied(version);
    }

    @Override
    RecordOutcome conflict(byte @Nullable [] data, int version) {
        return new RecordOutcome.Conflict(version == NOT_EXISTING ? null : Calls.record(path, data, version));
    }

    @Override
    RecordOutcome inDoubt(String cause) {
        return new RecordOutcome.InDoubt(cause);
    }
}
