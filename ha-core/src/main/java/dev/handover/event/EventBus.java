package dev.handover.event;

import dev.handover.Registration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries events from whoever publishes to whoever listens, in order, on one thread of its own, so that a slow listener never holds back
 * replication. The queue is bounded: when listeners fall too far behind, the newest events are dropped and counted.
 */
public final class EventBus implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EventBus.class);
    private static final int CAPACITY = 8192;
    private static final long CLOSE_TIMEOUT_MILLIS = 2000;
    private static final int MAX_CARRIED = 1024; // characters
    private static final Pattern CARRIED = Pattern.compile("[A-Za-z0-9_-]{1,64}");

    /** Of what nobody has asked for: nothing is put around its listeners. */
    public static final UnaryOperator<Runnable> NOBODY = UnaryOperator.identity();

    private final BlockingQueue<Runnable> queue = new ArrayBlockingQueue<>(CAPACITY);
    private final List<Consumer<? super HaEvent>> listeners = new CopyOnWriteArrayList<>();
    private final List<Callers> contexts = new CopyOnWriteArrayList<>();
    private final AtomicLong dropped = new AtomicLong();
    private final Thread thread;
    private volatile boolean closed;

    /** Starts the thread. */
    public EventBus(String name) {
        thread = new Thread(this::run, name + "-events");
        thread.setDaemon(true);
        thread.start();
    }

    /** Hands the event over; never blocks. After close it does nothing. */
    public void publish(HaEvent event) {
        publish(event, NOBODY);
    }

    /** The same for an event that somebody has asked for; {@code caller} is what {@link #caller} gave in the call. */
    public void publish(HaEvent event, UnaryOperator<Runnable> caller) {
        execute(caller.apply(() -> deliver(event)));
    }

    /** Knows the context of those who ask, such as a trace. */
    @FunctionalInterface
    public interface Callers {
        /** Called on the thread that asks, as soon as it does; gives what to put around the listeners later, {@link #NOBODY} for nothing. */
        UnaryOperator<Runnable> caller();

        /** Called there, too, for what other processes do on the same behalf: what they need to know of the context, as the headers of a trace; empty for nothing. */
        default Map<String, String> carried() {
            return Map.of();
        }

        /** In another process: what to put around its listeners, of what was carried there. */
        default UnaryOperator<Runnable> arrived(Map<String, String> carried) {
            return NOBODY;
        }
    }

    /**
     * From now on listeners hear of what somebody has asked for, such as a transfer or a switch, in that caller's context: its trace, say. What it or what it gives throws is logged, and they hear of it without.
     */
    public Registration callers(Callers callers) {
        contexts.add(callers);
        return () -> contexts.remove(callers);
    }

    /** The context of the thread that calls this; for {@link #publish(HaEvent, UnaryOperator)}, and for what is asked on the same behalf later. */
    public UnaryOperator<Runnable> caller() {
        return around(Callers::caller);
    }

    /** The same for what other processes do on that behalf; kept short, and with keys of letters, digits, {@code -} and {@code _}. What is too long is left out. */
    public Map<String, String> carried() {
        Map<String, String> all = new TreeMap<>();
        int left = MAX_CARRIED;
        for (Callers context : contexts) {
            try {
                for (Map.Entry<String, String> entry : context.carried().entrySet()) {
                    int size = entry.getKey().length() + entry.getValue().length();
                    if (size <= left && CARRIED.matcher(entry.getKey()).matches()) {
                        left -= size;
                        all.put(entry.getKey(), entry.getValue());
                    }
                }
            } catch (RuntimeException e) {
                LOG.warn("The context of a caller is not known", e);
            }
        }
        return all;
    }

    /** The context that {@link #carried} has given in another process. */
    public UnaryOperator<Runnable> arrived(Map<String, String> carried) {
        return carried.isEmpty() ? NOBODY : around(context -> context.arrived(carried));
    }

    private UnaryOperator<Runnable> around(Function<Callers, UnaryOperator<Runnable>> one) {
        UnaryOperator<Runnable> all = NOBODY;
        for (Callers context : contexts) {
            try {
                UnaryOperator<Runnable> inner = all;
                UnaryOperator<Runnable> outer = one.apply(context);
                if (outer != NOBODY) {
                    all = task -> new InContext(outer, inner.apply(task));
                }
            } catch (RuntimeException e) {
                LOG.warn("The context of a caller is not known", e);
            }
        }
        return all;
    }

    /** Runs a task on the event thread, after everything that was published before; drops and counts it like an event. After close it does nothing. */
    public void execute(Runnable task) {
        if (!closed && !queue.offer(task) && dropped.getAndIncrement() == 0) {
            LOG.warn("Event listeners are {} events behind; events are dropped until they catch up", CAPACITY);
        }
    }

    /** Calls the listener for every later event, one at a time. What it throws is logged and concerns nobody else. */
    public Registration subscribe(Consumer<? super HaEvent> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    /** Whether the caller runs on the event thread, in a listener that is. */
    public boolean isOwnThread() {
        return Thread.currentThread() == thread;
    }

    /** How many events were dropped because listeners were too slow. */
    public long dropped() {
        return dropped.get();
    }

    /** Delivers what waits (at most two seconds), then ends the thread. Closing twice is fine. */
    @Override
    public void close() {
        closed = true;
        if (Thread.currentThread() == thread) {
            return;
        }
        try {
            thread.join(CLOSE_TIMEOUT_MILLIS);
            if (thread.isAlive()) {
                thread.interrupt();
                LOG.warn("An event listener did not return within {} ms at close", CLOSE_TIMEOUT_MILLIS);
            }
        } catch (InterruptedException e) {
            thread.interrupt();
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            while (true) {
                Runnable task = queue.poll(closed ? 0 : 100, TimeUnit.MILLISECONDS);
                if (task != null) {
                    run(task);
                } else if (closed) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException e) {
            LOG.warn("A listener failed", e);
        }
    }

    private void deliver(HaEvent event) {
        for (Consumer<? super HaEvent> listener : listeners) {
            try {
                listener.accept(event);
            } catch (RuntimeException e) {
                LOG.warn("An event listener failed on {}", event, e);
            }
        }
    }

    /** A task within somebody's context, which is done once, whatever the context throws. */
    private static final class InContext implements Runnable {
        private final UnaryOperator<Runnable> context;
        private final Runnable task;
        private boolean begun;

        InContext(UnaryOperator<Runnable> context, Runnable task) {
            this.context = context;
            this.task = task;
        }

        @Override
        public void run() {
            try {
                context.apply(this::begin).run();
            } catch (RuntimeException e) {
                if (begun) {
                    throw e;
                }
                LOG.warn("The context of a caller cannot be used", e);
                begin();
            }
        }

        private void begin() {
            begun = true;
            task.run();
        }
    }
}
