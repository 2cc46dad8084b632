package dev.handover.fencing;

import dev.handover.FencedException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Guards a resource that lives in this process. {@link #call} also keeps calls of different epochs apart: those of one epoch run side by side, and the
 * first one of a higher epoch waits until the older ones have returned, while new older ones are refused already.
 */
public final class InMemoryFence implements FencingGuard {
    private final String resource;
    private final Duration patience;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition left = lock.newCondition();
    private long highest;
    private int inside;
    private long insideEpoch;

    /**
     * A fence that has let nobody in yet.
     *
     * @param resource its name in messages
     * @param patience how long a call waits for those of an older epoch
     */
    public InMemoryFence(String resource, Duration patience) {
        this.resource = resource;
        this.patience = patience;
    }

    @Override
    public void admit(long epoch) {
        lock.lock();
        try {
            if (epoch < highest) {
                throw new FencedException("epoch " + epoch + " is refused by '" + resource + "', which has seen "
                        + highest + ": another instance leads; stop, and look who");
            }
            highest = epoch;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public long highest() {
        lock.lock();
        try {
            return highest;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Carries the call out for this epoch.
     *
     * @throws FencedException a higher epoch was here; the call was not made
     * @throws TimeoutException calls of an older epoch have not returned in time; the call was not made
     * @throws Exception what the call throws
     */
    public <T> T call(long epoch, Callable<T> call) throws Exception {
        enter(epoch);
        try {
            return call.call();
        } finally {
            lock.lock();
            try {
                inside--;
                left.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    private void enter(long epoch) throws InterruptedException, TimeoutException {
        lock.lockInterruptibly();
        try {
            admit(epoch);
            long nanos = patience.toNanos();
            while (inside > 0 && insideEpoch != epoch) {
                if (nanos <= 0) {
                    throw new TimeoutException("'" + resource + "' is still used by " + inside + " calls of epoch "
                            + insideEpoch + " after " + patience.toMillis() + " ms; epoch " + epoch + " cannot begin");
                }
                nanos = left.awaitNanos(nanos);
                admit(epoch); // a still higher one may have come
            }
            inside++;
            insideEpoch = epoch;
        } finally {
            lock.unlock();
        }
    }
}
