package dev.handover.spring;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.Role;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.election.zookeeper.EmbeddedZooKeeper;
import dev.handover.election.zookeeper.ZooKeeperConfigurationStore;
import dev.handover.netty.NettyTransport;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.StateMachine;
import dev.handover.replication.transport.Transport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.Ordered;
import org.springframework.util.FileSystemUtils;

/** The cluster of a {@link HandoverTest}, to be killed and cut. Methods block until what they say is so, at most 30 seconds; any thread. */
public final class HandoverCluster implements ApplicationListener<ApplicationReadyEvent>, Ordered, DisposableBean {
    /** Name of the application's own node. */
    public static final String APPLICATION = "app";

    private static final Logger LOG = LoggerFactory.getLogger(HandoverCluster.class);
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private record Peer(HaNode node, Map<String, ReplicatedLog> logs) {}

    private final int peers;
    private final GenericApplicationContext context;
    private final Path directory;
    private final EmbeddedZooKeeper zooKeeper;
    private final Map<String, Peer> running = new TreeMap<>();
    private final Map<String, Transport> transports = new ConcurrentHashMap<>();
    private final Map<String, CuttableStore> stores = new ConcurrentHashMap<>();
    private final Set<Set<NodeId>> cuts = ConcurrentHashMap.newKeySet();

    HandoverCluster(int peers, GenericApplicationContext context) {
        this.peers = peers;
        this.context = context;
        try {
            directory = Files.createTempDirectory("handover-test");
            zooKeeper = EmbeddedZooKeeper.builder()
                    .dataDirectory(directory.resolve("zookeeper"))
                    .start();
            zooKeeper.awaitServing(PATIENCE);
        } catch (IOException e) {
            throw new UncheckedIOException("the cluster of a test cannot have its ZooKeeper", e);
        } catch (InterruptedException | TimeoutException e) {
            throw new IllegalStateException("the cluster of a test cannot have its ZooKeeper", e);
        }
    }

    /** Who leads the group. */
    public String leader(String group) {
        String[] leader = new String[1];
        await("somebody leads " + group, () -> {
            long newest = -1;
            for (Map.Entry<String, ReplicatedLog> log : logs(group).entrySet()) {
                var status = log.getValue().status();
                if (status.role() == Role.LEADER && status.epoch() > newest) {
                    newest = status.epoch();
                    leader[0] = log.getKey();
                }
            }
            return leader[0] != null;
        });
        return leader[0];
    }

    /** The names of all nodes that were not killed. */
    public synchronized Set<String> nodes() {
        Set<String> all = new HashSet<>(running.keySet());
        if (transports.containsKey(APPLICATION)) {
            all.add(APPLICATION);
        }
        return all;
    }

    /** That node's replica of the group, to look at it from there. */
    public ReplicatedLog log(String node, String group) {
        ReplicatedLog log = logs(group).get(node);
        if (log == null) {
            throw new IllegalArgumentException(
                    "no node '" + node + "' with a group '" + group + "' runs; there are " + nodes());
        }
        return log;
    }

    /** Gives the leadership of the group to that node. */
    public void transfer(String group, String node) {
        String leader = leader(group);
        if (!leader.equals(node)) {
            get("transfer of " + group, log(leader, group).transferTo(NodeId.of(node)));
        }
    }

    /**
     * Ends a node as SIGKILL would: its connections are closed, its port refuses, and it says goodbye to nobody. The application's own node does not come back in this context; use {@code @DirtiesContext} then.
     */
    public void kill(String node) {
        Transport transport = transports.remove(node);
        if (transport == null) {
            throw new IllegalArgumentException("no node '" + node + "' runs; there are " + nodes());
        }
        transport.close();
        Peer peer;
        synchronized (this) {
            peer = running.remove(node);
        }
        if (peer != null) {
            peer.node.close();
        }
    }

    /** Kills whoever leads the group, and says who it was. */
    public String killLeader(String group) {
        String leader = leader(group);
        kill(leader);
        return leader;
    }

    /** Starts a peer that was killed, on the data that it left. */
    public void restart(String node) {
        if (!node.startsWith("peer-") || nodes().contains(node)) {
            throw new IllegalArgumentException("'" + node + "' is no peer that was killed; there are " + nodes());
        }
        start(node);
    }

    /** No message passes between the two any more, and nobody is told. Both still reach the configuration store: either may be the one that decides to go on without the other. */
    public void cut(String one, String other) {
        cuts.add(Set.of(NodeId.of(one), NodeId.of(other)));
    }

    /** Cuts a node from all others, and from the configuration store. */
    public void isolate(String node) {
        CuttableStore store = stores.get(node);
        if (store == null || !nodes().contains(node)) {
            throw new IllegalArgumentException("no node '" + node + "' runs; there are " + nodes());
        }
        store.cut(true);
        nodes().stream().filter(other -> !other.equals(node)).forEach(other -> cut(node, other));
    }

    /** Everything passes again. */
    public void heal() {
        cuts.clear();
        stores.values().forEach(store -> store.cut(false));
    }

    /** Waits until all nodes that run are in sync in all their groups. */
    public void awaitInSync() {
        for (ReplicatedLog log : context.getBeansOfType(ReplicatedLog.class).values()) {
            logs(log.group().value())
                    .forEach((node, its) -> get(node + " in sync in " + log.group(), its.awaitInSync(PATIENCE)));
        }
    }

    @Override
    public int getOrder() {
        return LOWEST_PRECEDENCE; // after the application's node has joined
    }

    @Override
    public void onApplicationEvent(ApplicationReadyEvent event) {
        if (event.getApplicationContext() == context) {
            awaitInSync(); // the application's node first, so that it leads
            for (int i = 1; i <= peers; i++) {
                start("peer-" + i);
            }
            awaitInSync();
        }
    }

    @Override
    public void destroy() throws IOException {
        List<Peer> all;
        synchronized (this) {
            all = new ArrayList<>(running.values());
            running.clear();
        }
        all.forEach(peer -> peer.node.close());
        zooKeeper.close();
        FileSystemUtils.deleteRecursively(directory);
    }

    String directory(String node) {
        return directory.resolve(node).toString();
    }

    ConfigurationStore connect(String node) {
        CuttableStore store = new CuttableStore(ZooKeeperConfigurationStore.connect(zooKeeper.connectString()));
        stores.put(node, store);
        return store;
    }

    Transport transport(String node) {
        NodeId self = NodeId.of(node);
        Transport transport = new CuttableTransport(
                self,
                NettyTransport.listen("127.0.0.1", 0),
                (one, other) -> !one.equals(other) && cuts.contains(Set.of(one, other)));
        transports.put(node, transport);
        return transport;
    }

    private void start(String name) {
        HandoverProperties properties = context.getBean(HandoverProperties.class);
        HaNode.Builder builder = HaNode.builder(NodeId.of(name))
                .configurationStore(connect(name))
                .transport(transport(name))
                .dataDirectory(directory.resolve(name));
        HandoverAutoConfiguration.settings(properties, builder);
        HaNode node = builder.start();
        Map<String, ReplicatedLog> logs = new TreeMap<>();
        for (ManagedLog log : context.getBeansOfType(ManagedLog.class).values()) {
            GroupId group = log.group();
            logs.put(group.value(), node.join(group, log.observed(another(log.stateMachine()))));
        }
        synchronized (this) {
            running.put(name, new Peer(node, logs));
        }
        LOG.info("{} runs, with {}", name, logs.keySet());
    }

    /** A state machine of the same kind, with a state of its own: made by the same definition. */
    private StateMachine another(StateMachine original) {
        var beans = context.getDefaultListableBeanFactory();
        for (Map.Entry<String, StateMachine> bean :
                beans.getBeansOfType(StateMachine.class, false, false).entrySet()) {
            if (bean.getValue() == original) {
                String name = bean.getKey() + ".ofPeer";
                if (!beans.containsBeanDefinition(name)) {
                    var copy =
                            ((RootBeanDefinition) beans.getMergedBeanDefinition(bean.getKey())).cloneBeanDefinition();
                    copy.setScope(BeanDefinition.SCOPE_PROTOTYPE);
                    copy.setAutowireCandidate(false);
                    beans.registerBeanDefinition(name, copy);
                }
                StateMachine made = beans.getBean(name, StateMachine.class);
                if (made == original) {
                    throw new IllegalStateException(
                            "the definition of bean '" + bean.getKey()
                                    + "' gives the same state machine twice, and every node needs its own; make a new one each time");
                }
                return made;
            }
        }
        throw new IllegalStateException("no bean is " + original);
    }

    private Map<String, ReplicatedLog> logs(String group) {
        Map<String, ReplicatedLog> all = new TreeMap<>();
        if (transports.containsKey(APPLICATION)) {
            context.getBeansOfType(ReplicatedLog.class).values().stream()
                    .filter(log -> log.group().value().equals(group))
                    .forEach(log -> all.put(APPLICATION, log));
        }
        synchronized (this) {
            running.forEach((name, peer) -> {
                if (peer.logs.containsKey(group)) {
                    all.put(name, Objects.requireNonNull(peer.logs.get(group)));
                }
            });
        }
        return all;
    }

    private static void get(String what, CompletableFuture<?> future) {
        try {
            future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException(what + ": not within " + PATIENCE, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(what + ": interrupted", e);
        }
    }

    private static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new IllegalStateException("not within " + PATIENCE + ": " + what);
            }
            try {
                TimeUnit.MILLISECONDS.sleep(5);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while waiting: " + what, e);
            }
        }
    }
}
