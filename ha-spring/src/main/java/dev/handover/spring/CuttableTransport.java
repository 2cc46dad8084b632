package dev.handover.spring;

import dev.handover.NodeId;
import dev.handover.replication.transport.Envelope;
import dev.handover.replication.transport.Hello;
import dev.handover.replication.transport.Transport;
import dev.handover.replication.transport.TransportListener;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/** A transport between whose node and others messages can be lost, without anybody being told: as with a switch that has died, only silence shows it. */
final class CuttableTransport implements Transport {
    private final NodeId self;
    private final Transport real;
    private final BiPredicate<NodeId, NodeId> cut;

    CuttableTransport(NodeId self, Transport real, BiPredicate<NodeId, NodeId> cut) {
        this.self = self;
        this.real = real;
        this.cut = cut;
    }

    @Override
    public void start(NodeId node, TransportListener listener) throws IOException {
        real.start(node, new Ear(listener));
    }

    @Override
    public InetSocketAddress address() {
        return real.address();
    }

    @Override
    public int protocolVersion() {
        return real.protocolVersion();
    }

    @Override
    public int maxFrameBytes() {
        return real.maxFrameBytes();
    }

    @Override
    public void connectTo(Map<NodeId, InetSocketAddress> peers) {
        real.connectTo(peers);
    }

    @Override
    public boolean send(NodeId to, Envelope envelope) {
        return cut.test(self, to) || real.send(to, envelope); // the sender of a lost message does not know
    }

    @Override
    public void close() {
        real.close();
    }

    private final class Ear implements TransportListener {
        private final TransportListener listener;

        Ear(TransportListener listener) {
            this.listener = listener;
        }

        @Override
        public Hello hello() {
            return listener.hello();
        }

        @Override
        public @Nullable String refusalOf(Hello peer) {
            return cut.test(self, peer.node()) ? "cut" : listener.refusalOf(peer);
        }

        @Override
        public void connected(Hello peer) {
            listener.connected(peer);
        }

        @Override
        public void disconnected(NodeId peer, String reason) {
            listener.disconnected(peer, reason);
        }

        @Override
        public void refused(NodeId peer) {
            listener.refused(peer);
        }

        @Override
        public void rejected(NodeId peer, String reason) {
            listener.rejected(peer, reason);
        }

        @Override
        public void receiving(NodeId peer) {
            if (!cut.test(self, peer)) {
                listener.receiving(peer);
            }
        }

        @Override
        public void received(Envelope envelope) {
            if (!cut.test(self, envelope.from().node())) {
                listener.received(envelope);
            }
        }

        @Override
        public void receivedAll() {
            listener.receivedAll();
        }
    }
}
