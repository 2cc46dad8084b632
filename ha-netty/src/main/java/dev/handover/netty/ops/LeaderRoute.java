package dev.handover.netty.ops;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.Registration;
import dev.handover.netty.RenewableTls;
import dev.handover.replication.ReplicatedLog;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** Where the leader's clients connect, as it is known now. Any thread; nothing blocks but {@link #close}. */
public interface LeaderRoute extends AutoCloseable {
    /** Null while nobody is known. */
    @Nullable
    InetSocketAddress leader();

    /** Calls the listener, on a thread of the route, after every change. */
    Registration listen(Runnable changed);

    /** Ends what the route has begun. Closing twice is fine. */
    @Override
    void close();

    /**
     * By what this process's replica knows: it follows a change within milliseconds, and costs nothing. A replica that is cut off may name a deposed leader.
     *
     * @param addresses where clients of a node connect; null if that is not known
     */
    static LeaderRoute of(ReplicatedLog log, Function<NodeId, @Nullable InetSocketAddress> addresses) {
        return new KnownRoute(log, addresses);
    }

    /**
     * By asking the operations ports of all nodes again and again, from a process that is no node.
     *
     * @param nodes addresses for clients, by the address of the operations port of the same node
     * @param interval between two rounds of questions; from 10 ms to 1 min. Too small: rounds of messages among the nodes for nothing; too big: clients wait so long after a change
     */
    static LeaderRoute asking(GroupId group, Map<InetSocketAddress, InetSocketAddress> nodes, Duration interval) {
        return new AskingRoute(group, nodes, interval, null);
    }

    /**
     * The same where the operations ports speak TLS: each certificate must be of an authority that is trusted and name the host that is asked, by the rules of HTTPS.
     *
     * @param tls asked at each connection, so that certificates can be renewed: such as {@link RenewableTls}, or {@code () -> context}; also this process's own certificate, for ports that ask for one
     */
    static LeaderRoute asking(
            GroupId group,
            Map<InetSocketAddress, InetSocketAddress> nodes,
            Duration interval,
            Supplier<SSLContext> tls) {
        return new AskingRoute(group, nodes, interval, Objects.requireNonNull(tls, "tls"));
    }
}
