package dev.handover.netty;

import java.net.InetSocketAddress;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Looks host names up on a thread of its own, which exists only while there is something to look up: a name server may take its time. */
final class Resolver {
    private static final int MAX_WAITING = 256;

    private final ThreadPoolExecutor executor;

    Resolver(String threadName) {
        executor = new ThreadPoolExecutor(1, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(MAX_WAITING), task -> {
            Thread thread = new Thread(task, threadName);
            thread.setDaemon(true);
            return thread;
        });
        executor.allowCoreThreadTimeOut(true);
    }

    /** Calls back on the resolver's thread; with an address that is still unresolved if the name is not known. */
    void resolve(InetSocketAddress unresolved, Consumer<InetSocketAddress> callback) {
        try {
            executor.execute(
                    () -> callback.accept(new InetSocketAddress(unresolved.getHostString(), unresolved.getPort())));
        } catch (RejectedExecutionException e) { // too many wait, or closed: as if it were not known
            callback.accept(unresolved);
        }
    }

    /** Ends the thread when the look-up under way, if any, returns. */
    void close() {
        executor.shutdownNow();
    }
}
