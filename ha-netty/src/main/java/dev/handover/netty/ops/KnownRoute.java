package dev.handover.netty.ops;

import dev.handover.NodeId;
import dev.handover.Registration;
import dev.handover.replication.ReplicatedLog;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What a replica of this process knows. */
final class KnownRoute implements LeaderRoute {
    private final ReplicatedLog log;
    private final Function<NodeId, @Nullable InetSocketAddress> addresses;
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final Registration status;
    private volatile @Nullable NodeId last;

    KnownRoute(ReplicatedLog log, Function<NodeId, @Nullable InetSocketAddress> addresses) {
        this.log = log;
        this.addresses = addresses;
        status = log.onStatus(now -> {
            if (!Objects.equals(last, now.leader())) {
                last = now.leader();
                listeners.forEach(Runnable::run);
            }
        });
    }

    @Override
    public @Nullable InetSocketAddress leader() {
        NodeId leader = log.status().leader();
        return leader == null ? null : addresses.apply(leader);
    }

    @Override
    public Registration listen(Runnable changed) {
        listeners.add(changed);
        return () -> listeners.remove(changed);
    }

    @Override
    public void close() {
        status.close();
        listeners.clear();
    }
}
