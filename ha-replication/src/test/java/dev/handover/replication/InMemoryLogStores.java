package dev.handover.replication;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.RecoveredReplica;
import dev.handover.replication.protocol.RecoveredReplica.EpochStart;
import dev.handover.replication.protocol.SnapshotPosition;
import dev.handover.replication.storage.LogStore;
import dev.handover.replication.storage.OpeningListener;
import dev.handover.replication.storage.SnapshotInfo;
import dev.handover.replication.storage.SnapshotStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Logs in memory that survive a crash of their node as a disk does: what was not forced is gone. */
final class InMemoryLogStores implements NodeRuntime.LogStores {
    private static final class Disk {
        final UUID logId = UUID.randomUUID();
        final List<LogEntry> durable = new ArrayList<>();
        final InMemorySnapshots snapshots = new InMemorySnapshots();
        /** What stood before the first entry of {@link #durable}. */
        SnapshotPosition before = SnapshotPosition.NONE;

        UUID lineage;
        long highestEpoch;
        long boots;
        boolean open;
        volatile boolean failing;
        volatile CountDownLatch held = new CountDownLatch(0);
        volatile boolean forcing;

        long lastIndex() {
            return before.index() + durable.size();
        }
    }

    private final Map<String, Disk> disks = new ConcurrentHashMap<>();

    private Disk disk(GroupId group, NodeId node) {
        return disks.computeIfAbsent(node + "/" + group, key -> new Disk());
    }

    /** First index that the log holds. */
    long firstIndex(GroupId group, NodeId node) {
        Disk disk = disk(group, node);
        synchronized (disk) {
            return disk.before.index() + 1;
        }
    }

    /** The disk is replaced by an empty one; nobody has it open. */
    void wipe(GroupId group, NodeId node) {
        disks.remove(node + "/" + group);
    }

    /** The next force of this log fails. */
    void failForce(GroupId group, NodeId node) {
        disk(group, node).failing = true;
    }

    /** Forces of this log do not come back before the returned latch is counted down. */
    CountDownLatch holdForce(GroupId group, NodeId node) {
        CountDownLatch latch = new CountDownLatch(1);
        disk(group, node).held = latch;
        return latch;
    }

    /** Whether a force of this log is under way. */
    boolean isForcing(GroupId group, NodeId node) {
        return disk(group, node).forcing;
    }

    /** What is durable of this log. */
    List<LogEntry> durable(GroupId group, NodeId node) {
        Disk disk = disk(group, node);
        synchronized (disk) {
            return List.copyOf(disk.durable);
        }
    }

    @Override
    public LogStore open(Path directory, GroupId group, NodeId node, OpeningListener listener) throws IOException {
        Disk disk = disk(group, node);
        synchronized (disk) {
            if (disk.open) {
                throw new IOException("locked");
            }
            disk.open = true;
            disk.boots++;
            return new Store(disk);
        }
    }

    private static final class Store implements LogStore {
        private final Disk disk;
        private final RecoveredReplica recovered;
        private final List<LogEntry> entries;

        Store(Disk disk) {
            this.disk = disk;
            entries = new ArrayList<>(disk.durable);
            SnapshotPosition snapshot = disk.snapshots.list().isEmpty()
                    ? SnapshotPosition.NONE
                    : disk.snapshots.list().get(0).position();
            if (contradicts(snapshot)) { // it had been received, and the log was not reset before the crash
                entries.clear();
                disk.durable.clear();
                disk.before = snapshot;
            }
            List<EpochStart> epochs = new ArrayList<>();
            long epoch = disk.before.epoch();
            if (!disk.before.isNone()) {
                epochs.add(new EpochStart(disk.before.index(), epoch));
            }
            for (LogEntry entry : entries) {
                if (entry.epoch() > epoch) {
                    epoch = entry.epoch();
                    epochs.add(new EpochStart(entry.index(), epoch));
                }
            }
            recovered = new RecoveredReplica(
                    disk.lineage,
                    disk.highestEpoch,
                    disk.boots,
                    disk.before.index() + 1,
                    disk.lastIndex(),
                    epochs,
                    entries.isEmpty()
                            ? disk.before.timestamp()
                            : entries.get(entries.size() - 1).timestamp(),
                    snapshot);
        }

        @Override
        public UUID logId() {
            return disk.logId;
        }

        @Override
        public RecoveredReplica recovered() {
            return recovered;
        }

        private boolean contradicts(SnapshotPosition snapshot) {
            int at = at(snapshot.index());
            return at >= entries.size() || (at >= 0 && entries.get(at).epoch() != snapshot.epoch());
        }

        /** Place of an index in {@link #entries}. */
        private int at(long index) {
            return Math.toIntExact(index - disk.before.index() - 1);
        }

        @Override
        public synchronized long firstWithin(long toIndex, long bytes) {
            long sum = 0;
            int at = at(toIndex);
            while (at >= 0 && at < entries.size() && sum + entries.get(at).size() <= bytes) {
                sum += entries.get(at--).size();
            }
            return disk.before.index() + 2 + at;
        }

        @Override
        public synchronized void append(List<LogEntry> more) {
            for (LogEntry entry : more) {
                if (at(entry.index()) != entries.size()) {
                    throw new IllegalStateException(
                            "entry " + entry + " behind " + entries.size() + " entries from " + firstIndex() + " on");
                }
                entries.add(entry.withOwnPayload());
            }
        }

        @Override
        public synchronized void truncate(long fromIndex) {
            entries.subList(at(fromIndex), entries.size()).clear();
            synchronized (disk) {
                if (disk.lastIndex() >= fromIndex) {
                    disk.durable.subList(at(fromIndex), disk.durable.size()).clear();
                }
            }
        }

        @Override
        public void saveState(UUID lineage, long highestEpoch) {
            synchronized (disk) {
                disk.lineage = lineage;
                disk.highestEpoch = highestEpoch;
            }
        }

        @Override
        public synchronized void force() throws IOException {
            disk.forcing = true;
            try {
                if (!disk.held.await(30, TimeUnit.SECONDS)) {
                    throw new IOException("the test held this force for too long");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException(e);
            } finally {
                disk.forcing = false;
            }
            if (disk.failing) {
                throw new IOException("the test lets this force fail");
            }
            synchronized (disk) {
                disk.durable.addAll(entries.subList(disk.durable.size(), entries.size()));
            }
        }

        @Override
        public synchronized List<LogEntry> read(long fromIndex, long toIndex, int maxBytes) {
            List<LogEntry> result = new ArrayList<>();
            long bytes = 0;
            for (long i = fromIndex; i <= toIndex && (result.isEmpty() || bytes < maxBytes); i++) {
                LogEntry entry = entries.get(at(i));
                result.add(entry);
                bytes += entry.size();
            }
            return result;
        }

        @Override
        public SnapshotStore snapshots() {
            return disk.snapshots;
        }

        @Override
        public synchronized long firstIndex() {
            return disk.before.index() + 1;
        }

        @Override
        public synchronized void compact(long beforeIndex) {
            if (disk.snapshots.list().stream().noneMatch(one -> one.position().index() >= beforeIndex - 1)) {
                throw new IllegalArgumentException("no snapshot holds everything before " + beforeIndex);
            }
            synchronized (disk) {
                int count = Math.min(at(beforeIndex), disk.durable.size());
                if (count <= 0) {
                    return;
                }
                LogEntry last = disk.durable.get(count - 1);
                disk.before = new SnapshotPosition(last.index(), last.epoch(), last.timestamp());
                disk.durable.subList(0, count).clear();
                entries.subList(0, count).clear();
            }
        }

        @Override
        public synchronized void reset(SnapshotInfo installed) {
            if (!disk.snapshots.list().contains(installed)) {
                throw new IllegalArgumentException("not there: " + installed);
            }
            synchronized (disk) {
                disk.before = installed.position();
                disk.durable.clear();
                entries.clear();
            }
        }

        @Override
        public void close() {
            synchronized (disk) {
                disk.open = false;
            }
        }
    }
}
