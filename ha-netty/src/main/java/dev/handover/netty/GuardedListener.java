package dev.handover.netty;

import dev.handover.NodeId;
import dev.handover.replication.transport.Envelope;
import dev.handover.replication.transport.Hello;
import dev.handover.replication.transport.TransportListener;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps what the node's listener throws from harming the connections: it is logged, and nothing is called any more after {@link #silence}. */
final class GuardedListener {
    private static final Logger LOG = LoggerFactory.getLogger(NettyTransport.class);

    private final NodeId self;
    private final TransportListener listener;
    private final Runnable receivedAll;
    private boolean silent;

    GuardedListener(NodeId self, TransportListener listener) {
        this.self = self;
        this.listener = listener;
        receivedAll = listener::receivedAll;
    }

    /** No more calls. */
    void silence() {
        silent = true;
    }

    Hello hello() {
        return listener.hello();
    }

    @Nullable
    String refusalOf(Hello peer) {
        try {
            return listener.refusalOf(peer);
        } catch (RuntimeException e) {
            LOG.error("{}: could not judge the greeting of {}", self, peer, e);
            return "internal error of " + self + ": " + e;
        }
    }

    void connected(Hello peer) {
        call("connected", () -> listener.connected(peer));
    }

    void disconnected(NodeId peer, String reason) {
        if (!silent) {
            try { // without a lambda, as below: what first runs in a take-over is linked while everybody waits
                listener.disconnected(peer, reason);
            } catch (RuntimeException e) {
                failed("disconnected", e);
            }
        }
    }

    void refused(NodeId peer) {
        if (!silent) {
            try {
                listener.refused(peer);
            } catch (RuntimeException e) {
                failed("refused", e);
            }
        }
    }

    void rejected(NodeId peer, String reason) {
        call("rejected", () -> listener.rejected(peer, reason));
    }

    void receiving(NodeId peer) {
        call("receiving", () -> listener.receiving(peer));
    }

    /** False if it was not taken: then the connection must go, since no message may be lost on one that stands. */
    boolean received(Envelope envelope) {
        if (silent) {
            return false;
        }
        try {
            listener.received(envelope);
            return true;
        } catch (RuntimeException e) {
            LOG.error(
                    "{} {}: a {} was not taken",
                    envelope.group(),
                    self,
                    envelope.message().getClass().getSimpleName(),
                    e);
            return false;
        }
    }

    /** What was there is read. */
    void receivedAll() {
        call("receivedAll", receivedAll);
    }

    private void call(String what, Runnable call) {
        if (silent) {
            return;
        }
        try {
            call.run();
        } catch (RuntimeException e) {
            failed(what, e);
        }
    }

    private void failed(String what, RuntimeException e) {
        LOG.error("{}: the listener failed in {}()", self, what, e);
    }
}
