package dev.handover.jmh;

import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.Sessions;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs that commands are applied exactly once (R17): the session table fed with the commands of sessions that take turns, each with
 * {@link #inFlight} commands whose answers have not reached the caller yet. The state machine does nothing.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class SessionsBenchmark {
    private static final long TIMEOUT_MILLIS = 60_000;
    private static final byte[] RESULT = {1};
    private static final Function<LogEntry, byte[]> APPLY = entry -> RESULT;

    /** How many sessions are open. */
    @Param({"1", "1000"})
    public int open = 1;

    /** Results that a session keeps. */
    @Param({"1", "100"})
    public int inFlight = 1;

    private final Sessions sessions = new Sessions();
    private final byte[] payload = new byte[128];
    private long index;
    private long turn;

    /** Opens the sessions. */
    @Setup
    public void openSessions() {
        byte[] timeout = Sessions.openPayload(TIMEOUT_MILLIS);
        while (index < open) {
            sessions.apply(new LogEntry(++index, 1, 0, LogEntry.Kind.OPEN_SESSION, 0, 0, 0, timeout), APPLY);
        }
    }

    /** One command of the session whose turn it is, applied. */
    @Benchmark
    public byte[] command() {
        long session = turn % open + 1;
        long sequence = turn / open + 1;
        turn++;
        return applied(sequence, session);
    }

    private byte[] applied(long sequence, long session) {
        long timestamp = ++index / 1_000;
        long answeredBelow = Math.max(0, sequence - inFlight);
        byte[] result = sessions.apply(
                new LogEntry(index, 1, timestamp, LogEntry.Kind.COMMAND, session, sequence, answeredBelow, payload),
                APPLY);
        if (result == null) {
            throw new IllegalStateException("measures nothing: " + sequence + " of session " + session + " is unknown");
        }
        return result;
    }
}
