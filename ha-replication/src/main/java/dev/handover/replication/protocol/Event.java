package dev.handover.replication.protocol;

import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.coordination.CasOutcome;
import dev.handover.coordination.VersionedConfiguration;
import java.util.List;
import java.util.SortedMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What happens to a replica. */
public sealed interface Event {
    /** Time passed. Comes before other events whenever the clock has moved, and at least every few milliseconds. */
    record Tick(long nowNanos, long wallClockMillis) implements Event {}

    /** First event, once: begin. The log on disk was read before, see {@link RecoveredReplica}. */
    record Start() implements Event {}

    /** Answer to {@link Effect.ReadConfiguration}; null if the group has none. */
    record ConfigurationRead(@Nullable VersionedConfiguration configuration) implements Event {}

    /** {@link Effect.ReadConfiguration} failed; the core asks again later. */
    record ConfigurationUnavailable() implements Event {}

    /** A watch saw this configuration; may be old, repeated or out of order. */
    record ConfigurationSeen(VersionedConfiguration configuration) implements Event {}

    /** Answer to {@link Effect.CompareAndSet}. */
    record CasCompleted(UUID nonce, CasOutcome outcome) implements Event {}

    /** Answer to {@link Effect.RecordBoot}: the highest counter recorded before. */
    record BootRecorded(long highestBefore) implements Event {}

    /** {@link Effect.RecordBoot} failed; the core asks again later. */
    record BootUnavailable() implements Event {}

    /** A message came; it may be old, repeated or out of order. */
    record Received(ReplicaId from, Message.OfCore message) implements Event {}

    /** There is a connection to the node. Also sent once for each connection that stands when the group starts. */
    record PeerConnected(NodeId peer) implements Event {}

    /** The connection to the node was lost. */
    record PeerDisconnected(NodeId peer) implements Event {}

    /** The node's host answered that nobody listens at its port: its process is gone. */
    record PeerRefused(NodeId peer) implements Event {}

    /** Part of a long message has come from the node, and hides what it says meanwhile: a leader there is not silent. */
    record Receiving(NodeId peer) implements Event {}

    /**
     * Nobody vouches any more for what rests with that node (R21): {@link Beats} says so.
     *
     * @param heardNanos when it was last vouched for, on the clock of the ticks
     */
    record Unvouched(NodeId peer, long heardNanos) implements Event {}

    /** Commands for the leader. Answered by {@link Effect.Accepted} or {@link Effect.Rejected} for each tag. */
    record Propose(List<? extends Proposed> proposals) implements Event {}

    /**
     * Reads that may be answered under a lease (R16). Each is answered by {@link Effect.ReadLeased}, or as {@link Read} is: there is no lease, or this replica does not
     * lead.
     */
    record ReadLeased(List<Long> readIds) implements Event {}

    /** Linearizable reads. Each is answered by {@link Effect.ReadReady} or {@link Effect.ReadFailed}. */
    record Read(List<Long> readIds) implements Event {}

    /** Every write up to and with this one, in the order they were asked for, is durable. */
    record Persisted(long writeId) implements Event {}

    /** Answer to {@link Effect.Fetch}. */
    record Fetched(long fetchId, List<LogEntry> entries) implements Event {}

    /** A write, force or read of the disk failed (R15). */
    record DiskFailed(String reason) implements Event {}

    /** Whether the own disk has room for what comes; it has until this says otherwise (R15). */
    record DiskRoom(boolean there) implements Event {}

    /** The state machine has applied everything up to and with index. */
    record Applied(long index) implements Event {}

    /**
     * A snapshot of this replica's state is durable, and everything is that was asked to be written before the entry at its position was handed to the state machine: that is why the adopted epoch
     * is never behind the snapshot (R2).
     *
     * @param marginFrom entries from here up to the snapshot are few enough bytes to stay for followers that are behind; those before are not
     */
    record SnapshotTaken(SnapshotPosition position, long marginFrom) implements Event {
        /** With no limit of bytes. */
        public SnapshotTaken(SnapshotPosition position) {
            this(position, 1);
        }
    }

    /**
     * A snapshot of a leader was received whole, verified, and is durable; the epoch in which it was sent was adopted here, and is durable, too.
     *
     * @param lineage that it belongs to
     */
    record SnapshotReceived(SnapshotPosition position, UUID lineage) implements Event {}

    /** Answer to {@link Effect.SendSnapshot}: the replica has it, or the sending was given up. */
    record SnapshotSendEnded(ReplicaId to) implements Event {}

    /** The application cannot go on (the state machine threw, say): the replica must fault. */
    record ApplicationFailed(String reason) implements Event {}

    /**
     * Remove a node from the group, or admit it again (R22). Ends with one {@link Effect.MembersChanged}.
     *
     * @param id given back with the effect
     * @param node any, also one that is not there
     * @param remove false to admit it again
     * @param patienceNanos how long this may take
     */
    record ChangeMembers(long id, NodeId node, boolean remove, long patienceNanos) implements Event {}

    /**
     * Give the leadership to another replica of the in-sync set (R18). Ends with an {@link Effect.Transfer} whose step {@link
     * dev.handover.event.HaEvent.TransferStep#isLast is the last}.
     *
     * @param id given back with every effect
     * @param target null for the one that holds most
     * @param patienceNanos how long the target may take to catch up, and later to be heard
     */
    record Transfer(long id, @Nullable NodeId target, long patienceNanos) implements Event {}

    /** Whether this leader must leave the group's feature level as it is for now (R20): a switch between two versions is open, and going back must stay possible. Not held at first. */
    record HoldFeatureLevel(boolean held) implements Event {}

    /**
     * How much each node should lead, compared with the others (R23): the higher the rather. Whoever is not named has rank 0. May come at any time.
     *
     * @param ranks of the nodes that announce themselves
     * @param transfers whether a leader should give the leadership to a member of a higher rank that could have led for some time
     */
    record Ranks(SortedMap<NodeId, Integer> ranks, boolean transfers) implements Event {}

    /** Stop in order: hand over if leading. Ends with {@link Effect.Stopped}. */
    record Stop() implements Event {}
}
