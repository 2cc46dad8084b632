package dev.handover.replication;

import static dev.handover.replication.TestCluster.GROUP;
import static dev.handover.replication.TestCluster.bytes;
import static dev.handover.replication.TestCluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.NodeId;
import dev.handover.StaleReadException;
import dev.handover.replication.TestCluster.Running;
import dev.handover.replication.history.Linearizability;
import dev.handover.replication.history.Operation;
import dev.handover.replication.history.SequentialModel;
import dev.handover.replication.history.Verdict;
import dev.handover.replication.protocol.Message;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Every kind of read on whole nodes (R16). */
@Timeout(120)
class ReadsTest {
    private final TestCluster cluster = new TestCluster();
    private final Map<NodeId, AtomicInteger> readIndexRequests = new ConcurrentHashMap<>();
    private final AtomicInteger forwards = new AtomicInteger();
    private final AtomicLong appends = new AtomicLong();

    ReadsTest() {
        cluster.network.watch((from, to, envelope) -> {
            if (envelope.message() instanceof Message.ReadIndexRequest) {
                readIndexRequests
                        .computeIfAbsent(from, node -> new AtomicInteger())
                        .incrementAndGet();
            } else if (envelope.message() instanceof Message.Forward) {
                forwards.incrementAndGet();
            } else if (envelope.message() instanceof Message.Append) {
                appends.incrementAndGet();
            }
        });
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(20, TimeUnit.SECONDS);
    }

    private int requestsOf(Running node) {
        return readIndexRequests
                .getOrDefault(node.node().id(), new AtomicInteger())
                .get();
    }

    private static void cutOff(TestCluster cluster, String node) {
        for (String other : List.of("a", "b", "c")) {
            if (!other.equals(node)) {
                cluster.network.cut(NodeId.of(node), NodeId.of(other));
            }
        }
    }

    // ---- linearizable reads of followers

    @Test
    void shouldAnswerALinearizableReadOfAFollowerFromItsOwnState() throws Exception {
        List<Running> nodes = cluster.startInSync("a", "b", "c");
        Running follower = nodes.get(2);
        for (int i = 0; i < 50; i++) {
            get(nodes.get(0).log().submit(bytes("x" + i)));
            int before = requestsOf(follower);
            String readerThread = get(follower.log().read(Consistency.LINEARIZABLE, () -> {
                assertThat(follower.journal().commands)
                        .as("what was acknowledged before")
                        .hasSizeGreaterThan(0);
                return follower.journal()
                        .commands
                        .get(follower.journal().commands.size() - 1);
            }));
            assertThat(readerThread).isEqualTo("x" + i);
            assertThat(requestsOf(follower)).as("confirmed with the leader").isGreaterThan(before);
        }
        assertThat(forwards).as("no query was sent to the leader").hasValue(0);
    }

    private record Write(long value) {}

    private record Asked(@Nullable Write write) {}

    private static final SequentialModel<Long, Asked, Long> REGISTER = new SequentialModel<>() {
        @Override
        public Long initial() {
            return 0L;
        }

        @Override
        public Long next(Long state, Asked input) {
            return input.write() == null ? state : Long.valueOf(input.write().value());
        }

        @Override
        public boolean accepts(Long state, Asked input, @Nullable Long output) {
            return input.write() != null || state.equals(output);
        }

        @Override
        public boolean isReadOnly(Asked input) {
            return input.write() == null;
        }
    };

    /** Clients write through one node and read on all while leaders are replaced; then one order must explain it all. */
    private void checkHistory() throws Exception {
        cluster.machines = Register::new;
        List<Running> nodes = cluster.startInSync("a", "b", "c");
        ConcurrentLinkedQueue<Operation<Asked, Long>> history = new ConcurrentLinkedQueue<>();
        AtomicLong values = new AtomicLong();
        List<Thread> clients = new ArrayList<>();
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(4);
        ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
        for (int c = 0; c < 6; c++) {
            Running node = nodes.get(c % 3);
            boolean writes = c < 2;
            String name = "client" + c;
            Thread client = new Thread(
                    () -> {
                        try {
                            while (System.nanoTime() < until) {
                                history.add(one(name, node, writes ? new Write(values.incrementAndGet()) : null));
                            }
                        } catch (Throwable e) {
                            failures.add(e);
                        }
                    },
                    name);
            clients.add(client);
            client.start();
        }
        for (int i = 0; System.nanoTime() < until; i++) {
            NodeId leader =
                    nodes.get(0).log().awaitLeader(Duration.ofSeconds(10)).get().leader();
            Running leading = cluster.running.get(String.valueOf(leader == null ? "a" : leader.value()));
            leading.log().handOver().handle((result, refusal) -> true).get(10, TimeUnit.SECONDS);
        }
        for (Thread client : clients) {
            client.join();
        }
        assertThat(failures).isEmpty();
        assertThat(history.size()).isGreaterThan(100);
        assertThat(Linearizability.check(REGISTER, asked -> "x", List.copyOf(history)))
                .isInstanceOf(Verdict.Linearizable.class);
    }

    private static Operation<Asked, Long> one(String name, Running node, @Nullable Write write) throws Exception {
        long invoked = System.nanoTime();
        Asked asked = new Asked(write);
        if (write == null) {
            byte[] answer = get(node.log().query(new byte[0]));
            return Operation.answered(name, asked, ByteBuffer.wrap(answer).getLong(), invoked, System.nanoTime());
        }
        get(node.log().submit(ByteBuffer.allocate(8).putLong(write.value()).array()));
        return Operation.answered(name, asked, write.value(), invoked, System.nanoTime());
    }

    private static final class Register extends TestCluster.Journal {
        private long value;

        @Override
        public byte[] apply(Command command) {
            value = ByteBuffer.wrap(command.payload()).getLong();
            return new byte[0];
        }

        @Override
        public byte[] query(byte[] query) {
            return ByteBuffer.allocate(8).putLong(value).array();
        }
    }

    @Test
    void shouldGiveLinearizableHistoriesOfReadsOnAllNodesOverTransfers() throws Exception {
        checkHistory();
    }

    // ---- leases

    @Test
    void shouldGiveLinearizableHistoriesWithLeases() throws Exception {
        cluster.settings = builder -> builder.readLeases(Duration.ofMillis(500));
        checkHistory();
    }

    @Test
    void shouldReadByLeaseWithoutARound() throws Exception {
        cluster.settings = builder -> builder.failureTimeout(Duration.ofSeconds(10))
                .heartbeat(Duration.ofSeconds(1))
                .readLeases(Duration.ofSeconds(60));
        Running leader = cluster.startInSync("a", "b", "c").get(0);
        get(leader.log().submit(bytes("x")));
        TestCluster.await("a lease", () -> {
            long before = appends.get();
            for (int i = 0; i < 20; i++) {
                assertThat(text(leader.log().query(bytes("x")).join())).isEqualTo("true");
            }
            return appends.get() - before < 20; // rounds send two each; heartbeats are few
        });
        assertThat(cluster.store.configuration(GROUP).orElseThrow().leaseNanos())
                .isEqualTo(Duration.ofSeconds(60).toNanos());
    }

    @Test
    void shouldNotServeByTheOldLeadersLeaseWhenAnotherHasCommitted() throws Exception {
        cluster.settings = builder -> builder.failureTimeout(Duration.ofMillis(300))
                .commandTimeout(Duration.ofSeconds(4))
                .readLeases(Duration.ofMillis(600));
        List<Running> nodes = cluster.startInSync("a", "b", "c");
        Running a = nodes.get(0);
        Running b = nodes.get(1);
        get(a.log().submit(bytes("before")));
        cutOff(cluster, "a");
        CompletableFuture<byte[]> written = CompletableFuture.completedFuture(new byte[0]);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(15);
        while (true) {
            written = b.log().submit(bytes("after"));
            try {
                get(written);
                break;
            } catch (ExecutionException e) {
                assertThat(System.nanoTime()).as("still %s", e).isLessThan(deadline);
            }
        }
        CompletableFuture<byte[]> read = a.log().query(bytes("after"));
        cluster.network.heal();
        assertThat(text(get(read))).as("not what the old leader knew").isEqualTo("true");
    }

    // ---- bounded staleness

    @Test
    void shouldReadLocallyWithOneProofForManyReadsAndRefuseWithoutOne() throws Exception {
        cluster.settings = builder -> builder.commandTimeout(Duration.ofSeconds(3));
        List<Running> nodes = cluster.startInSync("a", "b", "c");
        Running follower = nodes.get(2);
        get(nodes.get(0).log().submit(bytes("x")));
        Duration minute = Duration.ofMinutes(1);
        assertThat(text(get(follower.log().query(bytes("x"), Duration.ofMillis(1500)))))
                .as("at the latest what was answered 1.5 s ago, so perhaps not x")
                .isIn("true", "false");
        assertThat(get(follower.log().query(bytes("x"), Consistency.LINEARIZABLE)))
                .isEqualTo(bytes("true"));
        int before = requestsOf(follower);
        for (int i = 0; i < 500; i++) {
            assertThat(text(get(follower.log().query(bytes("x"), minute)))).isEqualTo("true");
        }
        assertThat(requestsOf(follower) - before).as("proofs of 500 reads").isLessThan(3);

        cutOff(cluster, "c");
        assertThat(text(get(follower.log().query(bytes("x"), minute))))
                .as("young enough without a leader")
                .isEqualTo("true");
        long cut = System.nanoTime();
        TestCluster.await("the proof is older than 200 ms", () -> System.nanoTime() - cut > 250_000_000L);
        assertThatThrownBy(() -> get(follower.log().query(bytes("x"), Duration.ofMillis(200))))
                .hasCauseInstanceOf(StaleReadException.class)
                .hasMessageContaining("at most PT0.2S old")
                .hasMessageContaining("its newest proof is");
        cluster.network.heal();
        TestCluster.await("a new proof", () -> {
            try {
                return text(get(follower.log().query(bytes("x"), Duration.ofSeconds(2))))
                        .equals("true");
            } catch (Exception e) {
                assertThat(e).hasCauseInstanceOf(StaleReadException.class);
                return false;
            }
        });
    }

    @Test
    void shouldMissNothingThatWasAnsweredBeforeTheBound() throws Exception {
        List<Running> nodes = cluster.startInSync("a", "b", "c");
        Running follower = nodes.get(1);
        Duration bound = Duration.ofMillis(100);
        ConcurrentLinkedQueue<long[]> answered = new ConcurrentLinkedQueue<>();
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(3);
        Thread writer = new Thread(() -> {
            for (long i = 1; System.nanoTime() < until; i++) {
                nodes.get(0).log().submit(bytes("c" + i)).join();
                answered.add(new long[] {System.nanoTime(), i});
            }
        });
        writer.start();
        int reads = 0;
        while (System.nanoTime() < until) {
            long mustHold = 0;
            long before = System.nanoTime() - bound.toNanos();
            while (!answered.isEmpty() && answered.peek()[0] < before) {
                mustHold = answered.remove()[1];
            }
            try {
                long holds = Long.parseLong(text(get(follower.log().query(bytes(""), bound))));
                assertThat(holds).isGreaterThanOrEqualTo(mustHold);
                reads++;
            } catch (ExecutionException e) {
                assertThat(e).hasCauseInstanceOf(StaleReadException.class); // a slow machine may be too slow for it
            }
        }
        writer.join();
        assertThat(reads).isPositive();
    }

    @Test
    void shouldRefuseBoundsThatMakeNoSense() throws Exception {
        Running a = cluster.startInSync("a").get(0);
        assertThatThrownBy(() -> a.log().query(bytes("x"), Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("maxStaleness PT0S is not above zero");
        assertThatThrownBy(() -> a.log().query(bytes("x"), Duration.ofDays(31)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    // ---- sessions

    @Test
    void shouldReadItsOwnWritesOnEveryNode() throws Exception {
        List<Running> nodes = cluster.startInSync("a", "b", "c");
        for (Running home : nodes) {
            Session session = get(home.log().openSession());
            assertThat(session.position()).isEqualTo(LogPosition.START);
            int requestsBefore = requestsOf(home);
            for (int i = 0; i < 100; i++) {
                String command = home.node().id() + "-" + i;
                get(session.submit(bytes(command)));
                assertThat(text(get(session.query(bytes(command))))).isEqualTo("true");
                LogPosition carried = LogPosition.parse(session.position().toString());
                Running other = nodes.get((i + nodes.indexOf(home)) % 3);
                assertThat(text(get(other.log().query(bytes(command), carried))))
                        .as("%s on %s", command, other.node().id())
                        .isEqualTo("true");
            }
            if (!home.log().status().role().leads()) { // who would hear of its own commit later asks
                assertThat(requestsOf(home)).isGreaterThan(requestsBefore);
            }
            session.close();
            assertThatThrownBy(() -> get(session.query(bytes("x")))).hasMessageContaining("the session was closed");
        }
    }

    @Test
    void shouldRefuseWhatACutOffNodeCannotHaveSeen() throws Exception {
        cluster.settings = builder -> builder.commandTimeout(Duration.ofMillis(700));
        List<Running> nodes = cluster.startInSync("a", "b", "c");
        Session session = get(nodes.get(0).log().openSession());
        get(session.submit(bytes("x")));
        LogPosition seen = session.position();
        assertThat(text(get(nodes.get(2).log().query(bytes("x"), seen)))).isEqualTo("true");
        LogPosition later = new LogPosition(seen.lineage(), seen.index() + 1000);
        assertThatThrownBy(() -> get(nodes.get(2).log().query(bytes("x"), later)))
                .hasCauseInstanceOf(StaleReadException.class)
                .hasMessageContaining("has applied the log up to");
        LogPosition elsewhere = new LogPosition(new UUID(1, 2), 1);
        assertThatThrownBy(() -> get(nodes.get(2).log().query(bytes("x"), elsewhere)))
                .hasCauseInstanceOf(StaleReadException.class)
                .hasMessageContaining("is of another history");
        assertThatThrownBy(() -> LogPosition.parse("7"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'7' is no position");
    }
}
