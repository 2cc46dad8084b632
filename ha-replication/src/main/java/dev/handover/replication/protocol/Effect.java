package dev.handover.replication.protocol;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.Role;
import dev.handover.event.HaEvent.TakeOverStep;
import dev.handover.event.HaEvent.TransferStep;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What the shell must do, in the order given. */
public sealed interface Effect {
    /** Send to a node. May get lost. */
    record Send(NodeId to, Message.OfCore message) implements Effect {}

    /** What goes to the disk: strictly in order; {@link Event.Persisted} tells when it is durable. Several may share one force. */
    sealed interface Write extends Effect {
        /** Grows by one with every write. */
        long writeId();
    }

    /** Append to the log. */
    record WriteEntries(long writeId, List<LogEntry> entries) implements Write {}

    /** Cut the log: {@code fromIndex} and everything after it goes. */
    record TruncateLog(long writeId, long fromIndex) implements Write {}

    /** Drop the log before {@code firstIndex}, as far as is convenient: a snapshot holds it. */
    record CompactLog(long writeId, long firstIndex) implements Write {}

    /**
     * The snapshot that {@link Event.SnapshotReceived} told of replaces the whole log, which goes on behind it. Also for the state machine: it is restored from the snapshot after what was
     * handed to it before, and before what is handed to it later; then {@link Event.Applied} tells of the snapshot's index.
     */
    record InstallSnapshot(long writeId, SnapshotPosition position) implements Write {}

    /** Replace the small durable state, apart from the log. */
    record WriteState(long writeId, UUID lineage, long highestEpoch) implements Write {}

    /** Propose a configuration. At most one at a time is under way, the same one (by nonce) may be proposed again. */
    record CompareAndSet(int expectedVersion, Configuration next) implements Effect {}

    /** Read the configuration, linearizably. */
    record ReadConfiguration() implements Effect {}

    /** Record this start in the configuration store. */
    record RecordBoot(long bootCounter) implements Effect {}

    /**
     * Read entries from the log on disk, after the writes that were asked for before: from {@code fromIndex} on at least one, at most up to
     * {@code toIndex}, and about {@code maxBytes}.
     */
    record Fetch(long fetchId, long fromIndex, long toIndex, int maxBytes) implements Effect {}

    /** Committed entries for the state machine, in order, each exactly once per process. */
    record Apply(List<LogEntry> entries) implements Effect {}

    /**
     * Send the newest snapshot to a replica that needs entries which the log no longer holds. Answered by {@link Event.SnapshotSendEnded}, and not asked for again before.
     *
     * @param atLeast it holds everything up to there, or more
     */
    record SendSnapshot(ReplicaId to, long atLeast) implements Effect {}

    /** The proposals were appended from {@code firstIndex} on, in this order, in {@code epoch}. */
    record Accepted(List<? extends Proposed> proposals, long firstIndex, long epoch) implements Effect {}

    /** The proposals were not appended. */
    record Rejected(List<? extends Proposed> proposals, Rejection reason) implements Effect {}

    /** Why a proposal or read was refused; in each case it was surely not appended. */
    enum Rejection {
        /** This replica does not lead. */
        NOT_LEADER,
        /** It leads, but its barrier has not committed yet; ask again in a moment. */
        NOT_YET,
        /** Too much is under way. */
        OVERLOADED,
        /** Fewer replicas in sync than {@code minInSync}. */
        TOO_FEW_IN_SYNC
    }

    /** The read may be answered as soon as everything up to {@code index} is applied. */
    record ReadReady(long readId, long index) implements Effect {}

    /**
     * The read may be answered as soon as everything up to {@code index} is applied, if the lease holds after that; else ask again with {@link Event.Read}.
     */
    record ReadLeased(long readId, long index, Lease lease) implements Effect {}

    /** No {@link Lease} up to this term holds any more. Must be known wherever leases are looked at before the effects after it are executed. */
    record LeaseDropped(long term) implements Effect {}

    /** The read was not confirmed: ask again (NOT_LEADER: when a leader is known). */
    record ReadFailed(long readId, Rejection reason) implements Effect {}

    /**
     * Role, epoch, leader or in-sync set changed; proposals accepted in epochs of an earlier leadership, and not applied yet, are answered by the next leader.
     *
     * @param epoch highest adopted
     * @param leader whom commands should go to; null if not known
     * @param configuration newest known; null if none
     */
    record StatusChanged(
            Role role, long epoch, @Nullable NodeId leader, @Nullable Configuration configuration, String reason)
            implements Effect {}

    /** A step of a take-over by this replica. */
    record TakeOver(TakeOverStep step, long epoch, String detail) implements Effect {}

    /**
     * A step of the transfer that was asked for under this id (R18).
     *
     * @param target null while it is not chosen
     * @param epoch that the transfer makes; before it is proposed, and when it is refused, the present one
     */
    record Transfer(long id, TransferStep step, @Nullable NodeId target, long epoch, String detail) implements Effect {}

    /** How a change of members ended. */
    enum MembersOutcome {
        /** The configuration says so. */
        DONE,
        /** Nothing was done, and will be. */
        REFUSED,
        /** Nobody knows yet: the configuration will tell. */
        UNKNOWN
    }

    /**
     * A change of members that was asked for has ended (R22).
     *
     * @param id of the {@link Event.ChangeMembers}
     * @param epoch of the newest configuration known
     */
    record MembersChanged(long id, NodeId node, MembersOutcome outcome, long epoch, String detail) implements Effect {}

    /** The replica has stopped itself for good: nothing more will be sent, persisted or applied. */
    record Faulted(String reason) implements Effect {}

    /** Answer to {@link Event.Stop}: everything is handed over, or could not be in time. */
    record Stopped(String detail) implements Effect {}
}
