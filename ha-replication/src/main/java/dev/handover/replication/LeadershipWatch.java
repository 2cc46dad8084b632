package dev.handover.replication;

import dev.handover.Registration;
import dev.handover.leadership.Leadership;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Has the leadership of a group confirmed again and again, and tells one listener what is so. A thread of its own, from start to close. */
final class LeadershipWatch implements Registration {
    private static final Logger LOG = LoggerFactory.getLogger(LeadershipWatch.class);
    private static final int CONFIRMATIONS = 4;
    private static final long CLOSE_MILLIS = 1000;

    private final GroupLeadership leadership;
    private final ReplicatedLog log;
    private final long beliefNanos;
    private final Consumer<? super Leadership> listener;
    private final Semaphore changes = new Semaphore(0);
    private final Thread thread;
    private volatile boolean closed;
    private @Nullable Leadership told;
    private @Nullable Registration registration;

    /** Of the newest confirmation, and when that was asked for. Belongs to the thread. */
    private long confirmedEpoch;

    private long confirmedNanos;

    LeadershipWatch(
            GroupLeadership leadership, ReplicatedLog log, Duration belief, Consumer<? super Leadership> listener) {
        this.leadership = leadership;
        this.log = log;
        this.beliefNanos = belief.toNanos();
        this.listener = listener;
        thread = new Thread(this::run, "handover-" + log.group() + "-leadership");
        thread.setDaemon(true);
    }

    void start() {
        registration = log.onStatus(status -> changes.release());
        thread.start();
    }

    private void run() {
        try {
            while (!closed) {
                changes.drainPermits();
                Leadership now = leadership.of(log.status());
                if (now instanceof Leadership.Leading leading) {
                    now = confirm(leading);
                }
                tell(now);
                changes.tryAcquire(beliefNanos / CONFIRMATIONS, TimeUnit.NANOSECONDS); // a change ends the pause
            }
        } catch (InterruptedException e) {
            LOG.debug("{}: no longer watched", log.group(), e); // by close, which alone interrupts
        }
    }

    /** Waits for one confirmation, for as long as the one before is believed. */
    private Leadership confirm(Leadership.Leading leading) throws InterruptedException {
        long asked = System.nanoTime();
        boolean known = confirmedEpoch == leading.epoch();
        long until = (known ? confirmedNanos : asked) + beliefNanos;
        String reason;
        CompletableFuture<Boolean> answer = leadership.ask(leading.epoch());
        try {
            boolean confirmed = answer.get(Math.max(0, until - asked), TimeUnit.NANOSECONDS);
            long now = System.nanoTime();
            if (confirmed && now - until < 0) { // a process that was paused meanwhile asks again
                confirmedEpoch = leading.epoch();
                confirmedNanos = asked;
                return leading;
            }
            reason = confirmed ? "the answer came late" : "it does not lead epoch " + leading.epoch() + " any more";
        } catch (TimeoutException e) {
            reason = "no confirmation of epoch " + leading.epoch() + " for " + beliefNanos / 1_000_000 + " ms";
        } catch (ExecutionException e) {
            if (known && System.nanoTime() - until < 0) {
                return leading; // refused, by too many reads say: the one before counts still
            }
            reason = String.valueOf(e.getMessage()); // names the cause
        }
        confirmedEpoch = 0;
        return new Leadership.Unsure(Instant.now(), log.group() + ": " + reason);
    }

    private void tell(Leadership now) {
        Leadership before = told;
        if (Objects.equals(before, now)
                || (before instanceof Leadership.Unsure && now instanceof Leadership.Unsure)
                || closed) {
            return;
        }
        told = now;
        try {
            listener.accept(now);
        } catch (RuntimeException e) {
            LOG.error("{}: a listener of the leadership failed on {}", log.group(), now, e);
        }
    }

    @Override
    public void close() {
        closed = true;
        Registration source = registration;
        if (source != null) {
            source.close();
        }
        if (Thread.currentThread() == thread) {
            return;
        }
        thread.interrupt();
        try {
            thread.join(CLOSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
