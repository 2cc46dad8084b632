package dev.handover.examples.demo;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client of the group with one connection in use and a warm one to each other node. When the one in use breaks, it goes on at
 * the next node at once: any node takes any command, so there is no leader to look for. One thread uses it; {@link
 * #warmUp()} and {@link #close()} may be called by others meanwhile.
 */
final class FailoverClient implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FailoverClient.class);
    private static final long PAUSE_MILLIS = 1;

    private final String name;
    private final List<InetSocketAddress> nodes;
    private final Duration answerTimeout;
    /** Connections not in use. Whoever takes one out owns it. */
    private final AtomicReferenceArray<@Nullable RespConnection> spare;

    private volatile int current;
    private volatile @Nullable RespConnection inUse;
    private volatile boolean closed;

    /**
     * Connects to nothing yet.
     *
     * @param name for the log
     * @param first index of the node it begins with
     * @param answerTimeout how long it waits for an answer; longer than the servers' own time-out, so that they are the ones who give up
     */
    FailoverClient(String name, List<InetSocketAddress> nodes, int first, Duration answerTimeout) {
        this.name = name;
        this.nodes = List.copyOf(nodes);
        this.answerTimeout = answerTimeout;
        spare = new AtomicReferenceArray<>(nodes.size());
        current = first;
    }

    /** Index of the node that it uses at the moment. */
    int current() {
        return current;
    }

    /** What a try came to. */
    sealed interface Result {
        /** The server's answer. */
        record Answered(Reply reply) implements Result {}

        /** The connection broke before the answer came: the command may have been executed, or may be later. */
        record Broken(IOException cause) implements Result {}
    }

    /**
     * Sends a command once, to the node in use, and waits for its answer. If the connection breaks, the next call goes to the next node.
     *
     * @throws TimeoutException if no node takes a connection before the deadline; the command was not sent
     */
    Result once(long deadlineNanos, String... command) throws TimeoutException, InterruptedException {
        RespConnection connection = connection(deadlineNanos);
        try {
            return new Result.Answered(connection.call(command));
        } catch (IOException e) {
            connection.close();
            inUse = null;
            moveOn();
            LOG.debug("{}: {} broke, goes on at node {}: {}", name, command[0], current, e.getMessage());
            return new Result.Broken(e);
        }
    }

    /**
     * Sends a command that may be repeated, a read, until a node answers it.
     *
     * @throws TimeoutException if none has before the deadline
     */
    Reply repeat(long deadlineNanos, String... command) throws TimeoutException, InterruptedException {
        Result last = once(deadlineNanos, command);
        while (true) {
            if (last instanceof Result.Answered answered) {
                boolean again = answered.reply() instanceof Reply.Failure failure
                        && (failure.notExecuted() || failure.uncertain());
                if (!again) {
                    return answered.reply();
                }
                pause(deadlineNanos, String.valueOf(answered.reply()));
            } else if (last instanceof Result.Broken broken && System.nanoTime() - deadlineNanos > 0) {
                throw new TimeoutException("every connection broke, the last one with: " + broken.cause());
            }
            last = once(deadlineNanos, command);
        }
    }

    /** Goes to the next node with the next call. */
    void moveOn() {
        RespConnection left = inUse;
        int from = current;
        inUse = null;
        current = (from + 1) % nodes.size();
        if (left != null) {
            park(from, left);
        }
    }

    /** Waits a moment before a command is tried again. */
    static void pause(long deadlineNanos, String why) throws TimeoutException, InterruptedException {
        if (System.nanoTime() - deadlineNanos > 0) {
            throw new TimeoutException("gave up: " + why);
        }
        TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
    }

    private RespConnection connection(long deadlineNanos) throws TimeoutException, InterruptedException {
        RespConnection connection = inUse;
        int refused = 0;
        while (connection == null) {
            if (closed) {
                throw new IllegalStateException("the client is closed");
            }
            connection = spare.getAndSet(current, null);
            if (connection == null) {
                try {
                    connection = RespConnection.dial(nodes.get(current), answerTimeout);
                } catch (IOException e) {
                    current = (current + 1) % nodes.size();
                    if (++refused % nodes.size() == 0) {
                        pause(deadlineNanos, "no node takes a connection: " + e.getMessage());
                    }
                }
            }
        }
        inUse = connection;
        if (closed) {
            connection.close();
        }
        return connection;
    }

    /** Checks the spare connections, and dials again where there is none; a node that is down is left for the next time. */
    void warmUp() {
        for (int node = 0; node < nodes.size() && !closed; node++) {
            if (node == current) {
                continue;
            }
            RespConnection connection = spare.getAndSet(node, null);
            try {
                if (connection == null) {
                    connection = RespConnection.dial(nodes.get(node), answerTimeout);
                }
                connection.call("GET", "demo:warm"); // what it will be needed for: the read after a broken write
                park(node, connection);
            } catch (IOException e) { // the node is down; the next warm-up tries again
                if (connection != null) {
                    connection.close();
                }
            }
        }
    }

    private void park(int node, RespConnection connection) {
        RespConnection surplus = spare.getAndSet(node, connection);
        if (surplus != null) {
            surplus.close();
        }
        if (closed) {
            connection.close();
        }
    }

    /** Closes all connections; a call that is waiting fails. Closing twice is fine. */
    @Override
    public void close() {
        closed = true;
        RespConnection connection = inUse;
        if (connection != null) {
            connection.close();
        }
        for (int node = 0; node < nodes.size(); node++) {
            RespConnection parked = spare.getAndSet(node, null);
            if (parked != null) {
                parked.close();
            }
        }
    }
}
