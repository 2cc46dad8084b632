package dev.handover.replication;

import dev.handover.NodeId;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.Message;
import dev.handover.replication.transport.Envelope;
import dev.handover.replication.transport.Hello;
import dev.handover.replication.transport.Transport;
import dev.handover.replication.transport.TransportListener;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A network for tests in one JVM: each node gets a {@link #transport}. Messages arrive in order on a thread of the receiver; pairs of nodes can be
 * {@link #cut} and {@link #heal}ed. Dialling a transport that was closed is refused, as it is where nobody listens.
 */
public final class InMemoryNetwork implements AutoCloseable {
    private static final int MAX_WAITING = 100_000;
    private static final long PART_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long REDIAL_MILLIS = 20;

    private final ScheduledExecutorService dialler = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "in-memory-network");
        thread.setDaemon(true);
        return thread;
    });
    private final AtomicInteger lastPort = new AtomicInteger();
    private final Map<Integer, Endpoint> listening = new TreeMap<>();
    private final List<NodeId[]> cuts = new java.util.concurrent.CopyOnWriteArrayList<>();
    private final Map<List<NodeId>, Long> speeds = new java.util.concurrent.ConcurrentHashMap<>();
    private volatile Watcher watcher = (from, to, envelope) -> {};

    /** Sees every message before it leaves, in the order of the connection; may {@link #cut}, and the message does not leave any more. */
    interface Watcher {
        void leaving(NodeId from, NodeId to, Envelope envelope);
    }

    /** Begins to dial. */
    public InMemoryNetwork() {
        dialler.scheduleWithFixedDelay(this::dialAll, REDIAL_MILLIS, REDIAL_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** A transport for one node. */
    public Transport transport() {
        return new Endpoint(lastPort.incrementAndGet());
    }

    /** Shows all messages to that one from now on, instead of to the one before. */
    void watch(Watcher newWatcher) {
        watcher = newWatcher;
    }

    /** Nothing passes between the two, and no connection stands any more. */
    public void cut(NodeId a, NodeId b) {
        synchronized (this) {
            cuts.add(new NodeId[] {a, b});
            for (Endpoint endpoint : listening.values()) {
                if (endpoint.self.equals(a) || endpoint.self.equals(b)) {
                    NodeId other = endpoint.self.equals(a) ? b : a;
                    Endpoint peer = endpoint.connections.get(other);
                    if (peer != null) {
                        endpoint.drop(peer, "cut");
                    }
                }
            }
        }
    }

    /** Everything passes again, at any speed. */
    public void heal() {
        cuts.clear();
        speeds.clear();
    }

    /** What goes from the one to the other passes at this speed only, in order. */
    void slow(NodeId from, NodeId to, long bytesPerSecond) {
        speeds.put(List.of(from, to), bytesPerSecond);
    }

    private static long size(Envelope envelope) {
        long bytes = 100;
        if (envelope.message() instanceof Message.Append append) {
            for (LogEntry entry : append.entries()) {
                bytes += entry.size();
            }
        } else if (envelope.message() instanceof Message.SnapshotChunk chunk) {
            bytes += chunk.data().length;
        }
        return bytes;
    }

    /** A connection as seen from one end: what waits to pass. */
    private static final class Wire {
        final Queue<Passing> waiting = new ArrayDeque<>();
    }

    private record Passing(long bytes, Endpoint to, Runnable arrival) {}

    /** Ends the dialling. */
    @Override
    public void close() {
        dialler.shutdownNow();
    }

    private boolean isCut(NodeId a, NodeId b) {
        return cuts.stream().anyMatch(c -> c[0].equals(a) && c[1].equals(b) || c[0].equals(b) && c[1].equals(a));
    }

    private synchronized void dialAll() {
        for (Endpoint endpoint : List.copyOf(listening.values())) {
            endpoint.wanted.forEach((peer, address) -> dial(endpoint, peer, address));
        }
    }

    private void dialSoon() {
        if (!dialler.isShutdown()) {
            dialler.execute(this::dialAll);
        }
    }

    private void dial(Endpoint from, NodeId peer, InetSocketAddress address) {
        if (from.connections.containsKey(peer) || isCut(from.self, peer)) {
            return;
        }
        Endpoint to = listening.get(address.getPort());
        if (to == null) {
            from.tell(() -> from.listener.refused(peer));
            return;
        }
        Hello mine = from.listener.hello();
        Hello theirs = to.listener.hello();
        String no = to.listener.refusalOf(mine);
        String reason = no != null ? no : from.listener.refusalOf(theirs);
        if (reason != null) {
            from.tell(() -> from.listener.rejected(peer, reason));
            return;
        }
        from.connections.put(to.self, to);
        to.connections.put(from.self, from);
        from.wires.put(to.self, new Wire());
        to.wires.put(from.self, new Wire());
        from.tell(() -> from.listener.connected(theirs));
        to.tell(() -> to.listener.connected(mine));
    }

    private final class Endpoint implements Transport {
        private final int port;
        private final Map<NodeId, Endpoint> connections = new HashMap<>();
        private final Map<NodeId, Wire> wires = new HashMap<>();
        private Map<NodeId, InetSocketAddress> wanted = Map.of();
        private ThreadPoolExecutor executor;
        private TransportListener listener;
        private NodeId self;

        Endpoint(int port) {
            this.port = port;
        }

        @Override
        public void start(NodeId node, TransportListener nodeListener) {
            synchronized (InMemoryNetwork.this) {
                self = node;
                listener = nodeListener;
                executor = new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                    Thread thread = new Thread(task, "in-memory-transport-" + node);
                    thread.setDaemon(true);
                    return thread;
                });
                listening.put(port, this);
            }
        }

        @Override
        public InetSocketAddress address() {
            return InetSocketAddress.createUnresolved("memory", port);
        }

        @Override
        public int protocolVersion() {
            return 1;
        }

        @Override
        public void connectTo(Map<NodeId, InetSocketAddress> peers) {
            synchronized (InMemoryNetwork.this) {
                wanted = Map.copyOf(peers);
            }
            dialSoon();
        }

        @Override
        public boolean send(NodeId to, Envelope envelope) {
            synchronized (InMemoryNetwork.this) {
                if (connections.containsKey(to)) {
                    watcher.leaving(self, to, envelope);
                }
                Endpoint peer = connections.get(to);
                if (peer == null || peer.executor.getQueue().size() > MAX_WAITING) {
                    return false;
                }
                deliver(peer, wires.get(to), envelope);
                return true;
            }
        }

        @Override
        public boolean send(NodeId to, Envelope envelope, Runnable copied) {
            Message message = envelope.message();
            if (message instanceof Message.Append append) { // copied as on a real network
                List<LogEntry> entries = new ArrayList<>();
                append.entries().forEach(entry -> entries.add(entry.withOwnPayload()));
                message = new Message.Append(
                        append.epoch(),
                        append.prevIndex(),
                        append.prevEpoch(),
                        entries,
                        append.commitIndex(),
                        append.round());
            }
            boolean sent = send(to, new Envelope(envelope.group(), envelope.from(), message));
            copied.run();
            return sent;
        }

        private void deliver(Endpoint peer, Wire wire, Envelope envelope) {
            Long speed = speeds.get(List.of(self, peer.self));
            Runnable arrival = () -> {
                peer.listener.received(envelope);
                peer.listener.receivedAll();
            };
            if (speed == null && wire.waiting.isEmpty()) {
                peer.tell(arrival);
                return;
            }
            wire.waiting.add(new Passing(size(envelope), peer, arrival));
            if (wire.waiting.size() == 1) {
                pass(peer.self, wire, size(envelope));
            }
        }

        /** The first that waits passes now, part by part; so much of it has not yet. */
        private void pass(NodeId to, Wire wire, long bytes) {
            Long speed = speeds.get(List.of(self, to));
            long takes = speed == null ? 0 : bytes * TimeUnit.SECONDS.toNanos(1) / speed;
            long step = Math.min(takes, PART_NANOS);
            long rest = step == takes ? 0 : bytes - bytes * step / takes;
            dialler.schedule(() -> passed(to, wire, rest), step, TimeUnit.NANOSECONDS);
        }

        private void passed(NodeId to, Wire wire, long rest) {
            synchronized (InMemoryNetwork.this) {
                if (wires.get(to) != wire) {
                    return; // the connection is another one
                }
                Passing first = wire.waiting.element();
                if (rest > 0) {
                    first.to.tell(() -> first.to.listener.receiving(self));
                    pass(to, wire, rest);
                    return;
                }
                first.to.tell(first.arrival);
                wire.waiting.remove();
                if (!wire.waiting.isEmpty()) {
                    pass(to, wire, wire.waiting.element().bytes);
                }
            }
        }

        private void tell(Runnable call) {
            if (!executor.isShutdown()) {
                executor.execute(call);
            }
        }

        private void drop(Endpoint peer, String reason) {
            connections.remove(peer.self);
            peer.connections.remove(self);
            wires.remove(peer.self);
            peer.wires.remove(self);
            NodeId other = peer.self;
            tell(() -> listener.disconnected(other, reason));
            peer.tell(() -> peer.listener.disconnected(self, reason));
        }

        @Override
        public void close() {
            ExecutorService ending;
            synchronized (InMemoryNetwork.this) {
                listening.remove(port, this);
                for (Endpoint peer : List.copyOf(connections.values())) {
                    drop(peer, "closed");
                }
                wanted = Map.of();
                ending = executor;
            }
            dialSoon();
            if (ending != null) {
                ending.shutdown();
            }
        }
    }
}
