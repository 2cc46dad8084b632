package dev.handover.examples.admin;

import dev.handover.Configuration;
import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.Registration;
import dev.handover.coordination.Member;
import dev.handover.election.zookeeper.ZooKeeperConfigurationStore;
import dev.handover.netty.NettyTransport;
import dev.handover.netty.TlsOptions;
import dev.handover.replication.admin.AdminClient;
import dev.handover.replication.protocol.Message.AdminVerb;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** What is asked of running nodes. */
final class LiveCommands {
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final ZooKeeperConfigurationStore store;
    private final String nodeCluster;
    private final @Nullable TlsOptions tls;

    /** @param tls as the nodes have it; null: they have none */
    LiveCommands(ZooKeeperConfigurationStore store, String nodeCluster, @Nullable TlsOptions tls) {
        this.store = store;
        this.nodeCluster = nodeCluster;
        this.tls = tls;
    }

    /** The configuration of each group, and one line for each replica. */
    List<Answer> status(List<GroupId> groups) throws IOException {
        List<Member> members = members();
        List<Answer> answers = new ArrayList<>();
        try (AdminClient client = connect(members)) {
            for (GroupId group : groups) {
                Configuration configuration = Store.configuration(store, group);
                List<String> replicas = new ArrayList<>();
                for (Member member : members) {
                    if (member.logs().containsKey(group)) {
                        replicas.add(describe(client, member, group));
                    }
                }
                answers.add(Store.describe(group, configuration).with("replicas", replicas));
            }
        }
        return answers;
    }

    private static String describe(AdminClient client, Member member, GroupId group) {
        String where = member.node() + "/" + member.logs().get(group) + " at " + member.host() + ":" + member.port()
                + ", supports level " + member.featureLevel();
        try {
            Map<String, String> fields = client.ask(member.node(), group, AdminVerb.STATUS, "");
            String fault = fields.getOrDefault("fault", "");
            return where + ": " + fields.get("role") + " in epoch " + fields.get("epoch")
                    + ("true".equals(fields.get("inSync")) ? ", in sync" : ", not in sync") + ", last "
                    + fields.get("lastIndex") + ", committed " + fields.get("commitIndex") + ", applied "
                    + fields.get("appliedIndex") + (fault.isEmpty() ? "" : ", fault: " + fault);
        } catch (IOException e) {
            return where + ": " + e.getMessage();
        }
    }

    /** @param target empty for the best */
    Answer transfer(GroupId group, String target) throws IOException {
        NodeId leader = Store.configuration(store, group).leader().node();
        return ask(group, leader, AdminVerb.TRANSFER, target);
    }

    /** Keeps a node out of the group. */
    Answer remove(GroupId group, NodeId member) throws IOException, RefusedException {
        Configuration configuration = Store.configuration(store, group);
        if (configuration.isRemoved(member)) {
            throw new RefusedException("node " + member + " is removed from group " + group + " already");
        }
        boolean inSync = configuration.inSync().stream()
                .anyMatch(replica -> replica.node().equals(member));
        boolean announced = members().stream()
                .anyMatch(one -> one.node().equals(member) && one.logs().containsKey(group));
        if (!inSync && !announced) {
            throw new RefusedException("node " + member + " is not in group " + group + ": it is neither in sync ("
                    + configuration.inSync() + ") nor running as one that has joined it. Check the name. To keep out"
                    + " a node that is down and no longer in sync, ask the leader itself (HANDOVER REMOVE)");
        }
        return ask(group, configuration.leader().node(), AdminVerb.REMOVE, member.value());
    }

    /** Lets a node in again that was removed. */
    Answer admit(GroupId group, NodeId member) throws IOException, RefusedException {
        Configuration configuration = Store.configuration(store, group);
        if (!configuration.isRemoved(member)) {
            throw new RefusedException("node " + member + " was not removed from group " + group + " (removed are "
                    + configuration.removed() + "): it may come as it is, start it and it joins by itself");
        }
        return ask(group, configuration.leader().node(), AdminVerb.ADMIT, member.value());
    }

    Answer snapshot(GroupId group, NodeId node) throws IOException {
        return ask(group, node, AdminVerb.SNAPSHOT, "");
    }

    private Answer ask(GroupId group, NodeId node, AdminVerb verb, String argument) throws IOException {
        List<Member> there =
                members().stream().filter(member -> member.node().equals(node)).toList();
        if (there.isEmpty()) {
            throw new IOException(
                    "node " + node + " is not announced in ZooKeeper: it does not run, or cannot reach it");
        }
        try (AdminClient client = connect(there)) {
            Answer answer = new Answer().with("group", group).with("node", node);
            client.ask(node, group, verb, argument).forEach(answer::with);
            return answer;
        }
    }

    private List<Member> members() throws IOException {
        CompletableFuture<List<Member>> first = new CompletableFuture<>();
        Registration watch = store.membership().watch(first::complete);
        try {
            return Store.answer(first);
        } finally {
            watch.close();
        }
    }

    private AdminClient connect(List<Member> members) throws IOException {
        Map<NodeId, InetSocketAddress> addresses = new TreeMap<>();
        for (Member member : members) {
            addresses.put(member.node(), InetSocketAddress.createUnresolved(member.host(), member.port()));
        }
        NettyTransport.Builder transport = NettyTransport.builder("127.0.0.1", 0);
        if (tls != null) {
            transport.tls(tls);
        }
        return new AdminClient(transport.build(), nodeCluster, addresses, PATIENCE);
    }
}
