package dev.handover.replication;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.Registration;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * This node's replica of a group. All methods may be called from any thread and none blocks (but {@link #close}). Futures complete on the node's
 * applier thread, on which state machines run as well: long work, and waiting for another future of this node, in a dependent stage belongs on an executor of the caller's.
 *
 * <p>Every future completes within the command time-out of the node ({@link HaNode.Builder#commandTimeout}), with a result or with a
 * {@link dev.handover.HandoverException} that says whether to retry:
 * {@link dev.handover.OverloadedException}, {@link dev.handover.NotLeaderException} (no leader in time) and {@link dev.handover.RedundancyException} promise that the
 * command was not applied, {@link dev.handover.OutcomeUnknownException} does not. A replica that has stopped itself, or was closed, refuses everything with
 * {@link dev.handover.ReplicaFaultedException} or {@link dev.handover.ReplicaClosedException}; what it had sent to a leader and was not answered ends as unknown.
 */
public interface ReplicatedLog extends AutoCloseable {
    /** The group. */
    GroupId group();

    /**
     * Replicates a command and gives what the state machine answered, once it is durable on every in-sync replica and applied by the leader. On any node; exactly once,
     * also over take-overs. Commands of this node are appended in no promised order; use a {@link Session} for one.
     *
     * @param command at most {@link HaNode.Builder#maxCommandBytes}; must not be changed afterwards
     * @throws IllegalArgumentException if it is longer
     */
    CompletableFuture<byte[]> submit(byte[] command);

    /**
     * As {@link #submit(byte[])}, for those who submit so much that an array and a future for each command weigh: the command is copied before the method returns, into memory that this node uses
     * again and again while it leads, and the callback takes the place of the future. It hears of everything, also of a refusal, then possibly on the calling thread and before the method returns.
     *
     * @param command from its position to its limit, neither of which is changed; the caller may do with it what it likes afterwards
     * @throws IllegalArgumentException if it is longer than {@link HaNode.Builder#maxCommandBytes}
     */
    default void submit(ByteBuffer command, CommandCallback callback) {
        byte[] copy = new byte[command.remaining()];
        command.get(command.position(), copy);
        submit(copy).whenComplete(callback::ended);
    }

    /** {@link StateMachine#query} on this node, with {@link Consistency#LINEARIZABLE}. */
    default CompletableFuture<byte[]> query(byte[] query) {
        return query(query, Consistency.LINEARIZABLE);
    }

    /** {@link StateMachine#query} on this node's state machine, when it is as fresh as asked for. */
    CompletableFuture<byte[]> query(byte[] query, Consistency consistency);

    /**
     * Runs the reader on this node's applier thread, between two commands, when the state is as fresh as asked for. What it throws reaches the asker. It changes nothing, and may be run again: with
     * {@link HaNode.Builder#readLeases}, and with a bounded staleness, what was read is thrown away when a pause of the process may have made it old.
     */
    <T> CompletableFuture<T> read(Consistency consistency, Supplier<T> reader);

    /** {@link StateMachine#query} on this node's state machine, if it is provably not older; see {@link #read(Duration, Supplier)}. */
    CompletableFuture<byte[]> query(byte[] query, Duration maxStaleness);

    /**
     * Runs the reader on this node's copy, without a message if it is provably not older: nothing that anybody was answered earlier than {@code maxStaleness} ago is missing. The proof is a
     * confirmation by the leader, as of a linearizable read, shared by all reads of the time and renewed while they come; ages are measured by this node's monotonic clock.
     *
     * @param maxStaleness above zero, at most 30 days. Well above one exchange of messages with the leader, else every read waits for a proof, and may be refused
     * @return fails with {@link dev.handover.StaleReadException} if there is no proof, and none comes within {@code maxStaleness} or the command time-out, whichever is shorter
     * @throws IllegalArgumentException if {@code maxStaleness} is outside its bounds
     */
    <T> CompletableFuture<T> read(Duration maxStaleness, Supplier<T> reader);

    /** {@link StateMachine#query} on this node's state machine; see {@link #read(LogPosition, Supplier)}. */
    CompletableFuture<byte[]> query(byte[] query, LogPosition after);

    /**
     * Runs the reader on this node's copy as soon as it has applied the log up to that position: a client that goes from node to node with the {@link Session#position} of its last answer
     * reads its own writes everywhere.
     *
     * @return fails with {@link dev.handover.StaleReadException} if the copy does not come so far within the command time-out, or has another history
     */
    <T> CompletableFuture<T> read(LogPosition after, Supplier<T> reader);

    /** Gives a session of its own, at once; the group hears of it with the first command. At most 4096 are open per log, more get {@link dev.handover.OverloadedException}. */
    CompletableFuture<Session> openSession();

    /**
     * Takes a snapshot now, of everything that this node has applied, without holding up commands; the log before it can be dropped then. They are taken by themselves as well, see
     * {@link HaNode.Builder#snapshotBytes}.
     *
     * @return its index; exceptionally with {@link UnsupportedOperationException} if the state machine takes none, or with what went wrong. A large one takes longer than the command time-out
     */
    default CompletableFuture<Long> snapshot() {
        return CompletableFuture.failedFuture(
                new UnsupportedOperationException(getClass().getName() + " takes no snapshots"));
    }

    /** As it is now. */
    GroupStatus status();

    /** Calls the listener with the status now and after every change of role, epoch, leader or in-sync set, on the node's event thread. */
    Registration onStatus(Consumer<GroupStatus> listener);

    /**
     * Whether this node leads, for work that only the leader of the group does, outside of its state machine. Nothing is to be closed but what its methods return. A log that wraps
     * another one passes this on, because it knows the failure time-out; the default assumes 500 ms.
     */
    default GroupLeadership leadership() {
        return new GroupLeadership(this, Duration.ofMillis(250));
    }

    /** Completes when this replica is in the in-sync set, as leader or follower, and has applied what is committed; exceptionally when it has faulted, or in time-out. */
    CompletableFuture<GroupStatus> awaitInSync(Duration timeout);

    /** Completes when some leader is known and serves. */
    CompletableFuture<GroupStatus> awaitLeader(Duration timeout);

    /**
     * Gives the leadership of the group to that node, if this one has it. Commands and reads go on meanwhile, on every node, and none fails for it; they wait
     * for a moment while the new leader begins. Completes when the new leader serves, or when it is known that it was not done; each of the two parts,
     * catching up and being heard, takes at most the drain time-out of the node, and the configuration store's answer as long as the store needs.
     *
     * @return fails with {@link dev.handover.TransferRefusedException} if this node does not lead, or the target cannot be leader at the moment; with {@link
     *     dev.handover.OutcomeUnknownException} if the configuration store does not tell for long
     */
    CompletableFuture<TransferResult> transferTo(NodeId target);

    /**
     * As {@link #transferTo}, to the in-sync replica that holds most.
     *
     * @return fails with {@link dev.handover.TransferRefusedException} also if this is the last replica in sync, so that nobody could go on
     */
    CompletableFuture<TransferResult> handOver();

    /**
     * Removes a node from the group, for good or until {@link #admitMember}: a living one, that is to be stopped and kept out, or one that is dead and should not be missed. Whatever replica it
     * starts with, it neither follows nor is in sync any more. Said to the leader; takes at most the drain time-out, and as long as the configuration store needs.
     *
     * @return the status when the configuration says so; fails with {@link dev.handover.MembershipRefusedException} if this node does not lead, is the one to be removed, or if fewer than {@code
     *     minInSync} replicas would be left in sync; with {@link dev.handover.OutcomeUnknownException} if the store does not tell for long
     */
    default CompletableFuture<GroupStatus> removeMember(NodeId node) {
        return CompletableFuture.failedFuture(
                new UnsupportedOperationException(getClass().getName() + " removes no members"));
    }

    /** Lets a node in again that was removed; a node that was not may always come. Said to the leader, and ends as {@link #removeMember}. */
    default CompletableFuture<GroupStatus> admitMember(NodeId node) {
        return CompletableFuture.failedFuture(
                new UnsupportedOperationException(getClass().getName() + " admits no members"));
    }

    /** Hands over if it leads, answers what was submitted here, leaves in order and stops. Blocks for at most three times the drain time-out. Closing twice is fine. */
    @Override
    void close();
}
