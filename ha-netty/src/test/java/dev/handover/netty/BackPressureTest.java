package dev.handover.netty;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.NodeId;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.Message;
import dev.handover.replication.protocol.Message.Ack;
import dev.handover.replication.protocol.Message.Append;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongFunction;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A peer that does not read. */
@Timeout(60)
class BackPressureTest {
    private static final NodeId S = NodeId.of("s");
    private static final long LIMIT = 4 << 20;
    /** What the kernel may take on both sides of a connection over the loopback interface (net.ipv4.tcp_wmem, tcp_rmem). */
    private static final long KERNEL = 64 << 20;
    /** Encoded ahead of the socket, in buffers that the pool may have rounded up. */
    private static final long ENCODED = 8 << 20;

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldRefuseToSendWhenTooMuchWaitsAndGoOnWhenThePeerReads(boolean epoll) throws Exception {
        try (Node a = Node.start("a", epoll, 0, s -> s.maxFrameBytes(1 << 20)
                        .maxQueuedBytes(LIMIT)
                        .silenceTimeout(Duration.ofSeconds(50)));
                Stranger s = new Stranger(a.address())) {
            join(s, a);
            long memoryBefore = directMemory();
            byte[] payload = new byte[32 << 10];
            long refusedAt = sendUntilRefusedForGood(a, n -> entry(n, payload), (LIMIT + KERNEL) / payload.length);
            assertThat(refusedAt * payload.length).isGreaterThan(LIMIT / 2);
            assertThat(directMemory() - memoryBefore).isLessThan(ENCODED);
            assertThat(a.count("disconnected")).isZero();

            assertThat(s.read().type()).isEqualTo(Wire.GROUP);
            for (long i = 0; i < refusedAt; i++) {
                Stranger.Frame frame = s.read();
                assertThat(frame.type()).isEqualTo(Wire.APPEND);
                WireReader in = new WireReader(Unpooled.wrappedBuffer(frame.body()));
                in.u16("group");
                assertThat(in.i64("epoch")).isEqualTo(i); // all that was accepted, in order
            }
            a.until("room again", node -> node.send(S, new Ack(7, 7, 7)));
            Stranger.Frame last = s.read();
            assertThat(last.type()).isEqualTo(Wire.ACK);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldCountSmallMessagesWithWhatTheyTakeInMemory(boolean epoll) throws Exception {
        try (Node a = Node.start("a", epoll, 0, s -> s.maxFrameBytes(4096)
                        .maxQueuedBytes(64 << 10)
                        .silenceTimeout(Duration.ofSeconds(50)));
                Stranger s = new Stranger(a.address())) {
            join(s, a);
            long accepted = sendUntilRefusedForGood(a, n -> new Ack(n, 1, 1), KERNEL / 31);
            assertThat(accepted).isPositive();
        }
    }

    /** The kernel's buffers fill up first, so refusals count only when nothing is taken for a while. */
    private static long sendUntilRefusedForGood(Node a, LongFunction<Message> message, long bound) {
        long accepted = 0;
        int refusedInARow = 0;
        while (refusedInARow < 1000) {
            if (a.send(S, message.apply(accepted))) {
                accepted++;
                refusedInARow = 0;
                assertThat(accepted).isLessThan(bound);
            } else {
                refusedInARow++;
                LockSupport.parkNanos(100_000);
            }
        }
        return accepted;
    }

    private static void join(Stranger s, Node a) throws Exception {
        s.hello("s", "a", "test", UUID.randomUUID(), Wire.MAGIC, 1, 1);
        assertThat(s.read().type()).isEqualTo(Wire.HELLO);
        s.frame(Wire.READY);
        assertThat(s.read().type()).isEqualTo(Wire.READY);
        a.await("connected", S);
    }

    private static Append entry(long epoch, byte[] payload) {
        return new Append(epoch, 1, 1, List.of(new LogEntry(2, 1, 3, LogEntry.Kind.COMMAND, 4, 5, 6, payload)), 1, 0);
    }

    private static long directMemory() {
        return ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT)
                .metric()
                .usedDirectMemory();
    }
}
