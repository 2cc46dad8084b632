package dev.handover.replication.protocol;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What the parts of one replica share. */
final class ReplicaState {
    final ProtocolOptions options;
    final ReplicaId self;
    final Supplier<UUID> ids;
    final List<Effect> effects = new ArrayList<>();
    final ReplicaLog log;
    final ApplyFlow apply;
    final SnapshotKeeping snapshots;
    final Grants grants;
    final Leases leases;
    final Preference preference;
    final OwnDisk disk;
    /** Nodes that a connection stands to. */
    final Set<NodeId> connected = new TreeSet<>();
    /** Which replica was last heard from a node, on its present connection. */
    final Map<NodeId, ReplicaId> heard = new TreeMap<>();

    /** Nodes whose host has answered that nobody listens, since the last connection. */
    final Set<NodeId> refused = new TreeSet<>();

    long now;
    long wallMillis;
    /** R21: how long there must be nothing to do before a group rests; for ever unless the shell vouches for its node. */
    long restAfterNanos = Long.MAX_VALUE;

    /** R20: the level stays as it is while this is set. */
    boolean featureLevelHeld;

    @Nullable
    UUID lineage;
    /** R2: adopted; nothing lower is ever acknowledged again. */
    long highestEpoch;

    Role role = Role.RECOVERING;
    String reason = "start";
    long commitIndex;

    ReplicaState(ProtocolOptions options, ReplicaId self, RecoveredReplica recovered, Supplier<UUID> ids) {
        this.options = options;
        this.self = self;
        this.ids = ids;
        log = new ReplicaLog(recovered, options.tailBytes(), effects);
        apply = new ApplyFlow(this, recovered.snapshot().index());
        grants = new Grants(recovered);
        leases = new Leases(this);
        preference = new Preference(this);
        disk = new OwnDisk(this);
        lineage = recovered.lineage();
        highestEpoch = recovered.highestEpoch();
        commitIndex = recovered.snapshot().index(); // a snapshot holds only what was committed
        snapshots = new SnapshotKeeping(this, recovered.snapshot());
    }

    void become(Role next, String why) {
        role = next;
        reason = why;
    }

    /** R2: forces the epoch to disk; nothing is sent in it before that is done. */
    void rememberEpoch(long epoch, UUID lineageOfEpoch) {
        highestEpoch = epoch;
        lineage = lineageOfEpoch;
        log.writeState(lineageOfEpoch, epoch);
    }

    /** Whether answers and messages of the adopted epoch may go out (R2). */
    boolean epochIsDurable() {
        return log.durableEpoch() >= highestEpoch;
    }

    void send(NodeId to, Message.OfCore message) {
        effects.add(new Effect.Send(to, message));
    }

    void advanceCommit(long index) {
        if (index > commitIndex) {
            commitIndex = index;
            apply.advance();
        }
    }

    /** Whether this very replica can be reached, as far as is known: another log on the same node is another replica (R12). */
    boolean reachable(ReplicaId id) {
        ReplicaId present = heard.get(id.node());
        return connected.contains(id.node()) && (present == null || present.equals(id));
    }

    /** A leader's next configuration at a higher feature level (R20). */
    Configuration raised(Configuration base, int featureLevel) {
        return new Configuration(
                base.lineage(),
                base.epoch() + 1,
                base.leader(),
                base.inSync(),
                base.minInSync(),
                featureLevel,
                ids.get(),
                "feature level " + base.featureLevel() + " to " + featureLevel,
                base.leaseNanos(),
                base.removed());
    }

    /** A leader's or candidate's next configuration; only leader and in-sync set differ. */
    Configuration successor(Configuration base, ReplicaId leader, List<ReplicaId> inSync, String why) {
        return new Configuration(
                base.lineage(),
                base.epoch() + 1,
                leader,
                inSync,
                base.minInSync(),
                base.featureLevel(),
                ids.get(),
                why,
                base.leaseNanos(),
                base.removed());
    }
}
