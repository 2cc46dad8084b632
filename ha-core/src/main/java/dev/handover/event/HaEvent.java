package dev.handover.event;

import dev.handover.Configuration;
import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.Redundancy;
import dev.handover.Role;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Something an operator must be able to see. {@code at} is the wall clock of the node that reports, {@code node}. */
public sealed interface HaEvent {
    /** When, by the reporting node's wall clock. */
    Instant at();

    /** The node that reports. */
    NodeId node();

    /** The group it is about. */
    GroupId group();

    /** A replica changed its role; {@code reason} says why in words. */
    record RoleChanged(Instant at, NodeId node, GroupId group, Role from, Role to, long epoch, String reason)
            implements HaEvent {}

    /** A replica has learned of a newer configuration: another leader, or another in-sync set. */
    record ConfigurationChanged(Instant at, NodeId node, GroupId group, Configuration configuration)
            implements HaEvent {}

    /**
     * The number of copies has changed, or who is missing.
     *
     * @param epoch of the configuration that changed it
     * @param reason of that configuration: who was removed or added, and why
     */
    record RedundancyChanged(Instant at, NodeId node, GroupId group, Redundancy redundancy, long epoch, String reason)
            implements HaEvent {}

    /** The steps of a take-over, in order; each carries its time, so that how long a take-over took is measured and never estimated. */
    enum TakeOverStep {
        /** The leader is believed to be gone. */
        SUSPECTED,
        /** The compare-and-set is on its way. */
        PROPOSED,
        /** Somebody else was faster, or the leader is well after all. */
        LOST,
        /** The compare-and-set was confirmed: this replica leads the new epoch. */
        WON,
        /** The barrier has committed: everything acknowledged before is here, and commands flow. */
        SERVING
    }

    /** One step of a take-over by the reporting replica; {@code nanos} is its monotonic clock, for differences only. */
    record TakeOver(Instant at, NodeId node, GroupId group, TakeOverStep step, long epoch, long nanos, String detail)
            implements HaEvent {}

    /** The steps of a planned transfer of the leadership, as the old leader sees them. */
    enum TransferStep {
        /** Somebody has asked for it; the target catches up while this leader serves. */
        ASKED(false),
        /** The compare-and-set is on its way; this leader serves. */
        PROPOSED(false),
        /** Its answer was lost; this leader serves until it knows. */
        IN_DOUBT(false),
        /** It was confirmed: the target leads. Here the pause begins. */
        TRANSFERRED(false),
        /** The new leader serves, as heard from itself: here the pause ends. */
        SERVING(true),
        /** It was not begun; the detail says why. */
        REFUSED(true),
        /** It was not done; this leader goes on as before. */
        GIVEN_UP(true),
        /** Somebody else than the target leads that epoch or a later one. */
        OVERTAKEN(true),
        /** It was done, but the new leader was not heard to serve. */
        UNHEARD(true);

        private final boolean last;

        TransferStep(boolean last) {
            this.last = last;
        }

        /** Whether nothing comes after it. */
        public boolean isLast() {
            return last;
        }
    }

    /**
     * One step of a transfer from the reporting replica; {@code nanos} is its monotonic clock, for differences only. The new leader reports the end of its way as
     * {@link TakeOver}.
     *
     * @param target null while it is not chosen
     * @param epoch that the transfer makes; before it is proposed the present one
     */
    record Transfer(
            Instant at,
            NodeId node,
            GroupId group,
            TransferStep step,
            @Nullable NodeId target,
            long epoch,
            long nanos,
            String detail)
            implements HaEvent {}

    /** The replica has stopped itself; {@code reason} names cause and remedy. */
    record ReplicaFaulted(Instant at, NodeId node, GroupId group, String reason) implements HaEvent {}

    /** The connection to a peer came up ({@code lost} is null) or went away. */
    record PeerConnection(Instant at, NodeId node, GroupId group, NodeId peer, @Nullable String lost)
            implements HaEvent {}

    /** What can happen to a snapshot. */
    enum SnapshotStep {
        /** One of the own state is on the disk. */
        TAKEN,
        /** It could not be taken; the replica goes on with its log. */
        TAKING_FAILED,
        /** Another replica was sent one. */
        SENT,
        /** Sending was given up; it is begun again while the other needs it. */
        SENDING_FAILED,
        /** One was received whole and is on the disk. */
        RECEIVED,
        /** What was received is no use, or could not be written; the leader sends again. */
        RECEIVING_FAILED,
        /** The state is that of the one received now. */
        INSTALLED
    }

    /**
     * Something happened to a snapshot.
     *
     * @param index of the last entry that it contains; 0 if that is not known
     * @param bytes its size; 0 if that is not known
     * @param detail who else takes part, or what went wrong
     */
    record Snapshot(Instant at, NodeId node, GroupId group, SnapshotStep step, long index, long bytes, String detail)
            implements HaEvent {}

    /** What a replica can find out about its disk without stopping itself for it. */
    enum StorageFinding {
        /** The end of the log was torn by a crash, or gives way to a snapshot: it was cut when the log was opened. Nothing that was acknowledged was in it. */
        TAIL_CUT(false),
        /** What had been forced is missing or wrong: the log was set aside, and the replica is rebuilt from its peers. */
        LOG_DAMAGED(true),
        /** A snapshot does not verify or does not belong to the log; an older one takes its place. */
        SNAPSHOT_UNUSABLE(true),
        /** The disk is nearly full: a leader takes no commands, and gives way if another replica has room; a follower stops when what is left is full. */
        NO_ROOM(true),
        /** There is room again. */
        ROOM_AGAIN(false);

        private final boolean alarm;

        StorageFinding(boolean alarm) {
            this.alarm = alarm;
        }

        /** Whether somebody should look at it. */
        public boolean isAlarm() {
            return alarm;
        }
    }

    /** Something was found on the disk; {@code detail} says what and where, how many bytes, and what to do. */
    record Storage(Instant at, NodeId node, GroupId group, StorageFinding finding, String detail) implements HaEvent {}

    /** The steps of a blue-green switch, and how it can end. */
    enum SwitchStep {
        /** The new version joins, catches up, and everybody learns that a switch is open. */
        PREPARE(false),
        /** The application's warm-up runs on the new version's instances. */
        WARM(false),
        /** The new version's instances are asked whether they are ready. */
        GATE(false),
        /** The new colour is live; the leadership of every group moves to it. */
        SWITCH(false),
        /** The new version is watched, and compared with the old one. */
        BAKE(false),
        /** It stays: from here on nothing goes back by itself. */
        COMMIT(false),
        /** The old version's instances finish what they have. */
        DRAIN(false),
        /** The old colour is live again; the leadership of every group moves back to it. */
        ROLL_BACK(false),
        /** Ended: the new colour is live. */
        COMMITTED(true),
        /** Ended: it was switched and switched back, and the old colour is live. */
        ROLLED_BACK(true),
        /** Ended before anything was switched: the old colour is live. */
        ABORTED(true),
        /** Ended: a dry run that would have switched next. */
        REHEARSED(true);

        private final boolean last;

        SwitchStep(boolean last) {
            this.last = last;
        }

        /** Whether the switch is over. */
        public boolean isLast() {
            return last;
        }
    }

    /**
     * One step of a blue-green switch has begun, as each instance of the service reports it.
     *
     * @param group first of the service
     * @param service whose versions are switched
     * @param live colour that is live from this step on
     * @param generation of the live colour: grows by one whenever another colour becomes live
     * @param detail who conducts it, and why
     */
    record ColourSwitch(
            Instant at,
            NodeId node,
            GroupId group,
            String service,
            SwitchStep step,
            String from,
            String to,
            String live,
            long generation,
            String detail)
            implements HaEvent {}

    /** What an instance sees or does while partitions are spread over instances. */
    enum BalanceStep {
        /** Something is to move, or somebody is awaited. */
        SPREADING,
        /** This instance has given a partition away. */
        MOVED,
        /** This instance wanted to give a partition away, and it was refused or failed; it is drawn again. */
        NOT_MOVED,
        /** A partition comes back again and again to this instance, which waits ever longer before it gives it away once more. */
        TO_AND_FRO,
        /** Nothing is to move, and nobody is awaited. */
        SETTLED
    }

    /**
     * How the partitions of a service are spread, as each instance reports it for itself.
     *
     * @param group the partition's, or the first partition's if it is about all
     * @param partitions name of the whole
     * @param detail who gets it, why it was refused, who is awaited
     */
    record PartitionBalance(Instant at, NodeId node, GroupId group, String partitions, BalanceStep step, String detail)
            implements HaEvent {}

    /** The configuration store stopped answering, or answers again. Writes go on meanwhile; take-overs wait. */
    record Coordination(Instant at, NodeId node, GroupId group, boolean reachable, String detail) implements HaEvent {}
}
