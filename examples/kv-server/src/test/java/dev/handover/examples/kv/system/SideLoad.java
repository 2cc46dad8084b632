package dev.handover.examples.kv.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.examples.kv.KvCluster;
import dev.handover.examples.kv.KvNode;
import dev.handover.examples.kv.SideGroups;
import dev.handover.examples.kv.SideState;
import dev.handover.examples.kv.Waiting;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;

/**
 * One client of each node, which writes all of its {@link SideGroups} at the same time, again and again. In each group it counts, as a writer whose name occurs once; what was refused is sent again, and
 * after an unknown outcome another writer goes on. So a writer has written what was acknowledged, and at most one number more.
 */
final class SideLoad implements AutoCloseable {
    private static final int GROUPS = SideGroups.names().size();
    private static final int PATIENCE_MILLIS = 12_000;
    private static final long REST_NANOS = 20_000_000;
    private static final long REST_AFTER_ERROR_NANOS = 100_000_000;
    private static final Duration END = Duration.ofSeconds(30);

    private final KvCluster cluster;
    private final List<Thread> threads = new ArrayList<>();
    /** Of each group, the last number of each writer that was acknowledged. */
    private final List<Map<String, Long>> acknowledged = new ArrayList<>();

    private final long[] writes = new long[GROUPS];
    private int writers;
    private long unknown;
    private long refused;
    private volatile boolean stopping;
    private volatile Throwable died;

    SideLoad(KvCluster cluster) {
        this.cluster = cluster;
        for (int i = 0; i < GROUPS; i++) {
            acknowledged.add(new TreeMap<>());
        }
    }

    /** Starts all clients; after {@link #stop}, too. */
    void start() {
        stopping = false;
        for (KvNode node : cluster.nodes()) {
            Thread thread = new Thread(new Client(node), "side-client-" + node);
            thread.setDaemon(true);
            thread.setUncaughtExceptionHandler((t, thrown) -> died = thrown);
            thread.start();
            threads.add(thread);
        }
    }

    /** Waits until each group has acknowledged something more. */
    void awaitWrites(Duration timeout) {
        long[] before = counts();
        Waiting.until("a write acknowledged in every side group", timeout, () -> {
            long[] now = counts();
            for (int i = 0; i < GROUPS; i++) {
                if (now[i] == before[i]) {
                    return false;
                }
            }
            return true;
        });
    }

    private synchronized long[] counts() {
        return writes.clone();
    }

    /** Ends all clients after their last reply. */
    void stop() throws InterruptedException {
        stopping = true;
        for (Thread thread : threads) {
            thread.join(END.toMillis());
            assertThat(thread.isAlive()).as(thread.getName()).isFalse();
        }
        threads.clear();
        if (died != null) {
            throw new AssertionError("a client of side groups died", died);
        }
    }

    @Override
    public void close() {
        stopping = true;
        threads.forEach(Thread::interrupt);
    }

    /** Whether all replicas of all side groups say that all are in sync. */
    boolean everybodyIsInSync() throws IOException {
        String all = "true " + cluster.nodes().size() + " ";
        for (KvNode node : cluster.nodes()) {
            if (!states(node).stream().allMatch(state -> state.startsWith(all))) {
                return false;
            }
        }
        return true;
    }

    /** Whether this node's replicas of all side groups are in sync. */
    static boolean isInSync(KvNode node) throws IOException {
        return states(node).stream().allMatch(state -> state.startsWith("true "));
    }

    /** Everything that was ever acknowledged is there once, on every replica. The clients have been stopped. */
    void check() {
        List<String> states = Audit.sameEverywhere(cluster, SideLoad::states);
        for (int i = 0; i < GROUPS; i++) {
            check(i, states.get(i).split(" ", 3)[2], acknowledged.get(i));
        }
    }

    /** The part without a cluster. */
    static void check(int group, String state, Map<String, Long> acknowledged) {
        assertThat(SideState.faults(state))
                .as("numbers applied twice, or without the one before, in side group %d", group)
                .isZero();
        Map<String, Long> last = SideState.last(state);
        acknowledged.forEach((writer, number) -> assertThat(last.getOrDefault(writer, 0L))
                .as("last number of %s in side group %d, of which %d was acknowledged", writer, group, number)
                .isBetween(number, number + 1));
        last.forEach((writer, number) -> assertThat(acknowledged.getOrDefault(writer, 0L))
                .as("acknowledged of %s in side group %d, which has %d", writer, group, number)
                .isGreaterThanOrEqualTo(number - 1));
    }

    private static List<String> states(KvNode node) throws IOException {
        try (Connection connection = new Connection(node)) {
            connection.send("state\n");
            List<String> states = new ArrayList<>();
            for (int i = 0; i < GROUPS; i++) {
                states.add(connection.line());
            }
            return states;
        }
    }

    private synchronized String newWriter(KvNode node) {
        return node.id() + ++writers;
    }

    private synchronized void ended(int group, String writer, long number, String outcome) {
        switch (outcome) {
            case "ok" -> {
                acknowledged.get(group).put(writer, number);
                writes[group]++;
            }
            case "refused" -> refused++;
            default -> unknown++;
        }
    }

    @Override
    public synchronized String toString() {
        long all = 0;
        for (long count : writes) {
            all += count;
        }
        return all + " writes acknowledged, " + refused + " refused, " + unknown + " of unknown outcome";
    }

    private static final class Connection implements AutoCloseable {
        private final Socket socket = new Socket();
        private final BufferedReader in;
        private final OutputStream out;

        Connection(KvNode node) throws IOException {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(PATIENCE_MILLIS);
            try {
                socket.connect(node.side(), PATIENCE_MILLIS);
                in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
                out = socket.getOutputStream();
            } catch (IOException e) {
                socket.close();
                throw e;
            }
        }

        void send(String lines) throws IOException {
            out.write(lines.getBytes(StandardCharsets.US_ASCII));
        }

        String line() throws IOException {
            String line = in.readLine();
            if (line == null) {
                throw new IOException("closed by the node");
            }
            return line;
        }

        boolean hasMore() throws IOException {
            return in.ready();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private final class Client implements Runnable {
        private final KvNode node;
        private final String[] names = new String[GROUPS];
        private final long[] numbers = new long[GROUPS];
        private final Map<Integer, String> underWay = new HashMap<>();

        Client(KvNode node) {
            this.node = node;
            for (int i = 0; i < GROUPS; i++) {
                begin(i);
            }
        }

        /** Another writer goes on. */
        private void begin(int group) {
            names[group] = newWriter(node);
            numbers[group] = 1;
        }

        @Override
        public void run() {
            while (!stopping) {
                try (Connection connection = new Connection(node)) {
                    while (!stopping || !underWay.isEmpty()) {
                        step(connection);
                    }
                } catch (IOException e) {
                    underWay.keySet().forEach(this::lost);
                    underWay.clear();
                    LockSupport.parkNanos(REST_AFTER_ERROR_NANOS);
                }
            }
        }

        private void step(Connection connection) throws IOException {
            StringBuilder lines = new StringBuilder();
            for (int i = 0; i < GROUPS && !stopping; i++) {
                if (!underWay.containsKey(i)) {
                    String write = i + " " + names[i] + " " + numbers[i];
                    underWay.put(i, write);
                    lines.append("write ").append(write).append('\n');
                }
            }
            connection.send(lines.toString());
            while (!underWay.isEmpty()) {
                answered(connection.line());
                if (!connection.hasMore()) {
                    break;
                }
            }
            LockSupport.parkNanos(REST_NANOS);
        }

        private void answered(String line) {
            String[] words = line.split(" ");
            int group = Integer.parseInt(words[0]);
            assertThat(line).startsWith(underWay.remove(group) + " ");
            ended(group, names[group], numbers[group], words[3]);
            switch (words[3]) {
                case "ok" -> numbers[group]++;
                case "unknown" -> begin(group);
                default -> {} // it is sent again
            }
        }

        private void lost(int group) {
            ended(group, names[group], numbers[group], "unknown");
            begin(group);
        }
    }
}
