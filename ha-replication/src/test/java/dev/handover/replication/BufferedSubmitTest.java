package dev.handover.replication;

import static dev.handover.replication.TestCluster.bytes;
import static dev.handover.replication.TestCluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.OverloadedException;
import dev.handover.ReplicaClosedException;
import dev.handover.replication.TestCluster.Running;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the callback of a command that was given as a buffer is promised. */
@Timeout(60)
class BufferedSubmitTest {
    private final TestCluster cluster = new TestCluster();

    @AfterEach
    void close() {
        cluster.close();
    }

    private static CompletableFuture<byte[]> submit(ReplicatedLog log, ByteBuffer command) {
        CompletableFuture<byte[]> future = new CompletableFuture<>();
        log.submit(command, (result, failure) -> {
            if (failure == null ? !future.complete(result) : !future.completeExceptionally(failure)) {
                throw new AssertionError("told twice");
            }
        });
        return future;
    }

    @Test
    void shouldCopyTheCommandAtOnceAndAnswer() throws Exception {
        List<byte[]> kept = new CopyOnWriteArrayList<>();
        cluster.machines = () -> new TestCluster.Journal() {
            @Override
            public byte[] apply(Command command) {
                kept.add(command.payload()); // which may be kept
                return super.apply(command);
            }
        };
        List<Running> nodes = cluster.startInSync("a", "b");
        ByteBuffer buffer = ByteBuffer.wrap(bytes("--one--"));
        buffer.position(2).limit(5);
        for (Running on : nodes) {
            buffer.put(2, bytes("one"));
            CompletableFuture<byte[]> answer = submit(on.log(), buffer);
            buffer.put(2, bytes("xxx"));
            answer.get(20, TimeUnit.SECONDS);
            assertThat(buffer.position()).isEqualTo(2);
            assertThat(buffer.limit()).isEqualTo(5);
        }
        submit(nodes.get(0).log(), ByteBuffer.wrap(new byte[100_000])).get(20, TimeUnit.SECONDS); // in no block
        assertThat(nodes.get(0).journal().commands.subList(0, 2)).containsExactly("one", "one");
        assertThat(nodes.get(0).journal().commands.get(2)).hasSize(100_000);
        assertThat(text(kept.get(0))).isEqualTo("one");
    }

    @Test
    void shouldTellOfEveryRefusal() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        cluster.settings = builder -> builder.maxPendingCommands(1).maxCommandBytes(1000);
        cluster.machines = () -> new TestCluster.Journal() {
            @Override
            public byte[] apply(Command command) {
                try {
                    if (!go.await(20, TimeUnit.SECONDS)) {
                        throw new IllegalStateException("the test has not let it go on");
                    }
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                return super.apply(command);
            }
        };
        ReplicatedLog log = cluster.startInSync("a").get(0).log();
        CompletableFuture<byte[]> first = submit(log, ByteBuffer.wrap(bytes("first")));
        assertThat(submit(log, ByteBuffer.wrap(bytes("second"))))
                .failsWithin(20, TimeUnit.SECONDS)
                .withThrowableThat()
                .withCauseInstanceOf(OverloadedException.class);
        go.countDown();
        first.get(20, TimeUnit.SECONDS);
        assertThatThrownBy(() -> log.submit(ByteBuffer.allocate(1001), (result, failure) -> {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1001");
        log.close();
        assertThat(submit(log, ByteBuffer.wrap(bytes("late"))))
                .failsWithin(20, TimeUnit.SECONDS)
                .withThrowableThat()
                .withCauseInstanceOf(ReplicaClosedException.class);
    }

    /** However many may be under way, that many can go on for ever, each with the next one as soon as it is told. */
    @Test
    void shouldHaveRoomForTheNextOneWhenTheCallerIsTold() throws Exception {
        cluster.settings = builder -> builder.maxPendingCommands(2);
        List<Running> nodes = cluster.startInSync("a", "b");
        for (Running node : nodes) { // the leader, and one that forwards
            AtomicInteger left = new AtomicInteger(2000);
            CompletableFuture<Void> all = CompletableFuture.allOf(inARow(node, left), inARow(node, left));
            all.get(20, TimeUnit.SECONDS);
        }
    }

    private static CompletableFuture<Void> inARow(Running node, AtomicInteger left) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        next(node, left, done);
        return done;
    }

    private static void next(Running node, AtomicInteger left, CompletableFuture<Void> done) {
        node.log().submit(ByteBuffer.wrap(bytes("next")), (result, failure) -> {
            if (failure != null) {
                done.completeExceptionally(failure);
            } else if (left.decrementAndGet() <= 0) {
                done.complete(null);
            } else {
                next(node, left, done);
            }
        });
    }

    @Test
    void shouldGoOnWhenACallbackThrows() throws Exception {
        ReplicatedLog log = cluster.startInSync("a").get(0).log();
        log.submit(ByteBuffer.wrap(bytes("one")), (result, failure) -> {
            throw new IllegalStateException("of the test");
        });
        assertThat(text(submit(log, ByteBuffer.wrap(bytes("two"))).get(20, TimeUnit.SECONDS)))
                .isEqualTo("2");
    }
}
