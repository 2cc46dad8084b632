package dev.handover.replication.protocol;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.UUID;

/**
 * The log as the core knows it: which epoch every index has, the newest entries themselves, and how far the disk has come. Writes are numbered; the disk does
 * them in order, so one number says which of them are durable.
 */
final class ReplicaLog {
    /** What will be durable when this write is. */
    private record Pending(long writeId, long lastIndex, long epoch) {}

    private static final LogEntry[] NO_ENTRIES = {};

    private long tailBytesLimit;
    private final EpochIndex epochs;
    private final ArrayList<LogEntry> tail = new ArrayList<>();
    private final Deque<Pending> pending = new ArrayDeque<>();
    private final List<Effect> effects;
    /** What was appended or asked for last, which is often asked for next: by one follower after the other. Nobody changes it. */
    private List<LogEntry> given = List.of();

    /** Position in {@link #tail} of the oldest entry that is kept; those before it wait to be removed together. */
    private int tailHead;

    private long tailBytes;
    private long durableIndex;
    private long durableEpoch;
    private long lastWriteId;
    private long lastTimestamp;

    ReplicaLog(RecoveredReplica recovered, long tailBytesLimit, List<Effect> effects) {
        this.tailBytesLimit = tailBytesLimit;
        this.effects = effects;
        epochs = new EpochIndex(recovered.epochs(), recovered.firstIndex(), recovered.lastIndex());
        durableIndex = recovered.lastIndex();
        durableEpoch = recovered.highestEpoch();
        lastTimestamp = recovered.lastTimestamp();
    }

    /** See {@link EpochIndex#firstIndex}. */
    long firstIndex() {
        return epochs.firstIndex();
    }

    long lastIndex() {
        return epochs.lastIndex();
    }

    long lastEpoch() {
        return epochs.lastEpoch();
    }

    /** See {@link EpochIndex#epochAt}. */
    long epochAt(long index) {
        return epochs.epochAt(index);
    }

    /** See {@link EpochIndex#lastNotAbove}. */
    long lastNotAbove(long index, long epoch) {
        return epochs.lastNotAbove(index, epoch);
    }

    /** Everything up to here is on disk. */
    long durableIndex() {
        return durableIndex;
    }

    /** The highest epoch that is on disk as adopted (R2). */
    long durableEpoch() {
        return durableEpoch;
    }

    long lastTimestamp() {
        return lastTimestamp;
    }

    /** Appends and asks the disk to. */
    void append(List<LogEntry> entries) {
        for (LogEntry entry : entries) {
            epochs.append(entry.index(), entry.epoch());
            tail.add(entry);
            tailBytes += entry.size();
        }
        given = entries;
        lastTimestamp = entries.get(entries.size() - 1).timestamp();
        effects.add(new Effect.WriteEntries(nextWrite(), entries));
    }

    /** Cuts off {@code fromIndex} and everything behind it, and asks the disk to. */
    void truncateFrom(long fromIndex) {
        epochs.truncateFrom(fromIndex);
        while (tail.size() > tailHead && tail.get(tail.size() - 1).index() >= fromIndex) {
            tailBytes -= tail.remove(tail.size() - 1).size();
        }
        durableIndex = Math.min(durableIndex, fromIndex - 1);
        List<Pending> cut = new ArrayList<>(pending.size());
        for (Pending write : pending) {
            cut.add(new Pending(write.writeId, Math.min(write.lastIndex, fromIndex - 1), write.epoch));
        }
        pending.clear();
        pending.addAll(cut);
        effects.add(new Effect.TruncateLog(nextWrite(), fromIndex));
    }

    /** Forgets the entries before {@code firstIndex}, which a snapshot holds, and asks the disk to. */
    void compact(long firstIndex) {
        epochs.compact(firstIndex);
        while (tailHead < tail.size() && tail.get(tailHead).index() < firstIndex) {
            tailBytes -= tail.get(tailHead).size();
            tailHead++;
        }
        effects.add(new Effect.CompactLog(nextWrite(), firstIndex));
    }

    /** Drops the whole log in favour of a snapshot that lies behind its end or contradicts it, and asks the disk to. */
    void reset(SnapshotPosition position) {
        epochs.reset(position.index(), position.epoch());
        tail.clear();
        given = List.of();
        tailHead = 0;
        tailBytes = 0;
        durableIndex = 0; // nothing of the new log, until this write is durable
        lastTimestamp = position.timestamp();
        List<Pending> cut = new ArrayList<>(pending.size());
        for (Pending write : pending) {
            cut.add(new Pending(write.writeId, 0, write.epoch));
        }
        pending.clear();
        pending.addAll(cut);
        effects.add(new Effect.InstallSnapshot(nextWrite(), position));
    }

    /** Asks the disk to remember the adopted epoch. */
    void writeState(UUID lineage, long highestEpoch) {
        lastWriteId++;
        pending.add(new Pending(lastWriteId, lastIndex(), highestEpoch));
        effects.add(new Effect.WriteState(lastWriteId, lineage, highestEpoch));
    }

    private long nextWrite() {
        lastWriteId++;
        Pending last = pending.peekLast();
        pending.add(new Pending(lastWriteId, lastIndex(), last == null ? durableEpoch : last.epoch));
        return lastWriteId;
    }

    /** The oldest write that is not durable; 0 if all are. */
    long firstPendingWrite() {
        Pending first = pending.peekFirst();
        return first == null ? 0 : first.writeId;
    }

    void persisted(long writeId) {
        while (!pending.isEmpty() && pending.getFirst().writeId <= writeId) {
            Pending write = pending.removeFirst();
            durableIndex = Math.max(durableIndex, write.lastIndex);
            durableEpoch = Math.max(durableEpoch, write.epoch);
        }
    }

    /**
     * Entries from memory.
     *
     * @return at least one, up to {@code toIndex} and about {@code maxBytes}; empty if {@code fromIndex} is no longer in memory
     */
    List<LogEntry> entries(long fromIndex, long toIndex, long maxBytes) {
        int size = tail.size();
        if (tailHead == size || tail.get(tailHead).index() > fromIndex) {
            return List.of();
        }
        int from = tailHead + Math.toIntExact(fromIndex - tail.get(tailHead).index());
        long bytes = 0;
        int to = from;
        while (to < size
                && tail.get(to).index() <= toIndex
                && (to == from || bytes + tail.get(to).size() <= maxBytes)) {
            bytes += tail.get(to).size();
            to++;
        }
        if (given.size() == to - from
                && given.get(0) == tail.get(from)
                && given.get(to - from - 1) == tail.get(to - 1)) {
            return given;
        }
        given = Collections.unmodifiableList(
                Arrays.asList(tail.subList(from, to).toArray(NO_ENTRIES)));
        return given;
    }

    /** So many bytes may stay in memory from now on, of what is durable and not behind {@code index}. */
    void limitTail(long bytes, long index) {
        tailBytesLimit = bytes;
        forgetUpTo(index);
        if (tail.isEmpty()) {
            tail.trimToSize();
            given = List.of();
        }
    }

    /** Forgets the oldest entries in memory while there are too many; only durable ones up to {@code index}. */
    void forgetUpTo(long index) {
        long limit = Math.min(index, durableIndex);
        while (tailBytes > tailBytesLimit
                && tailHead < tail.size()
                && tail.get(tailHead).index() <= limit) {
            tailBytes -= tail.get(tailHead).size();
            tailHead++;
        }
        if (tailHead > tail.size() / 2) {
            tail.subList(0, tailHead).clear();
            tailHead = 0;
        }
    }

    /** The core keeps no entry up to here in memory, and the disk has done what was asked of it with them. */
    long forgottenIndex() {
        long kept = tailHead < tail.size() ? tail.get(tailHead).index() : lastIndex() + 1;
        return Math.min(kept - 1, durableIndex);
    }

    /** Whether fetched entries are those of this log, from {@code fromIndex} on. */
    boolean matches(long fromIndex, List<LogEntry> entries) {
        long index = fromIndex;
        for (LogEntry entry : entries) {
            if (entry.index() != index || entry.epoch() != epochAt(index)) {
                return false;
            }
            index++;
        }
        return !entries.isEmpty();
    }
}
