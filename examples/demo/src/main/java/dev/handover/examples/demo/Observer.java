package dev.handover.examples.demo;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Asks the servers how they are, over connections of its own. Calls from one thread. */
final class Observer implements AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofSeconds(2);

    private final List<InetSocketAddress> nodes;
    private final List<@Nullable RespConnection> connections;

    Observer(List<InetSocketAddress> nodes) {
        this.nodes = List.copyOf(nodes);
        connections = new ArrayList<>(Collections.nCopies(nodes.size(), null));
    }

    /** What each node says; empty for one that does not answer. */
    List<Optional<NodeInfo>> look() {
        List<Optional<NodeInfo>> infos = new ArrayList<>();
        for (int node = 0; node < nodes.size(); node++) {
            infos.add(look(node));
        }
        return infos;
    }

    /** The node that leads the highest epoch and serves. */
    static Optional<NodeInfo> leader(List<Optional<NodeInfo>> infos) {
        return infos.stream()
                .flatMap(Optional::stream)
                .max(Comparator.comparingLong(NodeInfo::epoch))
                .flatMap(newest -> infos.stream()
                        .flatMap(Optional::stream)
                        .filter(info -> info.serves() && info.epoch() == newest.epoch())
                        .findFirst());
    }

    private Optional<NodeInfo> look(int node) {
        RespConnection connection = connections.get(node);
        try {
            if (connection == null) {
                connection = RespConnection.dial(nodes.get(node), TIMEOUT);
                connections.set(node, connection);
            }
            Reply reply = connection.call("INFO", "replication");
            if (!(reply instanceof Reply.Bulk bulk)) {
                throw new IllegalStateException("INFO was answered by " + reply);
            }
            return Optional.of(NodeInfo.parse(bulk.text()));
        } catch (IOException down) { // which is what the caller is told; the next look dials again
            if (connection != null) {
                connection.close();
            }
            connections.set(node, null);
            return Optional.empty();
        }
    }

    @Override
    public void close() {
        connections.forEach(connection -> {
            if (connection != null) {
                connection.close();
            }
        });
    }
}
