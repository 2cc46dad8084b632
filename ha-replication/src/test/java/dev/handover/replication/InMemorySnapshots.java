package dev.handover.replication;

import dev.handover.Configuration;
import dev.handover.replication.protocol.SnapshotPosition;
import dev.handover.replication.storage.SnapshotInfo;
import dev.handover.replication.storage.SnapshotSink;
import dev.handover.replication.storage.SnapshotSource;
import dev.handover.replication.storage.SnapshotStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.zip.CRC32C;

/** Snapshots in memory. What a sink was given survives a crash of its node, so a partial one can be resumed. */
final class InMemorySnapshots implements SnapshotStore {
    private record Complete(SnapshotInfo info, byte[] content) {}

    private final List<Complete> complete = new ArrayList<>();
    private final Map<UUID, ByteArrayOutputStream> partial = new HashMap<>();

    @Override
    public synchronized List<SnapshotInfo> list() {
        return complete.stream().map(Complete::info).toList();
    }

    @Override
    public SnapshotSink create(SnapshotPosition position, UUID lineage, Configuration configuration, int featureLevel) {
        SnapshotInfo begun = new SnapshotInfo(
                UUID.randomUUID(), position, lineage, configuration, featureLevel, System.currentTimeMillis(), 0, 0);
        return new Sink(begun, new ByteArrayOutputStream(), false);
    }

    @Override
    public synchronized SnapshotSource open(SnapshotInfo snapshot) throws IOException {
        for (Complete found : complete) {
            if (found.info.equals(snapshot)) {
                return new Source(found);
            }
        }
        throw new IOException("no such snapshot: " + snapshot);
    }

    @Override
    public synchronized SnapshotSink receive(SnapshotInfo remote) {
        partial.keySet().removeIf(id -> !id.equals(remote.id()));
        return new Sink(remote, partial.computeIfAbsent(remote.id(), id -> new ByteArrayOutputStream()), true);
    }

    @Override
    public synchronized void prune(int keep) {
        while (complete.size() > keep) {
            complete.remove(complete.size() - 1);
        }
    }

    private synchronized void complete(SnapshotInfo info, byte[] content) {
        partial.remove(info.id());
        complete.removeIf(other -> other.info.id().equals(info.id()));
        complete.add(new Complete(info, content));
        complete.sort(
                Comparator.comparingLong((Complete one) -> one.info.position().index())
                        .reversed());
    }

    private synchronized void forget(UUID id) {
        partial.remove(id);
    }

    private static int crc(byte[] content) {
        CRC32C crc = new CRC32C();
        crc.update(content);
        return (int) crc.getValue();
    }

    private final class Sink implements SnapshotSink {
        private final SnapshotInfo announced;
        private final ByteArrayOutputStream content;
        private final boolean received;

        Sink(SnapshotInfo announced, ByteArrayOutputStream content, boolean received) {
            this.announced = announced;
            this.content = content;
            this.received = received;
        }

        @Override
        public long position() {
            return content.size();
        }

        @Override
        public void write(ByteBuffer source) {
            byte[] bytes = new byte[source.remaining()];
            source.get(bytes);
            content.writeBytes(bytes);
        }

        @Override
        public SnapshotInfo commit() throws IOException {
            byte[] bytes = content.toByteArray();
            SnapshotInfo info = new SnapshotInfo(
                    announced.id(),
                    announced.position(),
                    announced.lineage(),
                    announced.configuration(),
                    announced.featureLevel(),
                    announced.createdAtMillis(),
                    bytes.length,
                    crc(bytes));
            if (received && !info.equals(announced)) {
                forget(announced.id());
                throw new IOException("received " + info + ", announced was " + announced);
            }
            complete(info, bytes);
            return info;
        }

        @Override
        public void abort() {
            forget(announced.id());
        }

        @Override
        public void close() {}
    }

    private record Source(Complete of) implements SnapshotSource {
        @Override
        public SnapshotInfo info() {
            return of.info;
        }

        @Override
        public int read(long position, ByteBuffer target) {
            int left = of.content.length - (int) position;
            if (left <= 0) {
                return -1;
            }
            int count = Math.min(left, target.remaining());
            target.put(of.content, (int) position, count);
            return count;
        }

        @Override
        public void close() {}
    }
}
