package dev.handover.replication.admin;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.replication.protocol.Message;
import dev.handover.replication.protocol.Message.AdminReply;
import dev.handover.replication.protocol.Message.AdminRequest;
import dev.handover.replication.protocol.Message.AdminVerb;
import dev.handover.replication.transport.Envelope;
import dev.handover.replication.transport.Hello;
import dev.handover.replication.transport.Transport;
import dev.handover.replication.transport.TransportListener;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Asks running nodes, over the transport by which they talk to each other. It greets as a node of a name of its own, takes part in nothing, and no replica is told of it. Its methods block, for at
 * most the time-out; any thread.
 */
public final class AdminClient implements AutoCloseable {
    private static final UUID NO_LOG = new UUID(0, 0);

    private final Transport transport;
    private final String cluster;
    private final Duration timeout;
    private final UUID incarnation = UUID.randomUUID();
    private final NodeId self = NodeId.of(NodeId.TOOL + "." + incarnation);
    private final Map<NodeId, CompletableFuture<Void>> connections = new ConcurrentHashMap<>();
    private final Map<Long, CompletableFuture<AdminReply>> asked = new ConcurrentHashMap<>();
    private final AtomicLong lastId = new AtomicLong();

    /**
     * Begins to connect.
     *
     * @param transport its own, not started; it is closed with this client, also if this constructor throws
     * @param cluster as {@code HaNode.Builder.cluster} has it on the nodes
     * @param nodes whom to ask, and where they listen
     * @param timeout for each answer, connecting included
     * @throws IOException if the transport cannot listen
     */
    public AdminClient(Transport transport, String cluster, Map<NodeId, InetSocketAddress> nodes, Duration timeout)
            throws IOException {
        this.transport = transport;
        this.cluster = cluster;
        this.timeout = timeout;
        nodes.keySet().forEach(node -> connections.put(node, new CompletableFuture<>()));
        try {
            transport.start(self, new Listener());
            transport.connectTo(new TreeMap<>(nodes));
        } catch (IOException | RuntimeException e) {
            transport.close();
            throw e;
        }
    }

    /**
     * Asks one node about its replica of a group.
     *
     * @return the names and values of the answer, in its order
     * @throws IOException if the node cannot be reached, does not answer in time, or has not done it; the message says which. Without an answer it may have been done
     * @throws IllegalArgumentException if the node is none of those given
     */
    public Map<String, String> ask(NodeId node, GroupId group, AdminVerb verb, String argument) throws IOException {
        CompletableFuture<Void> connection = connections.get(node);
        if (connection == null) {
            throw new IllegalArgumentException("node " + node + " is none of " + connections.keySet());
        }
        long deadline = System.nanoTime() + timeout.toNanos();
        await(connection, deadline, "node " + node + " cannot be reached");
        long id = lastId.incrementAndGet();
        CompletableFuture<AdminReply> answer = new CompletableFuture<>();
        asked.put(id, answer);
        try {
            Envelope request = new Envelope(group, new ReplicaId(self, NO_LOG), new AdminRequest(id, verb, argument));
            if (!transport.send(node, request)) {
                throw new IOException("the connection with node " + node + " is gone; try again");
            }
            AdminReply reply = await(answer, deadline, "node " + node + " does not answer");
            if (!reply.done()) {
                throw new IOException("node " + node + ": " + reply.text());
            }
            return fields(reply.text());
        } finally {
            asked.remove(id);
        }
    }

    private <T> T await(CompletableFuture<T> future, long deadline, String otherwise) throws IOException {
        try {
            return future.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new IOException(otherwise + ": " + cause.getMessage(), cause);
        } catch (TimeoutException e) {
            throw new IOException(otherwise + " within " + timeout, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private static Map<String, String> fields(String text) {
        Map<String, String> fields = new LinkedHashMap<>();
        text.lines().forEach(line -> {
            int equal = line.indexOf('=');
            fields.put(line.substring(0, Math.max(0, equal)), line.substring(equal + 1));
        });
        return fields;
    }

    /** Closes the transport. */
    @Override
    public void close() {
        transport.close();
    }

    private final class Listener implements TransportListener {
        @Override
        public Hello hello() {
            return new Hello(cluster, self, incarnation, Map.of());
        }

        @Override
        public @Nullable String refusalOf(Hello peer) {
            return null;
        }

        @Override
        public void connected(Hello peer) {
            CompletableFuture<Void> connection = connections.get(peer.node());
            if (connection != null) {
                connection.complete(null);
            }
        }

        @Override
        public void disconnected(NodeId peer, String reason) {
            // what was asked ends by the time-out: the transport dials again, and an answer may still come
        }

        @Override
        public void refused(NodeId peer) {
            fail(peer, "nobody listens there");
        }

        @Override
        public void rejected(NodeId peer, String reason) {
            fail(peer, reason);
        }

        private void fail(NodeId peer, String reason) {
            CompletableFuture<Void> connection = connections.get(peer);
            if (connection != null) {
                connection.completeExceptionally(new IOException(reason));
            }
        }

        @Override
        public void receivedAll() {}

        @Override
        public void received(Envelope envelope) {
            Message message = envelope.message();
            if (message instanceof AdminReply reply) {
                CompletableFuture<AdminReply> answer = asked.get(reply.requestId());
                if (answer != null) {
                    answer.complete(reply);
                }
            }
        }
    }
}
