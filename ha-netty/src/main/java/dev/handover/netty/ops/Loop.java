package dev.handover.netty.ops;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/** One event loop on one daemon thread: Linux epoll, or the JDK's selectors elsewhere. */
final class Loop {
    private static final long END_SECONDS = 5;

    private final boolean epoll = Epoll.isAvailable();
    private final MultiThreadIoEventLoopGroup group;

    Loop(String name) {
        IoHandlerFactory io = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        group = new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory(name, true), io);
    }

    EventLoop one() {
        return group.next();
    }

    ServerBootstrap acceptor() {
        return new ServerBootstrap()
                .group(group)
                .channel(epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class);
    }

    Bootstrap dialer() {
        return new Bootstrap().group(group).channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class);
    }

    /** Listens; throws with the address if that cannot be. */
    static Channel bind(ServerBootstrap acceptor, InetSocketAddress address, String what) throws IOException {
        ChannelFuture bound = acceptor.bind(address).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException(
                    what + " cannot listen on " + address + ": " + bound.cause().getMessage(), bound.cause());
        }
        return bound.channel();
    }

    /** Ends the thread; waits for it, unless called on it. */
    void end() {
        var ended = group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        if (!one().inEventLoop()) {
            ended.awaitUninterruptibly(END_SECONDS, TimeUnit.SECONDS);
        }
    }
}
