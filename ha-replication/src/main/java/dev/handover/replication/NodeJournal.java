package dev.handover.replication;

import dev.handover.replication.storage.Journal;
import dev.handover.replication.storage.Journals;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The journal that the logs of a node are forced in together, from when many of them are written at the same time. Made when it is wanted first. On the disk thread, but where said otherwise. */
final class NodeJournal {
    private static final Logger LOG = LoggerFactory.getLogger(NodeJournal.class);
    private static final long TRY_AGAIN_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final long STOP_MILLIS = 2_000;

    private final String name;
    private final Journals journals;
    /** Runs something on the disk thread; false when that has ended. */
    private final Predicate<Runnable> run;

    private @Nullable Journal current;
    private volatile @Nullable Thread maker;
    private volatile boolean closed;
    private volatile long notBeforeNanos = System.nanoTime();

    NodeJournal(String name, Journals journals, Predicate<Runnable> run) {
        this.name = name;
        this.journals = journals;
        this.run = run;
    }

    /** The one that is written now; null if there is none. */
    @Nullable
    Journal current() {
        return current;
    }

    /** Many logs are written: begins to make one, unless there is one. */
    void want() {
        if (current != null || maker != null || System.nanoTime() - notBeforeNanos < 0) {
            return;
        }
        Thread thread = new Thread(this::make, name + "-journal");
        thread.setDaemon(true);
        maker = thread;
        thread.start();
    }

    /** On the thread that makes it. */
    private void make() {
        try {
            Journal made = journals.create();
            if (!run.test(() -> {
                maker = null;
                current = made;
                LOG.info("{} forces the logs that are written together in {}", name, made);
            })) {
                made.delete();
            }
        } catch (IOException | RuntimeException | Error e) {
            if (!closed) {
                LOG.warn("{} has no journal, so each of its logs is forced for itself: {}", name, e.toString());
            }
            notBeforeNanos = System.nanoTime() + TRY_AGAIN_NANOS;
            maker = null;
        }
    }

    /** Nothing is written to it any more: what logs have in it stays there until they have been opened again. */
    void retire() {
        end(Journal::close);
    }

    /** All logs have been settled, and say so. */
    void delete() {
        end(Journal::delete);
    }

    private void end(Ending how) {
        Journal ended = current;
        current = null;
        if (ended != null) {
            try {
                how.apply(ended);
            } catch (IOException e) {
                LOG.warn("{} could not close or remove the journal {}: {}", name, ended, e.getMessage());
            }
        }
    }

    @FunctionalInterface
    private interface Ending {
        void apply(Journal journal) throws IOException;
    }

    /** The last call. */
    void close() {
        try {
            closed = true;
            journals.close(); // the maker ends soon
            Thread making = maker;
            if (making != null) {
                making.join(STOP_MILLIS);
            }
        } catch (IOException e) {
            LOG.warn("{} could not give up the lock of its journals: {}", name, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
