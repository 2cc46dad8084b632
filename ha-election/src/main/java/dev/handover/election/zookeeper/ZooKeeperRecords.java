package dev.handover.election.zookeeper;

import dev.handover.Registration;
import dev.handover.coordination.RecordOutcome;
import dev.handover.coordination.RecordStore;
import dev.handover.coordination.VersionedRecord;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** Records as persistent znodes, on the session of the configuration store. */
final class ZooKeeperRecords implements RecordStore {
    private final Session session;
    private final Paths paths;

    ZooKeeperRecords(Session session, Paths paths) {
        this.session = session;
        this.paths = paths;
    }

    @Override
    public CompletableFuture<Optional<VersionedRecord>> read(String name) {
        String path = paths.record(RecordStore.checkName(name));
        return session.submit(new ReadContent<>(session, path, Calls::record));
    }

    @Override
    public CompletableFuture<RecordOutcome> compareAndSet(String name, int expectedVersion, byte[] content) {
        RecordStore.checkProposal(name, expectedVersion, content);
        return session.submit(new RecordCompareAndSet(session, paths.record(name), expectedVersion, content.clone()));
    }

    @Override
    public CompletableFuture<RecordOutcome> delete(String name, int expectedVersion) {
        RecordStore.checkDeletion(name, expectedVersion);
        return session.submit(new DeleteRecord(session, paths.record(name), expectedVersion));
    }

    @Override
    public Registration watch(String name, Consumer<Optional<VersionedRecord>> listener) {
        return new ContentWatch<>(
                session,
                paths.record(RecordStore.checkName(name)),
                (path, data, version) -> Optional.of(Calls.record(path, data, version)),
                Optional.empty(),
                listener);
    }
}
