package dev.handover.netty;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.replication.protocol.Message;
import dev.handover.replication.transport.Envelope;
import dev.handover.replication.transport.Hello;
import dev.handover.replication.transport.TransportListener;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** A transport with a listener that writes down what it is told. */
final class Node implements TransportListener, AutoCloseable {
    static final GroupId GROUP = GroupId.of("orders");
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** One call of the listener. */
    record Call(String what, NodeId peer, String detail, long nanos) {
        @Override
        public String toString() {
            return what + " " + peer + (detail.isEmpty() ? "" : " " + detail);
        }
    }

    final NodeId id;
    final ReplicaId replica;
    final NettyTransport transport;
    private final UUID incarnation = UUID.randomUUID();
    private final List<Call> calls = new ArrayList<>();
    private final List<Envelope> received = new ArrayList<>();
    private volatile String cluster = "test";
    private volatile boolean keepMessages = true;
    private long messages;
    /** Messages that no {@link #receivedAll} has followed yet. */
    private long untold;

    static Node start(String id, boolean epoll) throws IOException {
        return start(id, epoll, 0, b -> b);
    }

    static Node start(String id, boolean epoll, int port, UnaryOperator<NettyTransport.Builder> settings)
            throws IOException {
        Node node = new Node(
                id,
                settings.apply(NettyTransport.builder("127.0.0.1", port).nativeTransport(epoll))
                        .build());
        node.transport.start(node.id, node);
        return node;
    }

    Node(String id, NettyTransport transport) {
        this.id = NodeId.of(id);
        replica = new ReplicaId(this.id, UUID.randomUUID());
        this.transport = transport;
    }

    Node inCluster(String name) {
        cluster = name;
        return this;
    }

    Node countingOnly() {
        keepMessages = false;
        return this;
    }

    InetSocketAddress address() {
        return transport.address();
    }

    void dial(Node... others) {
        Map<NodeId, InetSocketAddress> peers = new TreeMap<>();
        for (Node other : others) {
            peers.put(other.id, other.address());
        }
        transport.connectTo(peers);
    }

    boolean send(Node to, Message message) {
        return send(to.id, message);
    }

    boolean send(NodeId to, Message message) {
        return transport.send(to, new Envelope(GROUP, replica, message));
    }

    // ---- what it was told

    synchronized List<Call> calls() {
        return new ArrayList<>(calls);
    }

    synchronized List<Envelope> received() {
        return new ArrayList<>(received);
    }

    synchronized long messages() {
        return messages;
    }

    synchronized long count(String what) {
        return calls.stream().filter(c -> c.what().equals(what)).count();
    }

    Call await(String what, NodeId peer) {
        return await(what, peer, 1);
    }

    /** Waits until the peer's n-th call of that kind. */
    Call await(String what, NodeId peer, int n) {
        until(what + " " + peer + " (" + n + ")", node -> node.nth(what, peer, n) != null);
        return nth(what, peer, n);
    }

    private synchronized Call nth(String what, NodeId peer, int n) {
        return calls.stream()
                .filter(c -> c.what().equals(what) && c.peer().equals(peer))
                .skip(n - 1L)
                .findFirst()
                .orElse(null);
    }

    void awaitMessages(long count) {
        until(count + " messages", node -> node.messages >= count);
    }

    synchronized void until(String expected, Predicate<Node> condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        try {
            while (!condition.test(this)) {
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    throw new AssertionError(id + " has waited in vain for " + expected + "; it saw " + messages
                            + " messages and " + calls);
                }
                wait(Math.max(1, left / 1_000_000));
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private synchronized void note(String what, NodeId peer, String detail) {
        calls.add(new Call(what, peer, detail, System.nanoTime()));
        notifyAll();
    }

    @Override
    public Hello hello() {
        return new Hello(cluster, id, incarnation, Map.of(GROUP, new Hello.GroupIdentity(replica.logId(), null)));
    }

    @Override
    public String refusalOf(Hello peer) {
        return peer.cluster().equals(cluster) ? null : "cluster is " + peer.cluster() + ", not " + cluster;
    }

    @Override
    public void connected(Hello peer) {
        note("connected", peer.node(), "");
    }

    @Override
    public void disconnected(NodeId peer, String reason) {
        note("disconnected", peer, reason);
    }

    @Override
    public void refused(NodeId peer) {
        note("refused", peer, "");
    }

    @Override
    public void rejected(NodeId peer, String reason) {
        note("rejected", peer, reason);
    }

    @Override
    public void receiving(NodeId peer) {
        note("receiving", peer, "");
    }

    @Override
    public synchronized void received(Envelope envelope) {
        messages++;
        untold++;
        if (keepMessages) {
            received.add(envelope);
        }
        notifyAll();
    }

    @Override
    public synchronized void receivedAll() {
        if (untold == 0) {
            note("receivedAll without a message", id, "");
        }
        untold = 0;
        notifyAll();
    }

    /** Waits until the end of the reading was told behind every message. */
    synchronized void awaitReceivedAll() throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (untold > 0) {
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (left <= 0) {
                throw new AssertionError(untold + " messages were not followed by receivedAll within " + PATIENCE);
            }
            wait(left);
        }
    }

    @Override
    public void close() {
        transport.close();
    }
}
