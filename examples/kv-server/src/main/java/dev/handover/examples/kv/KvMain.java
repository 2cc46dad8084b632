package dev.handover.examples.kv;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The command line. SIGTERM and SIGINT close everything in order and end with 0. A replica that has stopped itself (its disk failed, its log is damaged,
 * it would be a stranger to its group), or in which a thread has died, ends the process with 3, so that whoever supervises it sees it; the reason is on stderr.
 */
public final class KvMain {
    private static final Logger LOG = LoggerFactory.getLogger(KvMain.class);
    private static final int OK = 0;
    private static final int FAILED = 1;
    private static final int WRONG_OPTIONS = 2;
    private static final int FAULTED = 3;
    private static final long CLOSE_SECONDS = 8;
    private static final long LAST_ANSWERS_MILLIS = 500;

    private KvMain() {}

    /** Runs until it is told to stop. */
    public static void main(String[] arguments) {
        run(arguments, KvServer.Beside.NOTHING);
    }

    /** The same with more on the node. */
    static void run(String[] arguments, KvServer.Beside beside) {
        List<String> words = List.of(arguments);
        if (words.contains("--help")) {
            System.out.println(Options.HELP);
            return;
        }
        Options options;
        try {
            options = Options.parse(words);
        } catch (IllegalArgumentException e) {
            System.err.println("kv-server: " + e.getMessage());
            System.err.println(Options.USAGE);
            System.exit(WRONG_OPTIONS);
            return;
        }
        Thread.setDefaultUncaughtExceptionHandler(KvMain::threadDied);
        AtomicInteger exitCode = new AtomicInteger(OK);
        CountDownLatch stopped = new CountDownLatch(1);
        KvServer server = new KvServer(options, beside);
        try {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server, exitCode), "stop"));
            server.start();
            server.fault().thenAccept(reason -> {
                LOG.error(
                        "{}/{} has stopped itself and ends with {}: {}",
                        options.group(),
                        options.id(),
                        FAULTED,
                        reason);
                exitCode.set(FAULTED);
                stopped.countDown();
            });
            Thread ready = new Thread(() -> sayReady(server), "ready");
            ready.setDaemon(true);
            ready.start();
            stopped.await();
            Thread.sleep(LAST_ANSWERS_MILLIS); // clients get to know that nothing was executed
        } catch (IOException | UncheckedIOException | TimeoutException e) {
            LOG.error("{}/{} cannot start: {}", options.group(), options.id(), e.getMessage());
            exitCode.set(FAILED);
        } catch (Exception e) {
            LOG.error("{}/{} cannot start", options.group(), options.id(), e);
            exitCode.set(FAILED);
        }
        System.exit(exitCode.get());
    }

    /** Without one of its threads nobody knows what still works: better that another node takes over. */
    private static void threadDied(Thread thread, Throwable thrown) {
        try {
            LOG.error("Thread {} has died, and the process with it", thread.getName(), thrown);
        } finally {
            Runtime.getRuntime().halt(FAULTED);
        }
    }

    private static void sayReady(KvServer server) {
        try {
            server.awaitServing();
            System.out.println(server.ready());
            System.out.flush();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The JVM would end with 143 after a SIGTERM; an orderly stop ends with 0. */
    private static void stop(KvServer server, AtomicInteger exitCode) {
        Thread closer = new Thread(server::close, "close");
        closer.setDaemon(true);
        closer.start();
        int code = exitCode.get();
        try {
            closer.join(TimeUnit.SECONDS.toMillis(CLOSE_SECONDS));
            if (closer.isAlive()) {
                LOG.error("Not closed within {} s: stops as it is", CLOSE_SECONDS);
                code = code == OK ? FAILED : code;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            code = FAILED;
        }
        System.out.flush();
        System.err.flush();
        Runtime.getRuntime().halt(code);
    }
}
