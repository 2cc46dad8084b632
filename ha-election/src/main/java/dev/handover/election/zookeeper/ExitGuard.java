package dev.handover.election.zookeeper;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.apache.zookeeper.util.ServiceUtils;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands where ZooKeeper would call {@code System.exit}. ZooKeeper has one such place per JVM; which server wanted to exit is seen from the thread
 * group that its threads were born in. Stays in place for good: taking it away while some server's last thread still runs could end the application.
 */
final class ExitGuard {
    private static final Logger LOG = LoggerFactory.getLogger(ExitGuard.class);
    private static final Map<ThreadGroup, Consumer<String>> SERVERS = new ConcurrentHashMap<>();

    private ExitGuard() {}

    static void watch(ThreadGroup group, Consumer<String> onExit) {
        SERVERS.put(group, onExit);
        ServiceUtils.setSystemExitProcedure(ExitGuard::exitRequested);
    }

    static void forget(ThreadGroup group) {
        SERVERS.remove(group);
    }

    private static void exitRequested(int code) {
        String reason = "ZooKeeper wanted to end the JVM with exit code " + code + " in thread "
                + Thread.currentThread().getName();
        Consumer<String> onExit = owner(Thread.currentThread().getThreadGroup());
        if (onExit == null) {
            LOG.error("{}; that is disabled because a ZooKeeper server is, or was, embedded in this JVM", reason);
        } else {
            onExit.accept(reason);
        }
    }

    private static @Nullable Consumer<String> owner(@Nullable ThreadGroup group) {
        for (ThreadGroup candidate = group; candidate != null; candidate = candidate.getParent()) {
            Consumer<String> onExit = SERVERS.get(candidate);
            if (onExit != null) {
                return onExit;
            }
        }
        return null;
    }
}
