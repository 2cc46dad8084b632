package dev.handover.replication;

import dev.handover.HandoverException;
import dev.handover.NodeId;
import dev.handover.event.HaEvent;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.Message.Reply;
import dev.handover.replication.protocol.Message.Status;
import dev.handover.replication.protocol.PayloadMemory;
import dev.handover.replication.protocol.RecoveredReplica;
import dev.handover.replication.protocol.Sessions;
import dev.handover.replication.protocol.SnapshotPosition;
import dev.handover.replication.storage.SnapshotInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The applied state of one group: its state machine, its sessions, and the reads that wait for them. All on the applier thread but the two getters. */
final class GroupApplier {
    private record WaitingRead(long index, ReadRequest<?> read) implements Comparable<WaitingRead> {
        @Override
        public int compareTo(WaitingRead other) {
            return Long.compare(index, other.index);
        }
    }

    /** An own command that found its session unknown, or the opening of a session with its index. */
    record Ended(Submission submission, Status status, long index) {}

    /** What a batch has brought to callers on this node: those in the first list have their results already. */
    record Answers(List<Submission> given, List<Ended> others) {
        boolean isEmpty() {
            return given.isEmpty() && others.isEmpty();
        }
    }

    /**
     * What the loop has for the applier all the time, and what it has for it in a take-over, in one class, so that no class is needed then for the first time.
     *
     * @param entries committed, to be applied; null: this replica leads since {@code leadsSince}, or does not lead if that is 0
     */
    record Task(
            GroupApplier applier,
            @Nullable List<LogEntry> entries,
            @Nullable Origin @Nullable [] waiting,
            long leadsSince)
            implements Runnable {
        @Override
        public void run() {
            if (entries != null) {
                applier.apply(entries, waiting);
            } else {
                applier.leadership(leadsSince);
            }
        }
    }

    /** While much is applied in a row, how far it is is looked at after so many entries less one. */
    private static final int SAY_MASK = 15;

    private static final byte[] NOTHING = {};

    private final Replica replica;
    private final StateMachine stateMachine;
    private final SnapshotTaking snapshots;
    private final Restoring restoring;
    private final LocalReads localReads;
    private Sessions sessions = new Sessions();
    private SnapshotPosition position = SnapshotPosition.NONE;
    /** While the log that was found at the start is applied again. */
    private Restoring.@Nullable Progress catchingUp;

    private final Function<LogEntry, byte[]> apply = this::apply;
    /** What was read in place last, and the buffer for it. */
    private @Nullable PayloadMemory viewed;

    private @Nullable ByteBuffer view;
    /** Of the batch that is being applied. */
    private final List<byte[]> results = new ArrayList<>();

    private final PriorityQueue<WaitingRead> reads = new PriorityQueue<>();
    private @Nullable HandoverException stopped;
    private boolean failed;

    private long appliedBarrierEpoch;
    private long wantedLeadership;
    private long toldLeadership;

    private volatile long appliedIndex;

    GroupApplier(Replica replica, StateMachine stateMachine) {
        this.replica = replica;
        this.stateMachine = stateMachine;
        snapshots = new SnapshotTaking(replica, stateMachine);
        restoring = new Restoring(replica, stateMachine);
        localReads = new LocalReads(replica, this);
    }

    SnapshotTaking snapshots() {
        return snapshots;
    }

    LocalReads localReads() {
        return localReads;
    }

    /** Up to where everything is applied. */
    SnapshotPosition position() {
        return position;
    }

    /** The sessions as they are, to be written elsewhere. */
    List<Sessions.Kept> sessionsNow() {
        return sessions.kept();
    }

    boolean hasFailed() {
        return failed;
    }

    /** First of all: back to the newest snapshot, and how the rest goes is told. */
    void start(RecoveredReplica recovered) {
        SnapshotPosition newest = recovered.snapshot();
        if (!newest.isNone()) {
            restoreOrFail(() -> restoring.atStart(newest, this::begin, this::applyAgain), newest);
        }
        if (recovered.lastIndex() > newest.index()) {
            catchingUp = new Restoring.Progress(
                    replica.label() + " applies the log again: index", newest.index(), recovered.lastIndex());
        }
    }

    /** A snapshot that came from the leader takes the place of the state. */
    void install(SnapshotPosition installed) {
        if (failed || stopped != null) {
            return;
        }
        restoreOrFail(
                () -> {
                    SnapshotInfo info = restoring.find(installed);
                    begin(restoring.restore(info), installed);
                    replica.tellSnapshot(HaEvent.SnapshotStep.INSTALLED, installed.index(), info.bytes(), "");
                },
                installed);
        if (!failed) {
            replica.applied(installed.index(), 0, new Answers(List.of(), List.of()));
            answerReads();
        }
    }

    private interface Restore {
        void run() throws IOException;
    }

    private void restoreOrFail(Restore restore, SnapshotPosition at) {
        try {
            restore.run();
        } catch (IOException | RuntimeException | Error e) {
            failed = true;
            replica.applicationFailed(
                    "the state cannot be restored from the snapshot at index " + at.index() + ": " + e
                            + ". If the state machine is at fault, correct it and restart the process; if the snapshot is, start this node with an empty data directory, "
                            + "and it is rebuilt from its peers",
                    e);
        }
    }

    private void begin(Sessions restored, SnapshotPosition at) {
        sessions = restored;
        position = at;
        appliedIndex = at.index();
        snapshots.restored(at.index());
    }

    private void applyAgain(LogEntry entry) {
        sessions.apply(entry, apply);
        position = new SnapshotPosition(entry.index(), entry.epoch(), entry.timestamp());
        appliedIndex = entry.index();
    }

    /** Any thread. */
    long appliedIndex() {
        return appliedIndex;
    }

    /** Applies committed entries and answers who waits for them. */
    void apply(List<LogEntry> entries, @Nullable Origin @Nullable [] waiting) {
        if (failed || stopped != null) {
            return;
        }
        List<Submission> given = new ArrayList<>(waiting == null ? 0 : waiting.length);
        results.clear();
        List<Ended> others = new ArrayList<>();
        Map<NodeId, List<Reply>> replies = new LinkedHashMap<>();
        @Nullable String failure = null;
        LogEntry last = null;
        long bytes = 0;
        for (int i = 0; i < entries.size(); i++) {
            LogEntry entry = entries.get(i);
            byte @Nullable [] result;
            try {
                result = sessions.apply(entry, apply);
            } catch (Throwable e) { // whatever it is, this state is not known to be that of the others any more
                failed = true;
                failure = "the state machine threw " + e + " on the entry at index " + entry.index() + " of epoch "
                        + entry.epoch() + ". This replica's state is no longer known to be that of the others;"
                        + " correct the state machine and restart the process: the log is applied again, from the newest snapshot on";
                replica.applicationFailed(failure, e);
                break;
            }
            last = entry;
            bytes += entry.size();
            if ((i & SAY_MASK) == SAY_MASK) {
                sayHowFar(entry.index());
            }
            if (entry.kind() == LogEntry.Kind.BARRIER) {
                appliedBarrierEpoch = entry.epoch();
            }
            Origin origin = waiting == null ? null : waiting[i];
            if (origin instanceof Submission submission) {
                if (result != null && entry.kind() == LogEntry.Kind.COMMAND) {
                    given.add(submission);
                    results.add(result);
                } else {
                    others.add(new Ended(submission, statusOf(result), entry.index()));
                }
            } else if (origin instanceof Origin.Forwarded forwarded) {
                byte[] told = entry.kind() == LogEntry.Kind.OPEN_SESSION
                        ? Commands.resultOfOpening(entry.index())
                        : result == null ? NOTHING : result;
                List<Reply> ofNode = replies.get(forwarded.node());
                if (ofNode == null) {
                    ofNode = new ArrayList<>();
                    replies.put(forwarded.node(), ofNode);
                }
                ofNode.add(new Reply(forwarded.tag(), statusOf(result), told, entry.index()));
            }
        }
        if (last != null) {
            position = new SnapshotPosition(last.index(), last.epoch(), last.timestamp());
            appliedIndex = last.index();
        }
        for (Map.Entry<NodeId, List<Reply>> ofNode : replies.entrySet()) {
            replica.reply(ofNode.getKey(), ofNode.getValue());
        }
        for (int i = 0; i < given.size(); i++) {
            given.get(i).session.acknowledged(appliedIndex); // before its caller knows
            given.get(i).end(results.get(i), null);
        }
        results.clear();
        if (failure == null) {
            replica.applied(appliedIndex, bytes, new Answers(given, others));
        }
        tellLeadership();
        answerReads();
        if (failure == null) {
            sayHowFar(appliedIndex);
            snapshots.applied(bytes);
        }
    }

    private static Status statusOf(byte @Nullable [] result) {
        return result == null ? Status.SESSION_EXPIRED : Status.APPLIED;
    }

    private void sayHowFar(long index) {
        Restoring.Progress progress = catchingUp;
        if (progress != null) {
            if (index >= progress.target()) {
                catchingUp = null;
            } else {
                progress.at(index);
            }
        }
    }

    private byte[] apply(LogEntry entry) {
        byte[] result = stateMachine instanceof InPlaceStateMachine inPlace
                ? inPlace.apply(entry.index(), entry.epoch(), entry.timestamp(), view(entry))
                : stateMachine.apply(new Command(entry.index(), entry.epoch(), entry.timestamp(), entry.payload()));
        if (result == null) { // possible: applications need not check for null
            throw new IllegalStateException("StateMachine.apply returned null; return an empty array for nothing");
        }
        return result;
    }

    /** The payload, read only, between position and limit, until the next one. */
    private ByteBuffer view(LogEntry entry) {
        PayloadMemory memory = entry.memory();
        if (memory == null) {
            return ByteBuffer.wrap(entry.payload()).asReadOnlyBuffer();
        }
        byte[] array = memory.bytes(); // throws if it is let go of
        ByteBuffer whole = view;
        if (whole == null || viewed != memory) {
            whole = ByteBuffer.wrap(array).asReadOnlyBuffer();
            view = whole;
            viewed = memory;
        }
        int begin = entry.payloadOffset();
        return whole.clear()
                .order(ByteOrder.BIG_ENDIAN)
                .limit(begin + entry.payloadLength())
                .position(begin);
    }

    /** This replica leads since that epoch, whose barrier has committed; 0: it does not lead. */
    void leadership(long epoch) {
        if (epoch != wantedLeadership && toldLeadership != 0) {
            long before = toldLeadership;
            toldLeadership = 0;
            tell(false, before);
        }
        wantedLeadership = epoch;
        tellLeadership();
    }

    private void tellLeadership() {
        long epoch = wantedLeadership;
        if (epoch != 0 && toldLeadership != epoch && appliedBarrierEpoch >= epoch) {
            toldLeadership = epoch;
            tell(true, epoch);
        }
    }

    private void tell(boolean leads, long epoch) {
        if (failed) {
            return;
        }
        try {
            if (leads) {
                stateMachine.onLeader(epoch);
            } else {
                stateMachine.onFollower(epoch);
            }
        } catch (RuntimeException | Error e) {
            failed = true;
            replica.applicationFailed(
                    "StateMachine." + (leads ? "onLeader" : "onFollower") + "(" + epoch + ") threw " + e
                            + " after index " + appliedIndex + ". Correct the state machine and restart the process",
                    e);
        }
    }

    /** Answers the read as soon as everything up to index is applied. */
    void read(long index, ReadRequest<?> read) {
        if (stopped != null) {
            read.fail(stopped);
        } else if (index <= appliedIndex && !failed) {
            read.answer();
        } else {
            reads.add(new WaitingRead(index, read));
        }
    }

    private void answerReads() {
        while (!failed && !reads.isEmpty() && reads.peek().index <= appliedIndex) {
            reads.remove().read.answer();
        }
        localReads.applied();
    }

    /** Why nothing is applied or answered any more; null while it is. */
    @Nullable
    HandoverException stopped() {
        return stopped;
    }

    /** Reads that were answered otherwise wait no longer. */
    void forgetAnswered() {
        reads.removeIf(waiting -> waiting.read.future.isDone());
    }

    /** Nothing is applied or answered from now on. */
    void stop(HandoverException reason) {
        leadership(0);
        stopped = reason;
        snapshots.stop();
        for (WaitingRead waiting : reads) {
            waiting.read.fail(reason);
        }
        reads.clear();
        localReads.stop(reason);
    }
}
