package dev.handover.replication;

import dev.handover.replication.protocol.ProtocolOptions;
import dev.handover.replication.protocol.Rehearsal;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread on which a process rehearses take-overs after its first node has started: often enough that the JVM compiles what they run, with pauses, since nobody
 * waits for it. Later nodes of the process find the code compiled.
 */
final class Rehearsing {
    private static final Logger LOG = LoggerFactory.getLogger(Rehearsing.class);
    /** HotSpot's quick compiler takes what was called 200 times. */
    private static final int ROUNDS = 250;

    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final AtomicInteger STARTED = new AtomicInteger();

    private final Thread thread;
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile int rounds;

    Rehearsing(String name, ProtocolOptions options) {
        thread = new Thread(() -> play(options), name);
        thread.setDaemon(true);
    }

    /** Begins, if this is the first time in this process. */
    void startOnce() {
        if (STARTED.getAndIncrement() == 0) {
            start();
        }
    }

    void start() {
        thread.start();
    }

    /** How many take-overs were played. */
    int rounds() {
        return rounds;
    }

    private void play(ProtocolOptions options) {
        try {
            for (int round = 1; round <= ROUNDS && !ended.get(); round++) {
                Rehearsal.takeOver(options);
                rounds = round;
                LockSupport.parkNanos(this, PAUSE_NANOS);
            }
        } catch (RuntimeException e) {
            LOG.error("{}: the rehearsal of take-overs failed; the first real one will be slower", thread.getName(), e);
        }
    }

    /** Ends it, and waits until it has. Twice is fine, and before the start. */
    void end(long millis) {
        ended.set(true);
        LockSupport.unpark(thread);
        try {
            thread.join(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
