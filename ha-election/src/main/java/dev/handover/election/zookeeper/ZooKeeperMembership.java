package dev.handover.election.zookeeper;

import dev.handover.NodeId;
import dev.handover.Registration;
import dev.handover.coordination.Member;
import dev.handover.coordination.Membership;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** Members as ephemeral znodes: one {@link SelfAnnouncement} per announced node, one {@link MemberWatch} per listener. */
final class ZooKeeperMembership implements Membership {
    private final Session session;
    private final Paths paths;
    private final UUID instance;
    private final Map<NodeId, SelfAnnouncement> announced = new ConcurrentHashMap<>();
    private volatile boolean closed;

    ZooKeeperMembership(Session session, Paths paths, UUID instance) {
        this.session = session;
        this.paths = paths;
        this.instance = instance;
    }

    @Override
    public CompletableFuture<Void> announce(Member self) {
        byte[] content = new Announcement(instance, self).encode();
        SelfAnnouncement announcement = announced.computeIfAbsent(
                self.node(), node -> new SelfAnnouncement(session, paths.node(node), instance));
        CompletableFuture<Void> visible = announcement.announce(content);
        if (closed) {
            close();
        }
        return visible;
    }

    @Override
    public Registration watch(Consumer<List<Member>> listener) {
        return new MemberWatch(session, paths, listener);
    }

    void close() {
        closed = true;
        announced.values().forEach(announcement -> announcement.close(new IOException("the store is closed")));
    }
}
