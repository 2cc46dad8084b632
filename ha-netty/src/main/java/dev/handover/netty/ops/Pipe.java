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
import java.util.concurrent.atomic.LongAdder;

/** Sends what one side has sent to the other one, which is asked for more only when it has taken that. */
final class Pipe extends ChannelInboundHandlerAdapter {
    private final Channel other;
    private final LongAdder bytes;

    Pipe(Channel other, LongAdder bytes) {
        this.other = other;
        this.bytes = bytes;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        bytes.add(((ByteBuf) message).readableBytes());
        other.write(message, other.voidPromise());
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        other.flush();
        if (other.isWritable()) {
            ctx.read();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (ctx.channel().isWritable()) {
            other.read();
        }
    }

    /** Nothing more comes from this side, which may still listen. */
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            other.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(flushed -> ((DuplexChannel) other)
                    .shutdownOutput()
                    .addListener(shut -> {
                        if (((DuplexChannel) ctx.channel()).isOutputShutdown()) { // and nothing is to be said to it
                            ctx.close();
                            other.close();
                        }
                    }));
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        closeAfterFlush(other);
    }

    /** A side that broke must not look to the other one like one that has ended in order. */
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        abort(other);
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
