package dev.handover.spring;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.replication.HaNode;
import dev.handover.replication.InMemoryConfigurationStore;
import dev.handover.replication.InMemoryNetwork;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.StateMachine;
import dev.handover.replication.transport.Transport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.availability.ApplicationAvailabilityAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** A store and a network in memory, for contexts and for nodes beside them. */
final class Memory implements AutoCloseable {
    static final Duration LONG = Duration.ofSeconds(30);

    final InMemoryConfigurationStore store = new InMemoryConfigurationStore();
    final InMemoryNetwork network = new InMemoryNetwork();
    private final Path directory;
    private final List<HaNode> nodes = new ArrayList<>();
    private final Map<String, Transport> transports = new HashMap<>();

    Memory(Path directory) {
        this.directory = directory;
    }

    /** A context with all of Handover that needs no web server. */
    ApplicationContextRunner runner(String node) {
        return new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(
                        HandoverAutoConfiguration.class, ApplicationAvailabilityAutoConfiguration.class))
                .withBean("store", ConfigurationStore.class, store::connect)
                .withBean("transport", Transport.class, network::transport)
                .withPropertyValues("handover.node-id=" + node, "handover.data-directory=" + directory.resolve(node));
    }

    /** Another node, in sync, without Spring. */
    ReplicatedLog join(String node, String group, StateMachine machine) throws Exception {
        transports.put(node, network.transport());
        HaNode other = HaNode.builder(NodeId.of(node))
                .configurationStore(store.connect())
                .transport(transports.get(node))
                .dataDirectory(directory.resolve(node))
                .start();
        nodes.add(other);
        ReplicatedLog log = other.join(GroupId.of(group), machine);
        inSync(log);
        return log;
    }

    /** One of those without Spring. */
    HaNode node(String id) {
        return nodes.stream()
                .filter(node -> node.id().value().equals(id))
                .findFirst()
                .orElseThrow();
    }

    /** As if the process had died: connections closed, dials refused. */
    void kill(String node) {
        transports.get(node).close();
    }

    static void inSync(ReplicatedLog log) throws Exception {
        log.awaitInSync(LONG).get(LONG.toSeconds(), TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        nodes.forEach(HaNode::close);
        store.close();
        network.close();
    }
}
