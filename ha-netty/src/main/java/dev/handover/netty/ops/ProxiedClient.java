package dev.handover.netty.ops;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One client of the proxy and its connection to the leader. Of the loop. */
final class ProxiedClient {
    private static final long AGAIN_MILLIS = 50;

    private final LeaderProxy proxy;
    private final Channel client;
    private final long deadlineNanos;
    private final Pipe toLeader;
    private @Nullable Channel server;
    private @Nullable InetSocketAddress target;
    private boolean dialling;

    ProxiedClient(LeaderProxy proxy, Channel client) {
        this.proxy = proxy;
        this.client = client;
        deadlineNanos = System.nanoTime() + proxy.patienceNanos;
        toLeader = new Pipe(proxy.bytesToLeader);
        client.pipeline().addLast(toLeader);
    }

    /** Connects to the leader; tries again until it succeeds or the client's patience is over. */
    void dial() {
        if (dialling || server != null || !client.isOpen()) {
            return;
        }
        InetSocketAddress leader = proxy.route.leader();
        if (leader == null) {
            later();
            return;
        }
        dialling = true;
        ChannelFuture dialled =
                proxy.dialer().handler(new Pipe(client, proxy.bytesToClients)).connect(leader);
        dialled.addListener(done -> {
            dialling = false;
            if (!done.isSuccess()) {
                later();
            } else if (!client.isOpen()) {
                dialled.channel().close();
            } else {
                target = leader;
                server = dialled.channel();
                toLeader.connect(client, dialled.channel());
                dialled.channel().read();
            }
        });
    }

    private void later() {
        if (System.nanoTime() - deadlineNanos >= 0) {
            proxy.abandoned.increment();
            Pipe.abort(client);
        } else {
            client.eventLoop().schedule(this::dial, AGAIN_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    /** Who waits need not wait any longer. */
    void leaderChanged() {
        dial();
    }

    boolean isWithAnotherThan(InetSocketAddress leader) {
        return target != null && !target.equals(leader);
    }

    /** Closes both sides; what is on its way to the client is still sent. */
    void close() {
        Pipe.closeAfterFlush(client);
        Channel other = server;
        if (other != null) {
            other.close();
        }
    }
}
