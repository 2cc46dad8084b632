package dev.handover.election;

import dev.handover.Registration;
import dev.handover.leadership.Leadership;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells listeners what is known, on one thread; whoever is slow gets only the newest. */
final class Listeners {
    private static final Logger LOG = LoggerFactory.getLogger(Listeners.class);

    private final List<Told> all = new CopyOnWriteArrayList<>();
    private final Supplier<Leadership> current;
    private final ThreadPoolExecutor thread;

    Listeners(String name, Supplier<Leadership> current) {
        this.current = current;
        thread = new ThreadPoolExecutor(0, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            Thread created = new Thread(task, name);
            created.setDaemon(true);
            return created;
        });
    }

    Registration add(Consumer<? super Leadership> listener) {
        Told told = new Told(listener);
        all.add(told);
        tell(told);
        return () -> all.remove(told);
    }

    /** Something may have changed. */
    void tell() {
        all.forEach(this::tell);
    }

    void close() {
        thread.shutdown();
    }

    private void tell(Told told) {
        if (told.queue()) {
            try {
                thread.execute(told);
            } catch (RejectedExecutionException e) {
                LOG.debug("a listener is told nothing more: the election is closed", e);
            }
        }
    }

    private final class Told implements Runnable {
        private final Consumer<? super Leadership> listener;
        private boolean queued;
        private @Nullable Leadership last;

        Told(Consumer<? super Leadership> listener) {
            this.listener = listener;
        }

        synchronized boolean queue() {
            boolean first = !queued;
            queued = true;
            return first;
        }

        @Override
        public void run() {
            synchronized (this) {
                queued = false;
            }
            Leadership now = current.get();
            if (!all.contains(this) || now.equals(last)) {
                return;
            }
            last = now;
            try {
                listener.accept(now);
            } catch (RuntimeException | Error e) {
                LOG.warn("A listener failed on {}", now, e);
            }
        }
    }
}
