package dev.handover.netty;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.replication.transport.Envelope;
import dev.handover.replication.transport.Hello;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** One connection, from its first byte to its last: the handshake as drawn in {@link Wire}, then messages. Lives on the event loop. */
final class Connection extends ChannelInboundHandlerAdapter implements FrameDecoder.Sink {
    private static final int TICKS_PER_SILENCE = 4;
    private static final int MAX_UTF8_BYTES = 3;
    private static final long PART_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private enum Phase {
        /** Waits for the other's HELLO. */
        GREETING,
        /** Both have said HELLO; waits for READY. */
        DECISION,
        /** All is said, but the pair has another connection; it stays until it is clear which of the two lives. */
        HELD,
        /** The pair's one connection. */
        STANDING,
        /** Over; whatever still comes is thrown away. */
        CLOSED
    }

    private final Hub hub;
    private final Channel channel;
    private final @Nullable Peer dialled;
    private final FrameDecoder decoder;
    private final Outbox outbox;
    private final List<GroupOfPeer> groups = new ArrayList<>();
    private Phase phase = Phase.GREETING;
    /** Messages were handed on since the last read was complete. */
    private boolean toldMessages;

    /** Something ended since the last read was complete. */
    private boolean sawFrame;
    /** The end of a message has not come, though bytes have; since when, and when to say so next. */
    private boolean partial;

    private long partialSinceNanos;
    private long nextPartNanos;

    private @Nullable Hello hello;
    private @Nullable ScheduledFuture<?> timer;
    private boolean heard;
    private long lastHeardNanos;
    private long lastTickNanos;

    private record GroupOfPeer(GroupId group, ReplicaId from) {}

    /** A new connection, not yet active; dialled is null for one that was accepted. */
    Connection(Hub hub, Channel channel, @Nullable Peer dialled) {
        this.hub = hub;
        this.channel = channel;
        this.dialled = dialled;
        decoder = new FrameDecoder(
                this, Math.min(Wire.MAX_GREETING_BYTES, hub.options().maxFrameBytes()));
        outbox = new Outbox(channel, hub.options().maxQueuedBytes(), this::failed);
        Tls tls = hub.tls();
        if (tls != null) {
            InetSocketAddress target = dialled == null ? null : dialled.dial().target();
            channel.pipeline()
                    .addLast(tls.handler(
                            channel,
                            target == null ? null : target.getHostString(),
                            target == null ? 0 : target.getPort()));
        }
        channel.pipeline().addLast(decoder, this);
    }

    Channel channel() {
        return channel;
    }

    Outbox outbox() {
        return outbox;
    }

    @Nullable
    Peer dialled() {
        return dialled;
    }

    /** What the peer has said of itself; null before. */
    @Nullable
    Hello hello() {
        return hello;
    }

    boolean isStanding() {
        return phase == Phase.STANDING;
    }

    // ---- from Netty

    @Override
    public void channelActive(ChannelHandlerContext context) {
        if (dialled != null && channel.localAddress().equals(channel.remoteAddress())) {
            // TCP lets a dialer meet itself where nobody listens, if it happens to be given that very port.
            drop();
            dialled.dial().metItself();
            return;
        }
        if (!hub.opened(this)) {
            drop();
            return;
        }
        timer = schedule(
                () -> close(
                        "the handshake was not finished within " + hub.options().handshakeTimeout()),
                hub.options().handshakeTimeout().toNanos());
        if (dialled != null) {
            dialled.dial().active(this);
            greet(dialled.id());
        }
    }

    private void drop() {
        phase = Phase.CLOSED;
        decoder.stop();
        channel.config().setOption(ChannelOption.SO_LINGER, 0);
        channel.close();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        heard = true;
        if (toldMessages) {
            toldMessages = false;
            hub.receivedAll();
        } else if (phase == Phase.STANDING && !sawFrame) {
            partCame();
        }
        sawFrame = false;
    }

    /** Bytes came, but the end of no message: said every now and then, until the message has taken as long as silence may. */
    private void partCame() {
        long now = System.nanoTime();
        if (!partial) {
            partial = true;
            partialSinceNanos = now;
            nextPartNanos = now + PART_NANOS;
        } else if (now - nextPartNanos >= 0
                && now - partialSinceNanos < hub.options().silenceTimeout().toNanos()) {
            nextPartNanos = now + PART_NANOS;
            hub.receiving(greetedHello().node());
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (channel.isWritable()) {
            outbox.writable();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        close("closed by the other side");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
        Throwable cause =
                failure instanceof DecoderException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof WireFormatException) {
            malformed(String.valueOf(cause.getMessage()));
        } else if (cause instanceof SSLException tls && hello == null) {
            String refusal = Tls.explain(tls);
            if (refusal == null) {
                close("closed by the other side during the handshake: " + tls.getMessage());
            } else {
                untrusted(refusal);
            }
        } else if (cause instanceof IOException) {
            close("lost: " + cause.getMessage());
        } else {
            failed(cause);
        }
    }

    @Override
    public void frame(int type, ByteBuf body) throws WireFormatException {
        WireReader in = new WireReader(body);
        partial = false;
        sawFrame = true;
        switch (type) {
            case Wire.HELLO -> {
                expect(Phase.GREETING, "HELLO", in);
                greeted(Greeting.decode(in));
            }
            case Wire.READY -> {
                expect(Phase.DECISION, "READY", in);
                in.end();
                ready();
            }
            case Wire.REFUSE -> refusedWith(in.text("refuse.reason", Wire.MAX_TEXT_BYTES));
            case Wire.GROUP -> {
                expect(Phase.STANDING, "GROUP", in);
                group(in);
            }
            case Wire.PING -> in.end();
            default -> {
                expect(Phase.STANDING, "message", in);
                message(type, in);
            }
        }
    }

    // ---- handshake

    private void greet(NodeId addressee) {
        ByteBuf frame = channel.alloc().directBuffer(512);
        try {
            frame.writeInt(0);
            frame.writeByte(Wire.HELLO);
            Greeting.encode(hub.greeting(), addressee, frame);
            int length = frame.readableBytes() - Wire.LENGTH_BYTES;
            if (length > Wire.MAX_GREETING_BYTES || length > hub.options().maxFrameBytes()) {
                throw new IllegalStateException(
                        "the greeting takes " + length + " bytes: too many groups for one node");
            }
            frame.setInt(0, length);
        } catch (RuntimeException e) {
            frame.release();
            failed(e);
            return;
        }
        channel.writeAndFlush(frame);
    }

    private void greeted(Greeting greeting) {
        Hello other = greeting.hello();
        Tls tls = hub.tls();
        String refusal = tls == null ? null : tls.refusalOf(channel, greeting.speaker());
        refusal = refusal == null ? hub.refusalOf(greeting, dialled) : refusal;
        if (other == null || refusal != null) {
            String reason = refusal == null ? "not understood" : refusal;
            NodeId node = dialled == null ? greeting.speaker() : dialled.id();
            refuse(reason);
            hub.rejected(node, "refused by this node: " + reason, channel);
            return;
        }
        hello = other;
        if (dialled == null) {
            phase = Phase.DECISION;
            greet(other.node());
        } else if (hub.decidesFor(other.node())) {
            dialled.offer(this);
        } else {
            phase = Phase.DECISION;
            writeFrame(Wire.READY);
        }
    }

    private void ready() {
        Hello other = greetedHello();
        Peer peer = hub.peer(other.node());
        if (dialled == null && hub.decidesFor(other.node())) {
            peer.offer(this);
        } else {
            peer.establish(this);
        }
    }

    /** Waits for the pair's other connection to end. */
    void hold() {
        phase = Phase.HELD;
    }

    /** Tells the other side that this is the connection. */
    void choose() {
        writeFrame(Wire.READY);
    }

    /** From now on messages go both ways. */
    void stand() {
        cancelTimer();
        phase = Phase.STANDING;
        decoder.limit(hub.options().maxFrameBytes());
        lastTickNanos = System.nanoTime();
        lastHeardNanos = lastTickNanos;
        scheduleTick();
    }

    private void refusedWith(String reason) {
        NodeId node = dialled != null ? dialled.id() : hello != null ? hello.node() : null;
        if (phase == Phase.CLOSED) {
            return;
        }
        end("refused by the other side: " + reason, true);
        channel.close();
        if (node != null) {
            hub.rejected(node, "refused by " + node + ": " + reason, channel);
        }
    }

    // ---- messages

    private void group(WireReader in) throws WireFormatException {
        GroupId group = in.name("group.name", GroupId::of);
        ReplicaId from = new ReplicaId(greetedHello().node(), in.uuid("group.logId"));
        in.end();
        if (groups.size() == Wire.MAX_GROUPS) {
            throw in.error("group", "more than " + Wire.MAX_GROUPS + " on one connection");
        }
        groups.add(new GroupOfPeer(group, from));
    }

    private void message(int type, WireReader in) throws WireFormatException {
        int number = in.u16("message.group");
        if (number >= groups.size()) {
            throw in.error("message.group", number + " is unknown, there are " + groups.size());
        }
        GroupOfPeer sender = groups.get(number);
        Envelope envelope = new Envelope(sender.group(), sender.from(), MessageCodec.decode(type, in));
        toldMessages = true;
        if (!hub.received(envelope)) {
            close("a message was not taken here");
        }
    }

    private void scheduleTick() {
        timer = schedule(this::tick, hub.options().silenceTimeout().toNanos() / TICKS_PER_SILENCE);
    }

    private void tick() {
        long silence = hub.options().silenceTimeout().toNanos();
        long now = System.nanoTime();
        boolean paused =
                now - lastTickNanos > 2 * silence / TICKS_PER_SILENCE; // this process, so the others are not to blame
        lastTickNanos = now;
        if (heard || paused) {
            heard = false;
            lastHeardNanos = now;
        } else if (now - lastHeardNanos >= silence) {
            close("nothing heard for " + hub.options().silenceTimeout());
            return;
        }
        if (!outbox.wroteSinceLastCall()) {
            writeFrame(Wire.PING);
        }
        scheduleTick();
    }

    // ---- end

    /** Ends it without a word. */
    void close(String reason) {
        if (end(reason, false)) {
            channel.close();
        }
    }

    /** Ends it and tells the other side why; that will try again, slowly. */
    void refuse(String reason) {
        if (end(reason, true)) {
            byte[] text = shortened(reason);
            ByteBuf frame = channel.alloc().directBuffer(Wire.LENGTH_BYTES + 1 + 2 + text.length);
            frame.writeInt(1 + 2 + text.length);
            frame.writeByte(Wire.REFUSE);
            frame.writeShort(text.length);
            frame.writeBytes(text);
            finishWriting(frame);
        }
    }

    /** Ends it for this node at once; what waits is still written. */
    void closeGently(String reason) {
        boolean standing = phase == Phase.STANDING;
        if (end(reason, false)) {
            if (standing) {
                outbox.whenEmpty(() -> finishWriting(Unpooled.EMPTY_BUFFER));
                closeWithinTimeout();
            } else {
                channel.close();
            }
        }
    }

    private void malformed(String problem) {
        if (phase == Phase.CLOSED) {
            return;
        }
        NodeId node = dialled != null ? dialled.id() : hello != null ? hello.node() : null;
        String reason = "malformed " + problem;
        refuse(reason);
        if (node != null) {
            hub.rejected(node, reason, channel);
        } else {
            hub.stranger(channel, reason);
        }
    }

    /** There will be no greeting: TLS found no agreement. */
    private void untrusted(String reason) {
        if (end(reason, true)) {
            channel.close();
            if (dialled != null) {
                hub.rejected(dialled.id(), reason, channel);
            } else {
                hub.stranger(channel, reason);
            }
        }
    }

    private void failed(Throwable failure) {
        if (phase != Phase.CLOSED) {
            hub.failed(this, failure);
            close("internal error: " + failure);
        }
    }

    /** First closes the sending half and lets the other side close the rest: closing with bytes unread would take back what was sent last. */
    private void finishWriting(ByteBuf last) {
        channel.writeAndFlush(last).addListener((ChannelFutureListener) written -> {
            if (written.isSuccess()) {
                ((DuplexChannel) channel).shutdownOutput();
            } else {
                channel.close();
            }
        });
        closeWithinTimeout();
    }

    private void closeWithinTimeout() {
        ScheduledFuture<?> bound =
                schedule(channel::close, hub.options().closeTimeout().toNanos());
        channel.closeFuture().addListener(closed -> bound.cancel(false));
    }

    private boolean end(String reason, boolean rejected) {
        if (phase == Phase.CLOSED) {
            return false;
        }
        boolean stood = phase == Phase.STANDING;
        phase = Phase.CLOSED;
        decoder.stop();
        cancelTimer();
        channel.closeFuture().addListener(closed -> outbox.close());
        hub.ended(this, stood, reason, rejected);
        return true;
    }

    // ---- small things

    private void expect(Phase expected, String frame, WireReader in) throws WireFormatException {
        if (phase != expected) {
            throw in.error(frame, "does not belong in phase " + phase);
        }
    }

    private Hello greetedHello() {
        Hello result = hello;
        if (result == null) {
            throw new IllegalStateException("no greeting yet in phase " + phase);
        }
        return result;
    }

    private void writeFrame(int type) {
        ByteBuf frame = channel.alloc().directBuffer(Wire.LENGTH_BYTES + 1);
        frame.writeInt(1);
        frame.writeByte(type);
        channel.writeAndFlush(frame);
    }

    private static byte[] shortened(String reason) {
        String text = reason.length() * MAX_UTF8_BYTES <= Wire.MAX_TEXT_BYTES
                ? reason
                : reason.substring(0, Wire.MAX_TEXT_BYTES / MAX_UTF8_BYTES);
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private ScheduledFuture<?> schedule(Runnable task, long nanos) {
        return channel.eventLoop().schedule(task, nanos, TimeUnit.NANOSECONDS);
    }

    private void cancelTimer() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }

    @Override
    public String toString() {
        return (dialled == null ? "from " : "to ") + channel.remoteAddress();
    }
}
