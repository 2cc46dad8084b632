package dev.handover.netty;

import dev.handover.NodeId;
import dev.handover.replication.transport.Envelope;
import dev.handover.replication.transport.Hello;
import dev.handover.replication.transport.TransportListener;
import java.util.Map;
import java.util.UUID;

/** Closes its transport as soon as it is connected. */
final class ClosingListener implements TransportListener {
    final NodeId id = NodeId.of("closing-itself");
    private final UUID incarnation = UUID.randomUUID();
    volatile NettyTransport transport;

    @Override
    public Hello hello() {
        return new Hello("test", id, incarnation, Map.of());
    }

    @Override
    public String refusalOf(Hello peer) {
        return null;
    }

    @Override
    public void connected(Hello peer) {
        transport.close();
    }

    @Override
    public void disconnected(NodeId peer, String reason) {}

    @Override
    public void refused(NodeId peer) {}

    @Override
    public void rejected(NodeId peer, String reason) {}

    @Override
    public void received(Envelope envelope) {}

    @Override
    public void receivedAll() {}
}
