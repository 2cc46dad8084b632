package dev.handover.netty;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.replication.protocol.Message;
import dev.handover.replication.protocol.Message.Ack;
import dev.handover.replication.protocol.Message.SnapshotChunk;
import dev.handover.replication.transport.Envelope;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What waits on a connection takes no more memory than it is counted with. */
class OutboxTest {
    private static final ReplicaId A = new ReplicaId(NodeId.of("a"), new UUID(1, 1));

    /** A kernel that takes nothing. */
    private static final class Stalled extends ChannelOutboundHandlerAdapter {
        private final List<ByteBuf> buffers = new ArrayList<>();
        private final List<ChannelPromise> promises = new ArrayList<>();

        @Override
        public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
            buffers.add((ByteBuf) message);
            promises.add(promise);
        }

        private long memory() {
            return buffers.stream().mapToLong(ByteBuf::capacity).sum();
        }

        private void takeAll() {
            buffers.forEach(ByteBuf::release);
            buffers.clear();
            List<ChannelPromise> taken = List.copyOf(promises);
            promises.clear();
            taken.forEach(ChannelPromise::setSuccess);
        }
    }

    private final Stalled kernel = new Stalled();
    private final EmbeddedChannel channel = new EmbeddedChannel(kernel);
    private final List<RuntimeException> failures = new ArrayList<>();
    private final Outbox outbox = new Outbox(channel, 64 << 20, failures::add);

    @AfterEach
    void close() {
        kernel.takeAll();
        channel.close();
        assertThat(failures).isEmpty();
    }

    private void send(Message message) {
        assertThat(outbox.offer(new Envelope(GroupId.of("g"), A, message), MessageCodec.size(message)))
                .isTrue();
        channel.runPendingTasks();
    }

    @Test
    void shouldGiveSmallMessagesSmallBuffersWhileThePeerTakesNothing() {
        send(new SnapshotChunk(new UUID(2, 2), 0, new byte[256 << 10]));
        long before = kernel.memory();
        for (int i = 0; i < 1000; i++) {
            send(new Ack(7, i, i));
        }
        assertThat(kernel.buffers).hasSize(1001);
        assertThat(kernel.memory() - before)
                .as("memory of 1000 small messages, each sent by itself behind 256 KiB that nobody takes")
                .isLessThan(1 << 20);
        assertThat(outbox.waiting()).isPositive();

        kernel.takeAll();
        channel.runPendingTasks();
        assertThat(outbox.waiting()).isZero();
    }

    @Test
    void shouldWriteTogetherWhatWaitsTogether() {
        for (int i = 0; i < 1000; i++) {
            Ack ack = new Ack(7, i, i);
            outbox.offer(new Envelope(GroupId.of("g"), A, ack), MessageCodec.size(ack));
        }
        channel.runPendingTasks();
        assertThat(kernel.buffers).as("buffers of 1000 small messages").hasSizeLessThan(3);
    }

    @Test
    void shouldSayThatItHasCopiedWhenItHas() {
        AtomicInteger copied = new AtomicInteger();
        Message first = new SnapshotChunk(new UUID(2, 2), 0, new byte[1 << 20]);
        Envelope envelope = new Envelope(GroupId.of("g"), A, first);
        for (int i = 0; i < 3; i++) {
            outbox.offer(envelope, MessageCodec.size(first), copied::incrementAndGet);
        }
        assertThat(copied).as("before the loop has had its turn").hasValue(0);
        channel.runPendingTasks();
        assertThat(copied).as("encoded, though the kernel takes nothing").hasValue(3);
        outbox.offer(envelope, MessageCodec.size(first), copied::incrementAndGet);
        outbox.close();
        channel.runPendingTasks();
        assertThat(copied).as("what is thrown away is never copied").hasValue(3);
    }
}
