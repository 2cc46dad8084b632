package dev.handover.netty;

import io.netty.channel.Channel;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.Errors;
import java.net.ConnectException;
import java.util.Locale;
import java.util.concurrent.ThreadFactory;

/** How to reach the kernel: Linux epoll through JNI, or the JDK's selectors. */
enum Backend {
    /** Linux only. */
    EPOLL(EpollSocketChannel.class, EpollServerSocketChannel.class),
    /** Everywhere. */
    NIO(NioSocketChannel.class, NioServerSocketChannel.class);

    final Class<? extends Channel> socket;
    final Class<? extends ServerChannel> listener;

    Backend(Class<? extends Channel> socket, Class<? extends ServerChannel> listener) {
        this.socket = socket;
        this.listener = listener;
    }

    static Backend best() {
        return Epoll.isAvailable() ? EPOLL : NIO;
    }

    /** A loop on the one thread that the factory makes. */
    EventLoop newLoop(ThreadFactory thread) {
        IoHandlerFactory io = this == EPOLL ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        return new SingleThreadIoEventLoop(null, thread, io);
    }

    /**
     * Whether a dial failed because the host answered that nobody listens (ECONNREFUSED), and for no other reason. Neither the JDK nor Netty
     * hands out the number, and the text may be in the user's language.
     */
    boolean isRefusal(Throwable failure) {
        if (!(failure instanceof ConnectException) || failure instanceof ConnectTimeoutException) {
            return false;
        }
        Throwable cause = failure.getCause() instanceof ConnectException ? failure.getCause() : failure;
        String text = String.valueOf(cause.getMessage());
        if (this == EPOLL) {
            // the text that the same library makes for that number
            return text.endsWith(String.valueOf(Errors.newIOException("", Errors.ERROR_ECONNREFUSED_NEGATIVE)
                    .getMessage()));
        }
        // The JDK throws this class for ECONNREFUSED and ETIMEDOUT only; the latter takes longer than any time-out of a
        // dial allowed here, unless
        // the kernel's number of SYN retries was lowered.
        return !text.toLowerCase(Locale.ROOT).contains("timed out");
    }
}
