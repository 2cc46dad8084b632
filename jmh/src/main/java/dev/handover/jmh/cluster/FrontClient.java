package dev.handover.jmh.cluster;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Talks to the {@link Front} of the leader, and stays connected with the others, so that it need only ask who leads when that one is gone. Everything but the calls from outside happens on
 * one event loop.
 */
final class FrontClient implements Contender.Client {
    private static final long ASK_AGAIN_MILLIS = 1;
    private static final long DIAL_AGAIN_MILLIS = 20;
    private static final long CONNECT_SECONDS = 60;

    private record Waiting(int slot, byte @Nullable [] payload) {}

    private final Layout layout;

    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final EventLoop loop = group.next();
    private final CompletableFuture<Void> connected = new CompletableFuture<>();
    private final BitSet underWay = new BitSet();
    private final List<Waiting> waiting = new ArrayList<>();
    private final List<Connection> connections = new ArrayList<>();
    private Contender.@Nullable Replies replies;
    private @Nullable Connection current;
    private boolean closed;

    FrontClient(Layout layout) throws Exception {
        this.layout = layout;
        loop.execute(() -> {
            for (int node = 0; node < layout.replicas(); node++) {
                dial(node);
            }
        });
        try {
            connected.get(CONNECT_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            close();
            throw e;
        }
    }

    @Override
    public void listen(Contender.Replies listener) {
        replies = listener;
    }

    @Override
    public void submit(int slot, byte[] payload) {
        send(new Waiting(slot, payload));
    }

    @Override
    public void read(int slot) {
        send(new Waiting(slot, null));
    }

    private void send(Waiting request) {
        if (loop.inEventLoop()) {
            sendNow(request);
        } else {
            loop.execute(() -> {
                sendNow(request);
                flush();
            });
        }
    }

    private void sendNow(Waiting request) {
        Connection connection = current;
        if (connection == null) {
            waiting.add(request);
            return;
        }
        byte[] payload = request.payload;
        underWay.set(request.slot);
        ByteBuf out = connection.out();
        out.writeInt(4 + (payload == null ? 0 : payload.length));
        out.writeInt(request.slot << 1 | (payload == null ? 1 : 0));
        if (payload != null) {
            out.writeBytes(payload);
        }
    }

    private void flush() {
        Connection connection = current;
        if (connection != null) {
            connection.flush();
        }
    }

    private void dial(int node) {
        if (closed) {
            return;
        }
        ChannelFuture dialled = new Bootstrap()
                .group(loop)
                .channel(NioSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new Connection(channel, node));
                    }
                })
                .connect(Layout.HOST, layout.port(node, 0));
        dialled.addListener(done -> {
            if (!done.isSuccess()) {
                dialLater(node);
            }
        });
    }

    private void dialLater(int node) {
        loop.schedule(() -> dial(node), DIAL_AGAIN_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void nobodyLeads() {
        current = null;
        BitSet lost = (BitSet) underWay.clone();
        lost.stream().forEach(slot -> answer(slot, false));
        connections.forEach(Connection::ask);
    }

    private void answer(int slot, boolean ok) {
        Contender.Replies listener = replies;
        if (underWay.get(slot)) {
            underWay.clear(slot);
            if (listener != null) {
                listener.reply(slot, ok);
            }
        }
    }

    private final class Connection extends ChannelInboundHandlerAdapter {
        private final Channel channel;
        private final int node;
        private boolean asked;
        private @Nullable ByteBuf out;
        private @Nullable ByteBuf rest;

        Connection(Channel channel, int node) {
            this.channel = channel;
            this.node = node;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            connections.add(this);
            ask();
        }

        /** Who leads; again and again while nobody does. */
        private void ask() {
            if (current == null && !asked) {
                asked = true;
                out().writeInt(0);
                flush();
            }
        }

        private void leads(boolean yes) {
            asked = false;
            if (current != null) {
                return;
            }
            if (yes) {
                current = this;
                connected.complete(null);
                List<Waiting> now = List.copyOf(waiting);
                waiting.clear();
                now.forEach(FrontClient.this::sendNow);
            } else {
                loop.schedule(this::ask, ASK_AGAIN_MILLIS, TimeUnit.MILLISECONDS);
            }
        }

        ByteBuf out() {
            ByteBuf buffer = out;
            if (buffer == null) {
                buffer = channel.alloc().buffer(4096);
                out = buffer;
            }
            return buffer;
        }

        void flush() {
            ByteBuf buffer = out;
            if (buffer != null) {
                out = null;
                channel.writeAndFlush(buffer);
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf in = (ByteBuf) message;
            ByteBuf before = rest;
            rest = null;
            if (before != null) {
                before.writeBytes(in);
                in.release();
                in = before;
            }
            while (in.readableBytes() >= 4) {
                take(in.readInt());
            }
            if (in.isReadable()) {
                rest = channel.alloc().buffer(64).writeBytes(in);
            }
            in.release();
        }

        private void take(int word) {
            int status = word & 3;
            if (status == Front.LEADERSHIP) {
                leads(word >>> 2 == 1);
                return;
            }
            answer(word >>> 2, status == Front.DONE);
            if (status == Front.NOT_LEADER) {
                channel.close(); // so that no late answer meets a command that is sent elsewhere
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            flush();
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            connections.remove(this);
            if (current == this) {
                nobodyLeads();
            }
            dial(node);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close();
        }
    }

    @Override
    public void close() {
        loop.execute(() -> closed = true);
        group.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
    }
}
