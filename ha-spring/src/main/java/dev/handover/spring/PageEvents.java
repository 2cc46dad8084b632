package dev.handover.spring;

import dev.handover.Registration;
import dev.handover.ops.OpsModel;
import dev.handover.ops.OpsSnapshot;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/**
 * The operations pages that are open over Spring MVC. Each gets the whole snapshot at every change; who has not taken the last one yet misses this one and gets the next, and holds no thread but its own. They are closed at a stop, after the hand-over and
 * before the web server drains, which would wait for them.
 */
final class PageEvents implements SmartLifecycle {
    private static final Logger LOG = LoggerFactory.getLogger(PageEvents.class);
    private static final int MAX_VIEWERS = 32;
    private static final long LIFE_MILLIS =
            TimeUnit.MINUTES.toMillis(10); // then the page asks again, and whether it may is looked at again
    private static final int PHASE = DEFAULT_PHASE - 512; // the hand-over has DEFAULT_PHASE, the drain has 1024 less

    private final OpsModel model;
    private final Set<Viewer> viewers = ConcurrentHashMap.newKeySet();
    private volatile @Nullable Senders senders;

    /** From a start to a stop. */
    private record Senders(ThreadPoolExecutor threads, Registration changes) {}

    PageEvents(OpsModel model) {
        this.model = model;
    }

    /**
     * A stream for one more page, for Spring MVC to answer with.
     *
     * @return null if too many are open, or this instance stops
     */
    @Nullable
    Object open(UnaryOperator<OpsSnapshot> shown) {
        Senders now = senders;
        if (now == null || viewers.size() >= MAX_VIEWERS) {
            return null;
        }
        Viewer viewer = new Viewer(now.threads, shown);
        viewers.add(viewer);
        viewer.changed();
        if (senders != now) {
            viewer.end(); // stopped meanwhile
        }
        return viewer.emitter;
    }

    private final class Viewer implements Runnable {
        private final SseEmitter emitter = new SseEmitter(LIFE_MILLIS);
        private final AtomicBoolean sending = new AtomicBoolean();
        private final ThreadPoolExecutor threads;
        private final UnaryOperator<OpsSnapshot> shown;

        Viewer(ThreadPoolExecutor threads, UnaryOperator<OpsSnapshot> shown) {
            this.threads = threads;
            this.shown = shown;
            emitter.onTimeout(emitter::complete);
            emitter.onCompletion(() -> viewers.remove(this));
        }

        void changed() {
            if (sending.compareAndSet(false, true)) {
                try {
                    threads.execute(this);
                } catch (RejectedExecutionException e) {
                    sending.set(false); // stopped
                }
            }
        }

        @Override
        public void run() {
            try {
                emitter.send(
                        SseEmitter.event().data(shown.apply(model.snapshot()).toJson()));
            } catch (IOException | IllegalStateException e) {
                viewers.remove(this); // the page was closed
                LOG.debug("an operations page is gone", e);
            } finally {
                sending.set(false);
            }
        }

        void end() {
            viewers.remove(this);
            try {
                threads.execute(emitter::complete); // waits for an event that is being sent
            } catch (RejectedExecutionException e) {
                emitter.complete();
            }
        }
    }

    @Override
    public synchronized void start() {
        if (senders == null) {
            ThreadPoolExecutor threads =
                    new ThreadPoolExecutor(0, 2 * MAX_VIEWERS, 5, TimeUnit.SECONDS, new SynchronousQueue<>(), run -> {
                        Thread thread = new Thread(run, "handover-page");
                        thread.setDaemon(true);
                        return thread;
                    });
            senders = new Senders(threads, model.listen(() -> viewers.forEach(Viewer::changed)));
        }
    }

    @Override
    public synchronized void stop() {
        Senders known = senders;
        if (known != null) {
            senders = null;
            known.changes.close();
            viewers.forEach(Viewer::end);
            known.threads.shutdown();
        }
    }

    @Override
    public boolean isRunning() {
        return senders != null;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }
}
