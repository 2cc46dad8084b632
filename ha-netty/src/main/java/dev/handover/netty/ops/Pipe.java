package dev.handover.netty.ops;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** Sends what one side has sent to the other one, which is asked for more only when it has taken that. */
final class Pipe extends ChannelInboundHandlerAdapter {
    private final LongAdder bytes;
    /** What came before there was another side: although nothing was asked for, a client that ends its half at once is read. */
    private final Deque<Object> early = new ArrayDeque<>();

    private @Nullable Channel other;
    private boolean ended;

    /** To be connected yet. */
    Pipe(LongAdder bytes) {
        this.bytes = bytes;
    }

    Pipe(Channel other, LongAdder bytes) {
        this.other = other;
        this.bytes = bytes;
    }

    /** On the event loop of {@code from}, this one's own side. */
    void connect(Channel from, Channel to) {
        other = to;
        for (Object message = early.poll(); message != null; message = early.poll()) {
            to.write(message, to.voidPromise());
        }
        to.flush();
        if (ended) {
            end(from, to);
        } else {
            from.read();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        bytes.add(((ByteBuf) message).readableBytes());
        Channel to = other;
        if (to == null) {
            early.add(message);
        } else {
            to.write(message, to.voidPromise());
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        Channel to = other;
        if (to != null) {
            to.flush();
            if (to.isWritable()) {
                ctx.read();
            }
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        Channel to = other;
        if (to != null && ctx.channel().isWritable()) {
            to.read();
        }
    }

    /** Nothing more comes from this side, which may still listen. */
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            Channel to = other;
            if (to == null) {
                ended = true;
            } else {
                end(ctx.channel(), to);
            }
        }
    }

    private static void end(Channel from, Channel to) {
        to.writeAndFlush(Unpooled.EMPTY_BUFFER)
                .addListener(flushed -> ((DuplexChannel) to).shutdownOutput().addListener(shut -> {
                    if (((DuplexChannel) from).isOutputShutdown()) { // and nothing is to be said to it
                        from.close();
                        to.close();
                    }
                }));
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        early.forEach(ReferenceCountUtil::release);
        early.clear();
        Channel to = other;
        if (to != null) {
            closeAfterFlush(to);
        }
    }

    /** A side that broke must not look to the other one like one that has ended in order. */
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        Channel to = other;
        if (to != null) {
            abort(to);
        }
        ctx.close();
    }

    static void closeAfterFlush(Channel channel) {
        if (channel.isActive()) {
            channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        } else {
            channel.close();
        }
    }

    static void abort(Channel channel) {
        if (channel.isOpen()) {
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
        }
        channel.close();
    }
}
