package dev.handover.examples.kv.system;

import dev.handover.examples.kv.KvCluster;
import dev.handover.examples.kv.KvNode;
import dev.handover.examples.kv.RawClient;
import dev.handover.examples.kv.Waiting;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Clients that read and write at the same time, each over one connection, and tell the history everything. A command is never sent twice. After an error
 * a client goes on at another node, and later returns to its own; one client of each node stays where it is. So no node that stands still draws all of them.
 *
 * <p>Keys are in use together by all clients for some hundred operations and then left: so no part of the history is too hard to check.
 */
final class Load implements AutoCloseable {
    private static final int CLIENTS = 6;
    private static final int PATIENCE_MILLIS = 12_000;
    private static final long REST_NANOS = 1_000_000;
    private static final long REST_AFTER_ERROR_NANOS = 20_000_000;
    private static final int RETURN_AFTER = 300;
    private static final int KEYS = 4;
    private static final int OPERATIONS_PER_GENERATION = 600;
    private static final int WEIGHT_OF_UNKNOWN = 40;
    private static final Duration END = Duration.ofSeconds(30);

    private final KvCluster cluster;
    private final String keys;
    private final History history = new History();
    private final AtomicLong worn = new AtomicLong();
    private final AtomicInteger tokens = new AtomicInteger();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean stopping;
    private volatile Throwable died;

    private Load(KvCluster cluster, String keys) {
        this.cluster = cluster;
        this.keys = keys;
    }

    /** Starts; returns when the first writes have been acknowledged. */
    static Load on(KvCluster cluster, long seed) {
        return on(cluster, seed, "");
    }

    /** The same, with keys that no other load with another suffix uses. */
    static Load on(KvCluster cluster, long seed, String suffix) {
        Load load = new Load(cluster, suffix);
        for (int i = 0; i < CLIENTS; i++) {
            Client client = load.new Client(i, new Random(seed + i));
            Thread thread = new Thread(client, client.name);
            thread.setDaemon(true);
            thread.setUncaughtExceptionHandler((t, thrown) -> load.died = thrown);
            thread.start();
            load.threads.add(thread);
        }
        load.awaitWrites(200, Duration.ofSeconds(30));
        return load;
    }

    History history() {
        return history;
    }

    /** A value that occurs once. */
    String token() {
        return "t" + tokens.incrementAndGet() + ",";
    }

    /** Waits until so many more writes have been acknowledged. */
    void awaitWrites(int more, Duration timeout) {
        int enough = history.acknowledgedWrites() + more;
        Waiting.until(more + " more writes acknowledged", timeout, () -> history.acknowledgedWrites() >= enough);
    }

    /** Ends all clients after their last reply. */
    void stop() {
        stopping = true;
        for (Thread thread : threads) {
            try {
                thread.join(END.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted while clients end", e);
            }
            if (thread.isAlive()) {
                throw new AssertionError(thread.getName() + " has not ended within " + END);
            }
        }
        if (died != null) {
            throw new AssertionError("a client died", died);
        }
    }

    @Override
    public void close() {
        stopping = true;
        threads.forEach(Thread::interrupt);
    }

    private final class Client implements Runnable {
        private final String name;
        private final Random random;
        private final int home;
        private final boolean stays;
        private int at;
        private int sinceMove;
        private String lastSeen = "none";
        private RawClient connection;

        Client(int index, Random random) {
            this.name = "client-" + index;
            this.random = random;
            this.home = index % cluster.nodes().size();
            this.stays = index < cluster.nodes().size();
            this.at = home;
        }

        @Override
        public void run() {
            while (!stopping) {
                step();
                LockSupport.parkNanos(REST_NANOS);
            }
            disconnect();
        }

        private void step() {
            KvNode node = cluster.nodes().get(at);
            try {
                if (connection == null) {
                    connection = new RawClient(node.resp(), PATIENCE_MILLIS);
                }
            } catch (IOException e) {
                moveOn(); // nobody there: nothing was sent
                return;
            }
            Request request = next();
            long invoked = System.nanoTime();
            try {
                String reply = connection.call(request.array());
                if (history.replied(name, node.id(), request, reply, invoked)) {
                    worn.incrementAndGet();
                    if (request.key().startsWith("r") && reply.startsWith("\"")) {
                        lastSeen = reply.substring(1, reply.length() - 1);
                    }
                    if (++sinceMove >= RETURN_AFTER && at != home) {
                        moveTo(home);
                    }
                    return;
                }
                if (reply.startsWith("-UNCERTAIN")) {
                    worn.addAndGet(WEIGHT_OF_UNKNOWN);
                }
            } catch (IOException e) {
                history.lost(name, node.id(), request, e, invoked);
                worn.addAndGet(WEIGHT_OF_UNKNOWN);
            }
            moveOn();
        }

        private void moveOn() {
            if (stays) {
                moveTo(home);
                LockSupport.parkNanos(REST_AFTER_ERROR_NANOS);
            } else {
                moveTo((at + 1) % cluster.nodes().size());
            }
        }

        private void moveTo(int node) {
            disconnect();
            sinceMove = 0;
            at = node;
        }

        private void disconnect() {
            if (connection != null) {
                try {
                    connection.close();
                } catch (IOException e) {
                    throw new AssertionError(e); // closing a socket of ours
                }
                connection = null;
            }
        }

        /** Registers, lists of tokens, and counters. */
        private Request next() {
            String key = worn.get() / OPERATIONS_PER_GENERATION + "-" + random.nextInt(KEYS) + keys;
            return switch (random.nextInt(10)) {
                case 0, 1 -> Request.of("SET", "r" + key, token());
                case 2 -> Request.of("CAS", "r" + key, lastSeen, token());
                case 3 -> random.nextInt(4) == 0 ? Request.of("DEL", "r" + key) : Request.of("GET", "r" + key);
                case 4 -> Request.of("GET", "r" + key);
                case 5, 6 -> Request.of("APPEND", "l" + key, token());
                case 7 -> Request.of("GET", "l" + key);
                case 8 -> Request.of("INCR", "n" + key);
                default -> random.nextBoolean() ? Request.of("INCR", "n" + key) : Request.of("GET", "n" + key);
            };
        }
    }
}
