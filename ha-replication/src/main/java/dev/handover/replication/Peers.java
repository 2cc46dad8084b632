package dev.handover.replication;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.coordination.Member;
import dev.handover.replication.protocol.Event;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.Message;
import dev.handover.replication.protocol.Message.Reply;
import dev.handover.replication.protocol.Message.Status;
import dev.handover.replication.protocol.Proposal;
import dev.handover.replication.transport.Envelope;
import dev.handover.replication.transport.Hello;
import dev.handover.replication.transport.TransportListener;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The other nodes: where they are, which connections stand, and what comes from them. Any thread. */
final class Peers implements TransportListener {
    private static final Logger LOG = LoggerFactory.getLogger(Peers.class);
    private static final byte[] NOTHING = {};
    private static final UUID NO_LOG = new UUID(0, 0);
    private static final long MAX_WAITING_BYTES = 64L << 20;
    private static final int MESSAGE_OVERHEAD = 512;

    /** A message for one group; counted until it is opened. */
    private final class Incoming extends Mailbox.Mail {
        private final Replica replica;
        private final Envelope envelope;
        private final long bytes;

        Incoming(Replica replica, Envelope envelope, long bytes) {
            this.replica = replica;
            this.envelope = envelope;
            this.bytes = bytes;
        }

        @Override
        void open() {
            waitingBytes.addAndGet(-bytes);
            replica.received(envelope);
        }
    }

    /** What became of a connection. One class for all, so that those of a take-over are loaded by the first connection. */
    private final class News extends Mailbox.Mail {
        static final int CONNECTED = 0;
        static final int DISCONNECTED = 1;
        static final int REFUSED = 2;

        private final int what;
        private final NodeId peer;
        private final String reason;

        News(int what, NodeId peer, String reason) {
            this.what = what;
            this.peer = peer;
            this.reason = reason;
        }

        @Override
        void open() {
            if (what != REFUSED) {
                node.loop().connectionChanged(peer);
            }
            for (Replica replica : List.copyOf(node.loop().replicas())) {
                if (what == CONNECTED) {
                    replica.connected(peer);
                } else if (what == DISCONNECTED) {
                    replica.disconnected(peer, reason);
                } else {
                    replica.step(new Event.PeerRefused(peer));
                }
            }
        }
    }

    private final NodeRuntime node;
    private final AdminDesk desk;
    private final UUID incarnation = UUID.randomUUID();
    private final Map<NodeId, Hello> connected = new ConcurrentHashMap<>();
    private final Map<NodeId, InetSocketAddress> addresses = new HashMap<>();
    private final Map<NodeId, String> rejections = new ConcurrentHashMap<>();
    private final AtomicLong waitingBytes = new AtomicLong();
    private volatile List<Member> members = List.of();
    /** With those that announce themselves no more, but may be there still. */
    private final Map<NodeId, Member> remembered = new ConcurrentHashMap<>();

    Peers(NodeRuntime node) {
        this.node = node;
        desk = new AdminDesk(node);
    }

    /** With whom connections stand. */
    List<NodeId> connected() {
        return connected.keySet().stream().sorted().toList();
    }

    /** Who announced itself when it was last looked. */
    List<Member> members() {
        return members;
    }

    /**
     * Who announces itself, and where. Who has vanished from the list stays while a connection stands or a group counts on it: a lost session of the
     * configuration store says nothing about the life of a node (R14).
     */
    synchronized void members(List<Member> members) {
        this.members = List.copyOf(members);
        Map<NodeId, InetSocketAddress> named = new TreeMap<>();
        for (Member member : members) {
            if (!member.node().equals(node.self())) {
                named.put(member.node(), InetSocketAddress.createUnresolved(member.host(), member.port()));
            }
        }
        addresses
                .keySet()
                .removeIf(peer -> !named.containsKey(peer) && !connected.containsKey(peer) && !node.countsOn(peer));
        addresses.putAll(named);
        members.forEach(member -> remembered.put(member.node(), member));
        remembered.keySet().removeIf(peer -> !peer.equals(node.self()) && !addresses.containsKey(peer));
        node.loop().run(() -> node.loop().replicas().forEach(this::tellRanks));
        node.transport().connectTo(new TreeMap<>(addresses));
        node.drains().look();
    }

    /** R23: who should rather lead, as far as is known. On the loop. */
    void tellRanks(Replica replica) {
        replica.step(new Event.Ranks(ranks(replica), node.options().transferToPreferred()));
    }

    /** How much each node should lead that group, as far as is known. */
    SortedMap<NodeId, Integer> ranks(Replica replica) {
        return LeaderRanks.of(remembered.values(), replica.group(), replica.favoured());
    }

    /** These nodes should lead that group before all others. */
    void favour(Replica replica, Set<NodeId> nodes) {
        replica.favour(nodes);
        node.loop().run(() -> {
            if (node.loop().replicas().contains(replica)) {
                tellRanks(replica);
            }
        });
    }

    @Override
    public Hello hello() {
        Map<GroupId, Hello.GroupIdentity> groups = new TreeMap<>();
        for (Replica replica : node.replicas()) {
            groups.put(replica.group(), new Hello.GroupIdentity(replica.self().logId(), replica.lineage()));
        }
        return new Hello(node.options().cluster(), node.self(), incarnation, groups);
    }

    @Override
    public @Nullable String refusalOf(Hello peer) {
        if (!peer.cluster().equals(node.options().cluster())) {
            return "node " + node.self() + " belongs to cluster '"
                    + node.options().cluster() + "', node " + peer.node() + " to cluster '" + peer.cluster()
                    + "'; correct the cluster name or the address of one of them";
        }
        if (peer.node().equals(node.self()) && !peer.incarnation().equals(incarnation)) {
            return "two processes call themselves node " + node.self() + "; give each its own node id";
        }
        for (Replica replica : node.replicas()) {
            Hello.GroupIdentity theirs = peer.groups().get(replica.group());
            UUID ours = replica.lineage();
            if (theirs != null && theirs.lineage() != null && ours != null && !ours.equals(theirs.lineage())) { // R12
                return "group " + replica.group() + " has lineage " + ours + " on node " + node.self() + " and "
                        + theirs.lineage() + " on node " + peer.node()
                        + ": one of the data directories belongs to another history; "
                        + "compare with the group's configuration, and start the other node with an empty directory";
            }
        }
        return null;
    }

    @Override
    public void connected(Hello peer) {
        if (peer.node().isTool()) {
            return;
        }
        connected.put(peer.node(), peer);
        rejections.remove(peer.node());
        node.loop().post(new News(News.CONNECTED, peer.node(), ""));
    }

    @Override
    public void disconnected(NodeId peer, String reason) {
        if (peer.isTool()) {
            return;
        }
        connected.remove(peer);
        node.loop().post(new News(News.DISCONNECTED, peer, reason));
    }

    @Override
    public void refused(NodeId peer) {
        node.loop().post(new News(News.REFUSED, peer, ""));
    }

    @Override
    public void rejected(NodeId peer, String reason) {
        if (!reason.equals(rejections.put(peer, reason))) { // it is tried again and again: said once
            LOG.warn("[{}] no connection with node {}: {}", node.self(), peer, reason);
        }
    }

    @Override
    public void receiving(NodeId peer) {
        node.loop().run(() -> node.loop().receiving(peer));
    }

    @Override
    public void received(Envelope envelope) {
        Message message = envelope.message();
        if (message instanceof Message.AdminRequest request) {
            desk.received(envelope, request);
            return;
        }
        if (envelope.from().node().isTool()) {
            return; // a tool has nothing to say to a replica
        }
        if (message instanceof Message.Beat beat) {
            node.loop().postQuietly(new Worker.Task(() -> node.loop()
                    .beat(envelope.from().node(), beat)));
            return;
        }
        Replica replica = node.replica(envelope.group());
        if (replica == null) {
            if (message instanceof Message.Forward forward) {
                refuse(envelope, forward, Status.NOT_LEADER, NO_LOG);
            }
            return; // not joined, or left: as good as lost
        }
        long bytes = MESSAGE_OVERHEAD + bytesOf(message);
        if (waitingBytes.addAndGet(bytes) > MAX_WAITING_BYTES && !(message instanceof Message.Replies)) {
            waitingBytes.addAndGet(-bytes);
            if (message instanceof Message.Forward forward) {
                refuse(envelope, forward, Status.OVERLOADED, replica.self().logId());
            }
            return; // as good as lost: the core repeats
        }
        if (!node.loop().postQuietly(new Incoming(replica, envelope, bytes))) {
            waitingBytes.addAndGet(-bytes);
        }
    }

    @Override
    public void receivedAll() {
        node.loop().help();
    }

    private void refuse(Envelope envelope, Message.Forward forward, Status status, UUID logId) {
        List<Reply> replies = new ArrayList<>();
        for (Proposal proposal : forward.proposals()) {
            replies.add(new Reply(proposal.tag(), status, NOTHING));
        }
        node.transport()
                .send(
                        envelope.from().node(),
                        new Envelope(
                                envelope.group(), new ReplicaId(node.self(), logId), new Message.Replies(replies)));
    }

    private static long bytesOf(Message message) {
        long bytes = 0;
        if (message instanceof Message.Append append) {
            for (LogEntry entry : append.entries()) {
                bytes += entry.size();
            }
        } else if (message instanceof Message.Forward forward) {
            for (Proposal proposal : forward.proposals()) {
                bytes += MESSAGE_OVERHEAD / 8 + proposal.payload().length;
            }
        } else if (message instanceof Message.Replies replies) {
            for (Reply reply : replies.replies()) {
                bytes += MESSAGE_OVERHEAD / 8 + reply.result().length;
            }
        }
        return bytes;
    }
}
