package dev.handover.netty;

import dev.handover.GroupId;
import dev.handover.replication.protocol.Message;
import dev.handover.replication.transport.Envelope;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What waits to be written on one connection. Any thread puts in; the event loop encodes and writes. What was put in during one turn of the loop goes
 * out with one flush. Only about a mebibyte is encoded ahead of the socket; the rest waits as objects, whose payloads the sender holds anyway. Both
 * count towards the bound until the kernel has taken them.
 */
final class Outbox {
    /** Counted for each message beside its bytes, so that many small ones do not escape the bound. */
    private static final int OVERHEAD = 64;

    private static final int BATCH_BYTES = 64 << 10;
    private static final int FLUSHES_PER_TURN = 16;

    private record Numbered(int number, UUID logId) {}

    /** A message with its size, which takes a look at every entry to know. */
    private record Waiting(Envelope envelope, long messageBytes, @Nullable Runnable copied) {}

    private final Channel channel;
    private final long maxBytes;
    private final Consumer<RuntimeException> onFailure;
    private final Queue<Waiting> queue = new ConcurrentLinkedQueue<>();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicBoolean scheduled = new AtomicBoolean();

    // Of the event loop.
    private final Map<GroupId, Numbered> groups = new HashMap<>();
    private int groupsNumbered;
    private long encodedBytes;
    private boolean draining;
    private boolean closed;
    private boolean wrote;
    private @Nullable Runnable whenEmpty;

    /** The failure is told on the event loop: a message could not be encoded, and the connection must go. */
    Outbox(Channel channel, long maxBytes, Consumer<RuntimeException> onFailure) {
        this.channel = channel;
        this.maxBytes = maxBytes;
        this.onFailure = onFailure;
    }

    /** Any thread. False if too much waits already, or the loop has ended. */
    boolean offer(Envelope envelope, long messageBytes) {
        return offer(envelope, messageBytes, null);
    }

    /** As the other, and runs {@code copied} on the event loop when the message is encoded; never if that does not come to pass. */
    boolean offer(Envelope envelope, long messageBytes, @Nullable Runnable copied) {
        long cost = cost(messageBytes);
        if (bytes.addAndGet(cost) > maxBytes) {
            bytes.addAndGet(-cost);
            return false;
        }
        queue.add(new Waiting(envelope, messageBytes, copied));
        if (!scheduled.get() && scheduled.compareAndSet(false, true)) {
            try {
                channel.eventLoop().execute(this::drain);
            } catch (
                    RejectedExecutionException
                            e) { // the transport has been closed meanwhile, and so has the connection
                return false;
            }
        }
        return true;
    }

    /** Bytes that wait; for tests. */
    long waiting() {
        return bytes.get();
    }

    /** The socket takes more again. */
    void writable() {
        if (scheduled.get()) {
            drain();
        }
    }

    /** Whether something was written since the last call. */
    boolean wroteSinceLastCall() {
        boolean result = wrote || bytes.get() > 0;
        wrote = false;
        return result;
    }

    /** Calls back once when everything has been handed to the kernel. */
    void whenEmpty(Runnable callback) {
        whenEmpty = callback;
        checkEmpty();
    }

    /** Forgets what waits. */
    void close() {
        closed = true;
        queue.clear();
    }

    private static long cost(long messageBytes) {
        return Wire.MESSAGE_HEAD_BYTES + messageBytes + OVERHEAD;
    }

    private void drain() {
        if (draining) { // called by a flush below
            return;
        }
        draining = true;
        try {
            for (int i = 0; i < FLUSHES_PER_TURN; i++) {
                while (!closed && channel.isWritable() && writeBatch()) {}
                channel.flush();
                if (closed) {
                    queue.clear();
                    return;
                }
                if (queue.isEmpty()) {
                    scheduled.set(false);
                    if (queue.isEmpty() || !scheduled.compareAndSet(false, true)) {
                        return;
                    }
                } else if (!channel.isWritable()) {
                    return; // stays scheduled; writable() goes on
                }
            }
            channel.eventLoop().execute(this::drain); // the others' turn first
        } catch (RuntimeException e) {
            onFailure.accept(e);
        } catch (OutOfMemoryError e) { // of direct memory: with the connection goes what it holds
            onFailure.accept(new IllegalStateException("no memory for what waits on connection " + channel, e));
        } finally {
            draining = false;
        }
    }

    /** Encodes some of what waits into one buffer and writes that. */
    private boolean writeBatch() {
        Waiting next = queue.peek();
        if (next == null) {
            return false;
        }
        long most = Wire.MESSAGE_HEAD_BYTES + next.messageBytes;
        // What the kernel has yet to take has its buffers already: a small message behind it gets a small one.
        int capacity = (int) Math.max(most, Math.min(bytes.get() - encodedBytes, BATCH_BYTES));
        ByteBuf batch = channel.alloc().directBuffer(capacity);
        long cost = 0;
        try {
            do {
                long messageBytes = next.messageBytes;
                if (batch.isReadable() && batch.readableBytes() + Wire.MESSAGE_HEAD_BYTES + messageBytes > capacity) {
                    break;
                }
                queue.remove();
                cost += cost(messageBytes);
                encode(next.envelope, messageBytes, batch);
                Runnable copied = next.copied;
                if (copied != null) {
                    copied.run();
                }
                next = queue.peek();
            } while (next != null);
        } catch (RuntimeException e) {
            batch.release();
            throw e;
        }
        long written = cost;
        encodedBytes += written;
        wrote = true;
        ChannelFuture done = channel.write(batch);
        done.addListener(ignored -> {
            encodedBytes -= written;
            bytes.addAndGet(-written);
            checkEmpty();
        });
        return true;
    }

    private void encode(Envelope envelope, long messageBytes, ByteBuf out) {
        int group = groupNumber(envelope, out);
        Message message = envelope.message();
        out.writeInt((int) (Wire.MESSAGE_HEAD_BYTES - Wire.LENGTH_BYTES + messageBytes));
        out.writeByte(MessageCodec.type(message));
        out.writeShort(group);
        int start = out.writerIndex();
        MessageCodec.encode(message, out);
        if (out.writerIndex() - start != messageBytes) {
            throw new IllegalStateException(message.getClass().getSimpleName() + " took " + (out.writerIndex() - start)
                    + " bytes, " + messageBytes + " were foreseen");
        }
    }

    private int groupNumber(Envelope envelope, ByteBuf out) {
        Numbered known = groups.get(envelope.group());
        if (known != null && known.logId().equals(envelope.from().logId())) {
            return known.number();
        }
        if (groupsNumbered == Wire.MAX_GROUPS) {
            throw new IllegalStateException("more than " + Wire.MAX_GROUPS + " groups on one connection");
        }
        int length = out.writerIndex();
        out.writeInt(0);
        out.writeByte(Wire.GROUP);
        Greeting.encodeText(envelope.group().value(), Wire.MAX_NAME_BYTES, out);
        Greeting.encodeUuid(envelope.from().logId(), out);
        out.setInt(length, out.writerIndex() - length - Wire.LENGTH_BYTES);
        Numbered numbered = new Numbered(groupsNumbered++, envelope.from().logId());
        groups.put(envelope.group(), numbered);
        return numbered.number();
    }

    private void checkEmpty() {
        Runnable callback = whenEmpty;
        if (callback != null && bytes.get() == 0) {
            whenEmpty = null;
            callback.run();
        }
    }
}
