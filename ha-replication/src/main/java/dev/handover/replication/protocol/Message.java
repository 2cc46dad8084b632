package dev.handover.replication.protocol;

import dev.handover.coordination.VersionedConfiguration;
import java.util.List;
import java.util.UUID;

/** What replicas of one group say to each other. The sender's identity travels beside the message. */
public sealed interface Message {
    /** Of the core: what {@link ReplicaProtocol} sends and takes. The other messages are between shells. */
    sealed interface OfCore extends Message {}

    /**
     * From the leader of {@code epoch}: entries after {@code (prevIndex, prevEpoch)}; without entries a heartbeat and a probe.
     *
     * @param prevIndex index before the first entry; 0 at the start of the log
     * @param prevEpoch epoch of the entry there; 0 at the start of the log
     * @param entries without gaps, from prevIndex + 1
     * @param commitIndex of the leader
     * @param round grows with every read that waits for confirmation; the answer carries the greatest one seen (R16)
     */
    record Append(long epoch, long prevIndex, long prevEpoch, List<LogEntry> entries, long commitIndex, long round)
            implements OfCore {}

    /**
     * To the leader of {@code epoch}: what is durable here and matches its log (R4).
     *
     * @param durableIndex everything up to it is durable and the leader's
     * @param round greatest round seen in this epoch
     */
    record Ack(long epoch, long durableIndex, long round) implements OfCore {}

    /**
     * To the leader of {@code epoch}: the entry before the ones sent is missing or another one here.
     *
     * @param prevIndex of the {@link Append} that did not match
     * @param hintIndex where the sender's log may match: the greatest index at or below prevIndex whose epoch is not above prevEpoch; 0 for the start
     * @param hintEpoch epoch of the entry there
     * @param round greatest round seen in this epoch
     */
    record Mismatch(long epoch, long prevIndex, long hintIndex, long hintEpoch, long round) implements OfCore {}

    /** Answer to a message of an older epoch (R2): the sender has adopted {@code epoch}. */
    record Stale(long epoch) implements OfCore {}

    /**
     * To the presumed leader, repeated until it sends: I am here, my log ends at {@code (lastIndex, lastEpoch)}.
     *
     * @param epoch highest epoch adopted
     * @param lineage of the sender's log, all zero while it has none
     * @param featureLevel highest entry format that the sender can read
     * @param learner it wants to follow and never to be in sync (R22)
     */
    record Join(long epoch, UUID lineage, long lastIndex, long lastEpoch, int featureLevel, boolean learner)
            implements OfCore {
        /** From one that wants to be in sync. */
        public Join(long epoch, UUID lineage, long lastIndex, long lastEpoch, int featureLevel) {
            this(epoch, lineage, lastIndex, lastEpoch, featureLevel, false);
        }
    }

    /**
     * To the leader of {@code epoch}, with every answer to a heartbeat while the group's level is below the sender's: what it could read (R20).
     *
     * @param featureLevel highest entry format that the sender can read
     */
    record Supports(long epoch, int featureLevel) implements OfCore {}

    /** To the leader of {@code epoch}, with every answer to a heartbeat while it is so: soon nothing more can be written here, so that another one should lead (R15). */
    record LacksRoom(long epoch) implements OfCore {}

    /**
     * From the leader of {@code epoch}, beside a heartbeat: there is nothing to do, expect nothing more until there is (R21).
     *
     * @param lastIndex end of the log
     */
    record Rest(long epoch, long lastIndex) implements OfCore {}

    /** To the leader of {@code epoch}: the sender holds everything up to {@code lastIndex}, knows that it is committed, and rests (R21). */
    record Resting(long epoch, long lastIndex) implements OfCore {}

    /**
     * From node to node: the sender lives, and so do its replicas of the groups that rest with the receiver's (R21).
     *
     * @param number grows with every change of the lists
     * @param listed whether the lists are here; else they are those of the beat of this number
     * @param led of the groups that the sender leads and the receiver follows: {@link Beats#term}
     * @param followed of the groups that the receiver leads and the sender follows
     */
    record Beat(long number, boolean listed, List<Long> led, List<Long> followed) implements Message {}

    /** The sender is being stopped, in order; if it leads, it acknowledges nothing any more. */
    record Goodbye(long epoch) implements OfCore {}

    /**
     * From the leader of the epoch before, to everybody: it has proposed this configuration, in which another one leads, and knows it to be stored (R18). It has sent
     * everything else before, acknowledges nothing any more, and serves no read.
     */
    record Transferred(VersionedConfiguration configuration) implements OfCore {}

    /** From a follower: up to where must I have applied to answer a read that arrived now? */
    record ReadIndexRequest(long requestId) implements OfCore {}

    /**
     * From the leader.
     *
     * @param readIndex the answer; -1 if the receiver of the request does not lead
     */
    record ReadIndexReply(long requestId, long readIndex) implements OfCore {}

    /**
     * A leader has a snapshot for a replica that needs one; repeated until it is answered.
     *
     * @param epoch that the sender leads
     * @param id of these very bytes
     * @param index last entry contained
     * @param indexEpoch epoch of that entry
     * @param timestamp of that entry
     * @param bytes length of the content
     * @param contentChecksum CRC32C of the content
     */
    record SnapshotOffer(
            long epoch,
            UUID id,
            long index,
            long indexEpoch,
            long timestamp,
            UUID lineage,
            int featureLevel,
            long createdAtMillis,
            long bytes,
            int contentChecksum)
            implements Message {}

    /** Some of the content, from {@code offset} on. */
    record SnapshotChunk(UUID id, long offset, byte[] data) implements Message {}

    /**
     * To who offered the snapshot.
     *
     * @param position everything before it is here
     */
    record SnapshotAck(UUID id, long position, SnapshotAnswer answer) implements Message {}

    /** What the sender of a snapshot should do. */
    enum SnapshotAnswer {
        /** Send what comes next. */
        GO_ON,
        /** Send again from {@code position} on: something is missing. */
        AGAIN,
        /** It is complete and durable. */
        DONE,
        /** It is not wanted, or could not be written: give up. */
        REFUSED
    }

    /**
     * From the leader of {@code epoch}: promise to commit nothing without me for so long (R16).
     *
     * @param sentNanos on the leader's clock; means nothing to the receiver, and comes back in the answer
     * @param periodNanos for how long, from the receipt on, on the receiver's clock
     */
    record LeaseRequest(long epoch, long sentNanos, long periodNanos) implements OfCore {}

    /** To the leader of {@code epoch}: promised, in answer to what was sent at {@code sentNanos}. */
    record LeaseGranted(long epoch, long sentNanos) implements OfCore {}

    /** Commands that reached a node which does not lead; tags are the sender's. */
    record Forward(List<Proposal> proposals) implements Message {}

    /** Answers to forwarded commands. */
    record Replies(List<Reply> replies) implements Message {}

    /**
     * Answer to one forwarded command.
     *
     * @param tag of the forwarded proposal
     * @param result what the state machine gave back; the text of the error else
     */
    record Reply(long tag, Status status, byte[] result, long index) {
        /** Of a command that is in no log. */
        public Reply(long tag, Status status, byte[] result) {
            this(tag, status, result, 0);
        }
    }

    /** How a forwarded command ended. */
    enum Status {
        /** Applied; the result is the state machine's. */
        APPLIED,
        /** The receiver does not lead, or stopped leading before the entry was committed: ask the new leader, under the same session and sequence. */
        NOT_LEADER,
        /** Refused before it was appended: a bounded queue is full. */
        OVERLOADED,
        /** Refused before it was appended: fewer replicas in sync than {@code minInSync}. */
        TOO_FEW_IN_SYNC,
        /** The session is unknown or has expired: the command was not applied now, but an earlier attempt may have been. */
        SESSION_EXPIRED
    }

    /**
     * From an operator's tool, to any node.
     *
     * @param requestId comes back with the answer
     * @param argument of the verb; empty if it needs none
     */
    record AdminRequest(long requestId, AdminVerb verb, String argument) implements Message {}

    /** What an operator can ask of one replica. */
    enum AdminVerb {
        /** Say what you are doing. */
        STATUS,
        /** Give the leadership to the node that the argument names; to the best if it is empty (R18). */
        TRANSFER,
        /** Take a snapshot now. */
        SNAPSHOT,
        /** Keep the node that the argument names out of the group (R22). */
        REMOVE,
        /** Let the node that the argument names in again (R22). */
        ADMIT
    }

    /**
     * To an operator's tool.
     *
     * @param done whether it was done
     * @param text the answer, lines of {@code name=value}; or why it was not done
     */
    record AdminReply(long requestId, boolean done, String text) implements Message {}
}
