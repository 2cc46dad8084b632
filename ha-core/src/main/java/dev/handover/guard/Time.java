package dev.handover.guard;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** All that guards know of time, so that tests move it by hand. */
abstract class Time {
    /** The machine's monotonic clock; waits on the JDK's own timer thread, and runs on its common pool. */
    static final Time SYSTEM = new Time() {
        @Override
        long nanos() {
            return System.nanoTime();
        }

        @Override
        void sleep(long nanos) throws InterruptedException {
            TimeUnit.NANOSECONDS.sleep(nanos);
        }

        @Override
        void after(long nanos, Runnable task) {
            CompletableFuture.delayedExecutor(nanos, TimeUnit.NANOSECONDS).execute(task);
        }
    };

    private final Instant begin = Instant.now();
    private final long beginNanos = nanos();

    /** For differences only. */
    abstract long nanos();

    abstract void sleep(long nanos) throws InterruptedException;

    /** Runs the task later, on another thread. */
    abstract void after(long nanos, Runnable task);

    /** The same time for Resilience4j: a clock that nobody sets back, so that a breaker is open for as long as it should be. */
    final Clock clock() {
        return new Clock() {
            @Override
            public ZoneId getZone() {
                return ZoneOffset.UTC;
            }

            @Override
            public Clock withZone(ZoneId zone) {
                return this;
            }

            @Override
            public Instant instant() {
                return begin.plusNanos(nanos() - beginNanos);
            }
        };
    }
}
