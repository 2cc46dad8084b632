package dev.handover.replication;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.RecoveredReplica;
import dev.handover.replication.protocol.RecoveredReplica.EpochStart;
import dev.handover.replication.storage.LogStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/** Logs in memory that survive a crash of their node as a disk does: what was not forced is gone. */
final class InMemoryLogStores implements NodeRuntime.LogStores {
    private static final class Disk {
        final UUID logId = UUID.randomUUID();
        final List<LogEntry> durable = new ArrayList<>();
        UUID lineage;
        long highestEpoch;
        long boots;
        boolean open;
        volatile boolean failing;
    }

    private final Map<String, Disk> disks = new ConcurrentHashMap<>();

    private Disk disk(GroupId group, NodeId node) {
        return disks.computeIfAbsent(node + "/" + group, key -> new Disk());
    }

    /** The next force of this log fails. */
    void failForce(GroupId group, NodeId node) {
        disk(group, node).failing = true;
    }

    /** What is durable of this log. */
    List<LogEntry> durable(GroupId group, NodeId node) {
        Disk disk = disk(group, node);
        synchronized (disk) {
            return List.copyOf(disk.durable);
        }
    }

    @Override
    public LogStore open(Path directory, GroupId group, NodeId node) throws IOException {
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
            List<EpochStart> epochs = new ArrayList<>();
            long epoch = 0;
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
                    entries.size(),
                    epochs,
                    entries.isEmpty() ? 0 : entries.get(entries.size() - 1).timestamp());
        }

        @Override
        public UUID logId() {
            return disk.logId;
        }

        @Override
        public RecoveredReplica recovered() {
            return recovered;
        }

        @Override
        public synchronized void append(List<LogEntry> more) {
            for (LogEntry entry : more) {
                if (entry.index() != entries.size() + 1) {
                    throw new IllegalStateException("entry " + entry + " behind " + entries.size());
                }
                entries.add(entry);
            }
        }

        @Override
        public synchronized void truncate(long fromIndex) {
            entries.subList((int) fromIndex - 1, entries.size()).clear();
            synchronized (disk) {
                if (disk.durable.size() >= fromIndex) {
                    disk.durable
                            .subList((int) fromIndex - 1, disk.durable.size())
                            .clear();
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
                LogEntry entry = entries.get((int) i - 1);
                result.add(entry);
                bytes += entry.size();
            }
            return result;
        }

        @Override
        public void close() {
            synchronized (disk) {
                disk.open = false;
            }
        }
    }
}
