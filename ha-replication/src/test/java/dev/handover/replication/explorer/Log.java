package dev.handover.replication.explorer;

import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.RecoveredReplica.EpochStart;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** A log that never changes: the same entries are the same object, so two logs agree up to an index if their objects there are the same. */
final class Log {
    final Log before;
    final LogEntry last;
    private final Map<Dump.Key, Log> longer = new HashMap<>();
    /** The same by the very objects, which is quicker. */
    private final Map<LogEntry, Log> known = new IdentityHashMap<>();

    private Log(Log before, LogEntry last) {
        this.before = before;
        this.last = last;
    }

    static Log empty() {
        return new Log(null, null);
    }

    long lastIndex() {
        return last == null ? 0 : last.index();
    }

    long lastEpoch() {
        return last == null ? 0 : last.epoch();
    }

    Log append(LogEntry entry) {
        if (entry.index() != lastIndex() + 1) {
            throw new Violation("I9", "write of " + entry + " behind the end of the log at " + lastIndex());
        }
        return known.computeIfAbsent(
                entry, same -> longer.computeIfAbsent(Dump.of(entry), key -> new Log(this, entry)));
    }

    /** Its beginning up to and with the index; null if it does not go so far. */
    Log upTo(long index) {
        if (index > lastIndex()) {
            return null;
        }
        Log log = this;
        while (log.lastIndex() > index) {
            log = log.before;
        }
        return log;
    }

    List<LogEntry> entries(long from, long to) {
        List<LogEntry> found = new ArrayList<>();
        for (Log log = this; log.lastIndex() >= from; log = log.before) {
            if (log.lastIndex() <= to && log.last != null) {
                found.add(log.last);
            }
        }
        Collections.reverse(found);
        return found;
    }

    List<EpochStart> epochs() {
        List<EpochStart> starts = new ArrayList<>();
        long epoch = 0;
        for (LogEntry entry : entries(1, lastIndex())) {
            if (entry.epoch() != epoch) {
                epoch = entry.epoch();
                starts.add(new EpochStart(entry.index(), epoch));
            }
        }
        return starts;
    }

    /** I2: where both have an entry of the same index and epoch it is the same, and so is everything before it. */
    static boolean agree(Log one, Log other) {
        long index = Math.min(one.lastIndex(), other.lastIndex());
        Log a = one.upTo(index);
        Log b = other.upTo(index);
        while (a != b) {
            if (a.lastEpoch() == b.lastEpoch()) {
                return false;
            }
            a = a.before;
            b = b.before;
        }
        return true;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("[");
        for (LogEntry entry : entries(1, lastIndex())) {
            text.append(text.length() > 1 ? " " : "")
                    .append(entry.index())
                    .append('@')
                    .append(entry.epoch())
                    .append(entry.kind() == LogEntry.Kind.BARRIER ? "b" : "");
        }
        return text.append(']').toString();
    }
}
