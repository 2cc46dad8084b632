package dev.handover.replication.simulator;

import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.RecoveredReplica;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A log, and for every index a hash of all entries up to it: two logs are equal up to an index if the hashes there are. */
final class ChainLog {
    private final ArrayList<LogEntry> entries;
    private long[] chain;
    /** Somebody keeps this very object as the log of the leader of an epoch: it may grow, but must not be cut. */
    private boolean kept;

    ChainLog() {
        entries = new ArrayList<>();
        chain = new long[64];
    }

    private ChainLog(ChainLog other) {
        entries = new ArrayList<>(other.entries);
        chain = other.chain.clone();
    }

    ChainLog copy() {
        return new ChainLog(this);
    }

    /** The same up to and with the index. */
    ChainLog upTo(long index) {
        ChainLog copy = copy();
        copy.truncateFrom(index + 1);
        return copy;
    }

    void keep() {
        kept = true;
    }

    boolean isKept() {
        return kept;
    }

    long lastIndex() {
        return entries.size();
    }

    LogEntry entry(long index) {
        return entries.get(Math.toIntExact(index - 1));
    }

    /** The hash of the entries up to and with this one; 0 for index 0, and something that fits nothing behind the end. */
    long chainAt(long index) {
        return index > entries.size() ? -1 : chain[Math.toIntExact(index)];
    }

    void append(LogEntry entry) {
        if (entry.index() != entries.size() + 1) {
            throw new SimFailure("I9", "write of " + entry + " behind the end of the log at " + entries.size());
        }
        entries.add(entry);
        int index = entries.size();
        if (index == chain.length) {
            chain = Arrays.copyOf(chain, 2 * index);
        }
        chain[index] = mix(chain[index - 1], hash(entry));
    }

    void truncateFrom(long index) {
        if (index <= entries.size()) {
            entries.subList(Math.toIntExact(index - 1), entries.size()).clear();
        }
    }

    List<LogEntry> read(long from, long to, int maxBytes) {
        List<LogEntry> found = new ArrayList<>();
        long bytes = 0;
        for (long index = from; index <= Math.min(to, entries.size()); index++) {
            LogEntry entry = entry(index);
            bytes += entry.size();
            if (!found.isEmpty() && bytes > maxBytes) {
                break;
            }
            found.add(entry);
        }
        return found;
    }

    /** The hash of all. */
    long lastChain() {
        return chainAt(lastIndex());
    }

    /** Where epochs begin, as a log knows it that begins at this index. */
    List<RecoveredReplica.EpochStart> epochsFrom(long firstIndex) {
        List<RecoveredReplica.EpochStart> starts = new ArrayList<>();
        long epoch = 0;
        int from = (int) Math.max(0, firstIndex - 2);
        for (LogEntry entry : entries.subList(from, entries.size())) {
            if (entry.epoch() != epoch) {
                epoch = entry.epoch();
                starts.add(new RecoveredReplica.EpochStart(entry.index(), epoch));
            }
        }
        return starts;
    }

    long lastTimestamp() {
        return entries.isEmpty() ? 0 : entries.get(entries.size() - 1).timestamp();
    }

    private static long hash(LogEntry entry) {
        long hash = mix(entry.index(), entry.epoch());
        hash = mix(hash, entry.timestamp());
        hash = mix(hash, entry.kind().ordinal());
        hash = mix(hash, entry.sessionId());
        hash = mix(hash, entry.sequence());
        hash = mix(hash, entry.answeredBelow());
        return mix(hash, Arrays.hashCode(entry.payload()));
    }

    /** One step of SplitMix64's finalizer over both. */
    static long mix(long a, long b) {
        long z = a * 0x9E3779B97F4A7C15L + b + 0x632BE59BD9B4E019L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
