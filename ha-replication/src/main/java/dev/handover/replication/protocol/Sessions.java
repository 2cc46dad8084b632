package dev.handover.replication.protocol;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The sessions of a group, part of the replicated state (R17): every replica feeds it all entries in order and comes to the same table. A command that was appended
 * twice, by two leaders say, is applied once, and both times answered with the same result. As in D. Ongaro, "Consensus: Bridging Theory
 * and Practice", section 6.3, with several commands of one session under way at a time.
 */
public final class Sessions {
    /** Longest time-out a session may ask for, in milliseconds. */
    public static final long MAX_TIMEOUT_MILLIS = 24 * 3600 * 1000L;

    private record Deadline(long atMillis, long sessionId) implements Comparable<Deadline> {
        @Override
        public int compareTo(Deadline other) {
            int order = Long.compare(atMillis, other.atMillis);
            return order != 0 ? order : Long.compare(sessionId, other.sessionId);
        }
    }

    private static final class State {
        final Results results = new Results();
        final long timeoutMillis;
        long answeredBelow;
        long deadlineMillis;

        State(long timeoutMillis) {
            this.timeoutMillis = timeoutMillis;
        }
    }

    private static final byte[] NOTHING = {};

    private final Map<Long, State> sessions = new HashMap<>();
    /** Each open session once, with a deadline that is not after its true one. */
    private final PriorityQueue<Deadline> deadlines = new PriorityQueue<>();

    /** Payload of an {@link LogEntry.Kind#OPEN_SESSION}: after how long without a command, in log time, the session is forgotten. */
    public static byte[] openPayload(long timeoutMillis) {
        if (timeoutMillis < 1 || timeoutMillis > MAX_TIMEOUT_MILLIS) {
            throw new IllegalArgumentException(
                    "session time-out " + timeoutMillis + " ms is not in 1.." + MAX_TIMEOUT_MILLIS);
        }
        byte[] payload = new byte[Long.BYTES];
        for (int i = 0; i < Long.BYTES; i++) {
            payload[i] = (byte) (timeoutMillis >>> (56 - 8 * i));
        }
        return payload;
    }

    /**
     * Takes the next committed entry.
     *
     * @param apply called for a command that is to be applied now
     * @return of a command what the state machine gave, now or when it was applied, or null if its session is not open or has the answer; else empty
     */
    public byte @Nullable [] apply(LogEntry entry, Function<LogEntry, byte[]> apply) {
        expire(entry.timestamp());
        return switch (entry.kind()) {
            case BARRIER -> NOTHING;
            case OPEN_SESSION -> open(entry);
            case COMMAND -> entry.sessionId() == 0 ? apply.apply(entry) : applyOnce(entry, apply);
        };
    }

    /**
     * A session, to be kept in a snapshot (R17).
     *
     * @param results by sequence, of commands whose caller is not known to have the answer
     */
    public record Kept(
            long id, long timeoutMillis, long deadlineMillis, long answeredBelow, SortedMap<Long, byte[]> results) {}

    /** All open sessions by ascending id; what happens later does not show there. */
    public List<Kept> kept() {
        List<Kept> all = new ArrayList<>(sessions.size());
        new TreeMap<>(sessions)
                .forEach((id, session) -> all.add(new Kept(
                        id,
                        session.timeoutMillis,
                        session.deadlineMillis,
                        session.answeredBelow,
                        session.results.copy())));
        return all;
    }

    /** The table that gave these. */
    public static Sessions of(List<Kept> kept) {
        Sessions table = new Sessions();
        for (Kept one : kept) {
            State session = new State(one.timeoutMillis);
            session.deadlineMillis = one.deadlineMillis;
            session.answeredBelow = one.answeredBelow;
            one.results.forEach(session.results::put);
            table.put(one.id, session);
        }
        return table;
    }

    private void put(long id, State session) {
        sessions.put(id, session);
        deadlines.add(new Deadline(session.deadlineMillis, id));
    }

    /** How many sessions are open. */
    public int size() {
        return sessions.size();
    }

    private byte[] open(LogEntry entry) {
        long timeout = 0;
        for (byte b : entry.payload()) {
            timeout = timeout << 8 | b & 0xff;
        }
        State session = new State(timeout);
        session.deadlineMillis = entry.timestamp() + timeout;
        put(entry.index(), session);
        return NOTHING;
    }

    private byte @Nullable [] applyOnce(LogEntry entry, Function<LogEntry, byte[]> apply) {
        State session = sessions.get(entry.sessionId());
        if (session == null) {
            return null;
        }
        session.deadlineMillis = entry.timestamp() + session.timeoutMillis;
        if (entry.answeredBelow() > session.answeredBelow) {
            session.answeredBelow = entry.answeredBelow();
            session.results.forgetBelow(entry.answeredBelow());
        }
        if (entry.sequence() < session.answeredBelow) {
            return null; // a late copy of a command whose caller has its answer
        }
        byte @Nullable [] earlier = session.results.get(entry.sequence());
        if (earlier != null) { // R17
            return earlier;
        }
        byte[] result = apply.apply(entry);
        session.results.put(entry.sequence(), result);
        return result;
    }

    private void expire(long nowMillis) {
        while (true) {
            Deadline first = deadlines.peek();
            if (first == null || first.atMillis >= nowMillis) {
                return;
            }
            deadlines.remove();
            State session = sessions.get(first.sessionId);
            if (session == null) {
                continue;
            }
            if (session.deadlineMillis >= nowMillis) {
                deadlines.add(new Deadline(session.deadlineMillis, first.sessionId));
            } else {
                sessions.remove(first.sessionId);
            }
        }
    }
}
