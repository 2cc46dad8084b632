package dev.handover.replication;

import dev.handover.Configuration;
import dev.handover.GroupId;
import dev.handover.HandoverException;
import dev.handover.NodeId;
import dev.handover.Redundancy;
import dev.handover.Registration;
import dev.handover.ReplicaClosedException;
import dev.handover.ReplicaFaultedException;
import dev.handover.ReplicaId;
import dev.handover.Role;
import dev.handover.event.HaEvent;
import dev.handover.replication.protocol.Beats;
import dev.handover.replication.protocol.Effect;
import dev.handover.replication.protocol.Event;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.Message;
import dev.handover.replication.protocol.Proposed;
import dev.handover.replication.protocol.ReplicaProtocol;
import dev.handover.replication.storage.LogStore;
import dev.handover.replication.transport.Envelope;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One group on one node: steps the core with what happens, and does what the core says. Methods belong to the loop unless they say otherwise.
 *
 * <p>What the loop takes out of its mailbox in one go is stepped one by one, but all commands among it as one {@link Event.Propose} and all reads as one
 * {@link Event.Read}; then the effects are executed, those for the disk first.
 */
final class Replica {
    private static final Logger LOG = LoggerFactory.getLogger(Replica.class);

    private static final int MAX_REPLIES_BYTES = 512 * 1024;
    private static final int REPLY_OVERHEAD = 32;
    private static final long MAX_UNTOLD_BYTES = 64 << 10;

    /** An event from any other thread. */
    private static final class Happened extends Mailbox.Mail {
        private final Replica replica;
        private final Event event;

        Happened(Replica replica, Event event) {
            this.replica = replica;
            this.event = event;
        }

        @Override
        void open() {
            replica.step(event);
        }
    }

    /** Kept by the loop, which tries again. */
    private final class Unsent implements Runnable {
        private final NodeId to;
        private final Message.Replies replies;

        Unsent(NodeId to, Message.Replies replies) {
            this.to = to;
            this.replies = replies;
        }

        @Override
        public void run() {
            unsentReplies.add(this);
        }
    }

    private final NodeRuntime node;
    private final GroupId group;
    private final ReplicaId self;
    private final String label;
    private final LogStore store;
    private final ReplicaProtocol core;
    private final Coordinator coordinator;
    private final DiskWriter.Volume volume;
    private final GroupApplier applied;
    private final SnapshotTransfer transfer;
    private final StatusBoard board;
    /** Of the loop: the standing that listeners and events were told last. */
    private StatusBoard.Standing told;

    private final Admission admission;
    private final Completions completions = new Completions();
    private final Commands commands;
    private final Proposals proposals;
    private final PayloadPool payloads = new PayloadPool();
    private final PayloadHolds holds = new PayloadHolds();
    private final Reads reads;
    private final Transfers transfers;
    private final MemberChanges memberChanges;
    private final Stopping stopping;
    private final CompletableFuture<String> stopped = new CompletableFuture<>();

    private List<Effect> effects = new ArrayList<>();
    /** What is being proposed, until the core's answer has been executed. */
    private final List<Proposed> batch = new ArrayList<>();

    private List<Unsent> unsentReplies = new ArrayList<>();
    /** Names of commands between nodes: an answer to an earlier process of this node must not fit one of ours. */
    private long lastTag = UUID.randomUUID().getMostSignificantBits() >>> 2;

    /** Up to where everything is applied; written by the applier. */
    private volatile long appliedIndex;
    /** Of the applier: applied since the loop was sent the last word of it. Less than the core lets wait, or it would wait for the word. */
    private long untoldBytes;

    private final long maxUntoldBytes;
    /** Of the loop: what the core was told. */
    private long toldApplied;

    private boolean touched;
    private boolean ticked;
    private long tickedNanos = System.nanoTime() - NodeLoop.TURN_NANOS;
    private boolean toldOfRest;
    private boolean ended;
    private long leadsSinceEpoch;
    private boolean serves;
    /** What was last told of the room on the disk; empty if there is some. */
    private String toldOfRoom = "";

    private final List<Consumer<GroupStatus>> listeners = new CopyOnWriteArrayList<>();
    private volatile @Nullable HandoverException endReason;
    private volatile @Nullable UUID lineage;
    private volatile long droppedLease;
    private volatile Set<NodeId> favoured = Set.of();

    Replica(NodeRuntime node, GroupId group, LogStore store, StateMachine stateMachine) {
        this.node = node;
        this.group = group;
        this.store = store;
        self = new ReplicaId(node.self(), store.logId());
        label = "[" + group + " " + node.self() + "]";
        core = new ReplicaProtocol(node.options().protocol(), self, store.recovered(), UUID::randomUUID);
        core.mayRestAfter(node.options().failureTimeout().toNanos());
        core.movesAmong(node.preferredMoves());
        lineage = store.recovered().lineage();
        coordinator = new Coordinator(this, node.configurationStore());
        maxUntoldBytes = Math.min(MAX_UNTOLD_BYTES, node.options().protocol().maxUnappliedBytes() / 2);
        volume = new DiskWriter.Volume(this, store);
        applied = new GroupApplier(this, stateMachine);
        transfer = new SnapshotTransfer(this);
        board = new StatusBoard(this);
        told = board.standing();
        store.snapshots().list().stream().findFirst().ifPresent(board.snapshots()::found);
        admission = new Admission(node.options().maxPending(), node.options().maxPendingBytes());
        commands = new Commands(this, node.options());
        proposals = new Proposals(this);
        reads = new Reads(this, node.options());
        transfers = new Transfers(this, node.options());
        memberChanges = new MemberChanges(this, node.options());
        stopping = new Stopping(this, node.options());
    }

    // ---- any thread

    /** Who should lead before all others, whatever their ranks say. Any thread. */
    Set<NodeId> favoured() {
        return favoured;
    }

    void favour(Set<NodeId> nodes) {
        favoured = Set.copyOf(nodes);
    }

    GroupId group() {
        return group;
    }

    ReplicaId self() {
        return self;
    }

    /** How every line about this replica begins. */
    String label() {
        return label;
    }

    @Nullable
    UUID lineage() {
        return lineage;
    }

    Admission admission() {
        return admission;
    }

    PayloadPool payloads() {
        return payloads;
    }

    StatusBoard board() {
        return board;
    }

    NodeRuntime node() {
        return node;
    }

    CompletableFuture<String> stopped() {
        return stopped;
    }

    /** Why nothing is taken any more; null while it is. */
    @Nullable
    HandoverException endReason() {
        return endReason;
    }

    GroupStatus status() {
        return board.status(applied.appliedIndex());
    }

    GroupApplier appliedState() {
        return applied;
    }

    SnapshotTransfer transfer() {
        return transfer;
    }

    /** Takes a snapshot if it is time; on the applier's thread. */
    void lookAtSnapshots() {
        applied.snapshots().look();
    }

    void tellSnapshot(HaEvent.SnapshotStep step, long index, long bytes, String detail) {
        publish(new HaEvent.Snapshot(Instant.now(), self.node(), group, step, index, bytes, detail));
    }

    /** The state in a few words, for messages. */
    String situation() {
        GroupStatus status = status();
        return "role " + status.role() + ", epoch " + status.epoch() + ", leader "
                + (status.leader() == null ? "unknown" : status.leader()) + ", in sync "
                + (status.configuration() == null
                        ? "unknown"
                        : status.configuration().inSync())
                + (status.fault() == null ? "" : ", fault: " + status.fault());
    }

    /** Calls the listener on the event thread, now and after every change. */
    Registration onStatus(Consumer<GroupStatus> listener) {
        node.events().execute(() -> listener.accept(status()));
        Consumer<GroupStatus> own = listener::accept; // one object per registration
        listeners.add(own);
        return () -> listeners.remove(own);
    }

    void post(Event event) {
        node.loop().post(new Happened(this, event));
    }

    /** As {@link #post}, from a thread that helps the loop soon. */
    void postQuietly(Event event) {
        node.loop().postQuietly(new Happened(this, event));
    }

    boolean send(NodeId to, Message message) {
        Envelope envelope = new Envelope(group, self, message);
        if (message instanceof Message.Append append) { // on the loop
            Runnable copied = holds.sending(append.entries());
            if (copied != null) {
                return node.transport().send(to, envelope, copied);
            }
        }
        return node.transport().send(to, envelope);
    }

    /** Answers are never dropped while the connection stands: the caller on the other side would wait for nothing. Any thread. */
    void reply(NodeId to, List<Message.Reply> replies) {
        List<Message.Reply> some = new ArrayList<>();
        long bytes = 0;
        for (Message.Reply reply : replies) {
            int length = reply.result().length;
            if (length > node.maxMessageBytes()) {
                LOG.warn(
                        "{} a result of {} bytes cannot be sent to {}, whose caller gets no answer; keep results below {} bytes",
                        label,
                        length,
                        to,
                        node.maxMessageBytes());
                continue;
            }
            if (!some.isEmpty() && bytes + length > MAX_REPLIES_BYTES) {
                sendReplies(to, new Message.Replies(some));
                some = new ArrayList<>();
                bytes = 0;
            }
            some.add(reply);
            bytes += length + REPLY_OVERHEAD;
        }
        if (!some.isEmpty()) {
            sendReplies(to, new Message.Replies(some));
        }
    }

    private void sendReplies(NodeId to, Message.Replies replies) {
        if (!send(to, replies)) {
            node.loop().run(new Unsent(to, replies));
        }
    }

    void publish(HaEvent event) {
        node.events().publish(event);
    }

    void publish(HaEvent event, UnaryOperator<Runnable> caller) {
        node.events().publish(event, caller);
    }

    /**
     * The applier has come so far, with so many bytes more, and has answered these callers where their command was applied. If nobody waits for it, the core is told with the next event,
     * which may be a tick.
     */
    void applied(long index, long bytes, GroupApplier.Answers answers) {
        untoldBytes += bytes;
        appliedIndex = index;
        if (answers.isEmpty() && untoldBytes < maxUntoldBytes) {
            return;
        }
        untoldBytes = 0;
        node.loop()
                .postQuietly(new Worker.Task(
                        () -> { // the applier helps the loop when it has nothing more to apply
                            guarded(() -> {
                                answers.given().forEach(commands::answered);
                                answers.others().forEach(this::endedHere);
                            });
                            step(null);
                        }));
    }

    private void endedHere(GroupApplier.Ended end) {
        if (end.status() == Message.Status.APPLIED) {
            commands.opened(end.submission(), end.index());
        } else {
            commands.expired(end.submission());
        }
    }

    void applicationFailed(String reason, Throwable cause) {
        LOG.warn("{} {}", label, reason, cause);
        post(new Event.ApplicationFailed(reason));
    }

    // ---- the loop

    long nextTag() {
        return ++lastTag;
    }

    long nowNanos() {
        return node.loop().nowNanos();
    }

    Commands commands() {
        return commands;
    }

    Proposals proposals() {
        return proposals;
    }

    Transfers transfers() {
        return transfers;
    }

    boolean leads() {
        return core.role().leads();
    }

    /** Whether this leader could hand over to somebody now. */
    boolean hasHeir() {
        return core.hasHeir();
    }

    /** Whether a stop would take the last in-sync copy away (R13). Any thread. */
    boolean isLastCopy() {
        Configuration configuration = board.standing().configuration();
        return configuration != null && configuration.inSync().equals(List.of(self));
    }

    /** Asks for a transfer of the leadership, to the best if the target is null. Any thread. */
    CompletableFuture<TransferResult> transfer(@Nullable NodeId target) {
        CompletableFuture<TransferResult> future = new CompletableFuture<>();
        HandoverException reason = endReason;
        UnaryOperator<Runnable> caller = node.events().caller();
        if (reason != null) {
            future.completeExceptionally(reason);
        } else if (!node.loop().tryRun(() -> askForTransfer(target, future, caller))) {
            future.completeExceptionally(closed());
        }
        return future;
    }

    private void askForTransfer(
            @Nullable NodeId target, CompletableFuture<TransferResult> future, UnaryOperator<Runnable> caller) {
        HandoverException reason = endReason;
        if (reason != null) {
            completions.fail(future, reason);
            touch();
        } else {
            transfers.ask(target, future, caller);
        }
    }

    MemberChanges memberChanges() {
        return memberChanges;
    }

    Completions completions() {
        return completions;
    }

    void start(List<NodeId> connected) {
        node.applier().run(() -> applied.start(store.recovered()));
        node.loop().readClock();
        effects.addAll(core.step(new Event.Tick(nowNanos(), System.currentTimeMillis())));
        for (NodeId peer : connected) {
            step(new Event.PeerConnected(peer));
        }
        step(new Event.Start());
        coordinator.watch();
    }

    /** A command of a caller here. */
    void arrived(Submission submission) {
        HandoverException reason = endReason;
        if (reason != null) {
            completions.end(submission, null, reason);
        } else {
            commands.arrived(submission);
        }
        touch();
    }

    /** A read of a caller here. */
    void arrived(ReadRequest<?> read) {
        HandoverException reason = endReason;
        if (reason != null) {
            completions.fail(read.future, reason);
        } else {
            reads.arrived(read);
        }
        touch();
    }

    void arrivedAwaiter() {
        HandoverException reason = endReason;
        if (reason != null) {
            board.end(reason);
        }
        touch();
    }

    /** Asks whether a leader serves, and if wanted whether what it has committed is applied here. */
    ReadRequest<Boolean> ask(boolean needsState, long deadlineNanos) {
        ReadRequest<Boolean> question = new ReadRequest<>(this, deadlineNanos, needsState, () -> true);
        reads.arrived(question);
        return question;
    }

    /** Has the leader confirm a read index, for the proof in it; tells the applier when that has ended, either way. Any thread. */
    void prove(Runnable ended) {
        long deadlineNanos = System.nanoTime() + node.options().commandTimeout().toNanos();
        ReadRequest<Boolean> question = new ReadRequest<>(this, deadlineNanos, false, () -> true);
        question.future.whenComplete(
                (confirmed, failure) -> node.applier().run(ended)); // not from within what is being done now
        if (!node.loop().post(question)) {
            question.fail(closed());
        }
    }

    /** The read's lease ended before it was answered. Any thread. */
    void askByRound(ReadRequest<?> read) {
        boolean taken = node.loop().tryRun(() -> {
            HandoverException reason = endReason;
            if (reason != null) {
                completions.fail(read.future, reason);
            } else {
                reads.askByRound(read);
            }
            touch();
        });
        if (!taken) {
            read.fail(closed());
        }
    }

    /** Somebody waits on the applier, and the loop shall look at the time again (R21). Any thread. */
    void watchTime() {
        node.loop().run(this::touch);
    }

    /** Of leases up to this term none holds any more. Any thread. */
    long droppedLease() {
        return droppedLease;
    }

    void received(Envelope envelope) {
        Message message = envelope.message();
        NodeId from = envelope.from().node();
        if (message instanceof Message.OfCore forCore) {
            step(new Event.Received(envelope.from(), forCore));
        } else if (message instanceof Message.SnapshotChunk chunk) {
            node.transferThread().run(() -> transfer.received(envelope.from(), chunk));
        } else if (message instanceof Message.SnapshotAck ack) {
            node.transferThread().run(() -> transfer.answered(envelope.from(), ack));
        } else if (message instanceof Message.SnapshotOffer offer) {
            snapshotOffered(envelope.from(), offer);
        } else {
            try { // and no lambda: a new leader is here for the first time
                ofCallers(from, message);
            } catch (RuntimeException e) {
                defect(e);
            }
            touch();
        }
    }

    private void ofCallers(NodeId from, Message message) {
        if (message instanceof Message.Forward forward) {
            proposals.forwarded(from, forward, core.role().leads() && !ended);
        } else if (message instanceof Message.Replies replies && !ended) {
            for (Message.Reply reply : replies.replies()) {
                commands.reply(from, reply);
            }
        }
    }

    /** R2, R12: only what the leader of the adopted epoch sends, and of the own history. */
    private void snapshotOffered(ReplicaId from, Message.SnapshotOffer offer) {
        if (ended || offer.epoch() > core.epoch()) {
            return; // it is offered again, and by then the epoch is known
        }
        boolean wanted = offer.epoch() == core.epoch()
                && !core.role().leads()
                && offer.lineage().equals(core.lineage());
        node.transferThread().run(() -> {
            if (wanted) {
                transfer.offered(from, offer);
            } else {
                transfer.refuse(from, offer.id());
            }
        });
    }

    void connected(NodeId peer) {
        step(new Event.PeerConnected(peer));
        commands.situationChanged();
        reads.situationChanged();
        publish(new HaEvent.PeerConnection(Instant.now(), self.node(), group, peer, null));
    }

    void disconnected(NodeId peer, String reason) {
        step(new Event.PeerDisconnected(peer));
        try {
            commands.disconnected(peer);
        } catch (RuntimeException e) {
            defect(e);
        }
        if (!unsentReplies.isEmpty()) {
            unsentReplies.removeIf(unsent -> unsent.to.equals(peer)); // it asks again
        }
        node.transferThread().run(() -> transfer.disconnected(peer));
        publish(new HaEvent.PeerConnection(Instant.now(), self.node(), group, peer, reason));
    }

    /** Takes in the event, and what was applied before it; null: only that. */
    void step(@Nullable Event event) {
        if (!ended) {
            take(event);
            touch();
        }
    }

    private void take(@Nullable Event event) {
        try {
            if (!touched && !(event instanceof Event.Tick)) {
                node.loop().readClock();
                if (nowNanos() - tickedNanos < NodeLoop.TURN_NANOS) {
                    core.clock(nowNanos(), System.currentTimeMillis());
                } else {
                    effects.addAll(core.step(tickNow()));
                }
            }
            long index = appliedIndex;
            if (index != toldApplied) {
                toldApplied = index;
                effects.addAll(core.step(new Event.Applied(index)));
            }
            if (event != null) {
                effects.addAll(core.step(event));
            }
        } catch (RuntimeException | StackOverflowError e) {
            defect(e);
        }
    }

    private Event.Tick tickNow() {
        tickedNanos = nowNanos();
        return new Event.Tick(tickedNanos, System.currentTimeMillis());
    }

    private void guarded(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException e) {
            defect(e);
        }
    }

    void touch() {
        if (!touched) {
            touched = true;
            node.loop().touched(this);
        }
    }

    /** At most so many bytes of entries from now on. */
    void keepInMemory(long bytes) {
        guarded(() -> core.keepInMemory(bytes));
    }

    /** As {@link ReplicaProtocol#settledIndex()}. */
    long settledIndex() {
        return core.settledIndex();
    }

    void tick() {
        boolean busy = core.role().leads() || !isQuiet();
        if (!ended) {
            hasRoom();
            take(tickNow());
        }
        if (busy || !effects.isEmpty()) {
            touch();
        }
        guarded(() -> {
            commands.tick(nowNanos());
            reads.tick(nowNanos());
            transfers.tick();
            board.followers(core, nowNanos(), node.options().protocol().heartbeatNanos());
            applied.localReads().tick();
        });
        if (!unsentReplies.isEmpty()) {
            List<Unsent> again = unsentReplies;
            unsentReplies = new ArrayList<>();
            again.forEach(unsent -> sendReplies(unsent.to, unsent.replies));
        }
    }

    /** Whether it is ticked; the loop's. */
    boolean isTicked() {
        return ticked;
    }

    void ticked(boolean value) {
        ticked = value;
    }

    /** Whether time may stand still here until something happens (R21). */
    boolean rests() {
        return ended && unsentReplies.isEmpty()
                || core.rests() && isQuiet() && !applied.localReads().anybodyWaits() && unsentReplies.isEmpty();
    }

    /** Whether nobody on this node waits for anything that the loop does. */
    private boolean isQuiet() {
        return commands.isEmpty()
                && reads.isEmpty()
                && transfers.isEmpty()
                && board.isEmpty()
                && !stopping.isUnderWay();
    }

    /** Tells the node's heartbeats for whom they stand here. */
    void tell(Beats beats) {
        List<NodeId> with = ended ? List.of() : core.restsWith();
        NodeId under = ended ? null : core.restsUnder();
        boolean any = !with.isEmpty() || under != null;
        if (any || toldOfRest) {
            toldOfRest = any;
            beats.rests(group, core.epoch(), with, under, nowNanos());
        }
    }

    /** After everything that waited was taken in: proposes, asks, and executes. */
    void flush() {
        touched = false;
        try {
            board.check(nowNanos());
            do {
                propose();
                execute();
                batch.clear();
            } while (!effects.isEmpty());
            if (!ended) {
                holds.settled(settledIndex());
            }
            board.indexes(core.lastIndex(), core.commitIndex());
            stopping.advance();
        } catch (RuntimeException | StackOverflowError e) {
            defect(e);
        }
        proposals.flush();
        completions.flush(node.applier());
    }

    private void propose() {
        if (ended) {
            return;
        }
        boolean gathers = volume.isInRound() && core.role().leads();
        if (!gathers && core.role() != Role.FAULTED) { // what waits then was never sent, and is told so
            proposeCommands();
        }
        for (Event ask : reads.flush(nowNanos())) {
            effects.addAll(core.step(ask));
        }
    }

    private void proposeCommands() {
        batch.clear();
        proposals.drainTo(batch);
        commands.flush(nowNanos(), batch);
        if (!batch.isEmpty()) {
            if (hasRoom()) {
                holds.proposing(batch);
                effects.addAll(core.step(new Event.Propose(batch)));
            } else {
                proposals.rejected(batch, Effect.Rejection.OVERLOADED, commands::rejected);
            }
        }
    }

    /** Why this leader takes no commands, if that is for want of room on its disk; empty otherwise. */
    String lacksRoom() {
        return core.role().leads() ? store.spaceProblem().orElse("") : "";
    }

    /** R15: before the disk is full nothing new is taken. */
    private boolean hasRoom() {
        String problem = store.spaceProblem().orElse("");
        String now = problem.isEmpty()
                ? ""
                : core.role().leads()
                        ? "no more commands are taken"
                        : "this replica does not lead, and stops when what is left of its log's files is full";
        if (!now.equals(toldOfRoom)) {
            if (now.isEmpty() != toldOfRoom.isEmpty()) {
                effects.addAll(core.step(new Event.DiskRoom(now.isEmpty())));
            }
            toldOfRoom = now;
            publish(new HaEvent.Storage(
                    Instant.now(),
                    self.node(),
                    group,
                    now.isEmpty() ? HaEvent.StorageFinding.ROOM_AGAIN : HaEvent.StorageFinding.NO_ROOM,
                    now.isEmpty() ? "there is room again" : now + ": " + problem));
        }
        return problem.isEmpty();
    }

    private void execute() {
        List<Effect> now = effects;
        if (now.isEmpty()) {
            return;
        }
        effects = new ArrayList<>();
        List<Effect> forDisk = new ArrayList<>();
        for (Effect effect : now) {
            if (effect instanceof Effect.Write || effect instanceof Effect.Fetch) {
                forDisk.add(effect);
            }
        }
        if (!forDisk.isEmpty()) {
            node.disk().submit(volume, forDisk);
        }
        for (int i = 0; i < now.size(); i++) {
            if (now.get(i) instanceof Effect.Apply) {
                showFrom(now, i + 1);
            }
            execute(now.get(i));
        }
    }

    /** Who is answered by what is applied now must not see a status from before: it is shown first, though told in its turn. A fault is shown with its reason only. */
    private void showFrom(List<Effect> effectsOfNow, int from) {
        for (int i = from; i < effectsOfNow.size(); i++) {
            if (effectsOfNow.get(i) instanceof Effect.StatusChanged next) {
                if (next.role() != Role.FAULTED) {
                    board.standing(standing(next));
                }
                return;
            }
        }
    }

    private StatusBoard.Standing standing(Effect.StatusChanged changed) {
        return new StatusBoard.Standing(
                changed.role(), changed.epoch(), changed.leader(), changed.configuration(), told.fault());
    }

    private void execute(Effect effect) {
        if (effect instanceof Effect.Send send) {
            send(send.to(), send.message()); // lost messages are the core's business
        } else if (effect instanceof Effect.Apply apply) {
            List<LogEntry> entries = apply.entries();
            @Nullable Origin @Nullable [] waiting = proposals.waitingFor(entries);
            node.applier().run(new GroupApplier.Task(applied, entries, waiting, 0));
        } else if (effect instanceof Effect.Accepted accepted) {
            proposals.accepted(accepted.proposals(), accepted.firstIndex(), accepted.epoch());
            holds.accepted(accepted.proposals().size(), accepted.firstIndex(), accepted.epoch());
        } else if (effect instanceof Effect.Rejected rejected) {
            holds.rejected();
            proposals.rejected(rejected.proposals(), rejected.reason(), commands::rejected);
        } else if (effect instanceof Effect.ReadReady ready) {
            reads.ready(ready.readId(), ready.index(), applied, node.applier());
        } else if (effect instanceof Effect.ReadLeased leased) {
            reads.leased(leased, applied, node.applier());
        } else if (effect instanceof Effect.LeaseDropped dropped) {
            droppedLease = dropped.term();
        } else if (effect instanceof Effect.ReadFailed failed) {
            reads.failed(failed.readId(), failed.reason());
        } else if (effect instanceof Effect.ReadConfiguration) {
            coordinator.read();
        } else if (effect instanceof Effect.CompareAndSet cas) {
            coordinator.compareAndSet(cas.expectedVersion(), cas.next());
        } else if (effect instanceof Effect.RecordBoot boot) {
            coordinator.recordBoot(self, boot.bootCounter());
        } else if (effect instanceof Effect.SendSnapshot send) {
            long epoch = core.epoch();
            node.transferThread().run(() -> transfer.send(send.to(), send.atLeast(), epoch));
        } else if (effect instanceof Effect.InstallSnapshot install) {
            node.applier().run(() -> applied.install(install.position()));
        } else if (effect instanceof Effect.WriteState state) {
            lineage = state.lineage();
        } else if (effect instanceof Effect.StatusChanged changed) {
            statusChanged(changed);
        } else if (effect instanceof Effect.TakeOver step) {
            publish(new HaEvent.TakeOver(
                    Instant.now(), self.node(), group, step.step(), step.epoch(), System.nanoTime(), step.detail()));
        } else if (effect instanceof Effect.Transfer step) {
            transfers.happened(step);
        } else if (effect instanceof Effect.MembersChanged change) {
            memberChanges.happened(change);
        } else if (effect instanceof Effect.Faulted faulted) {
            faulted(faulted.reason());
        } else if (effect instanceof Effect.Stopped stop) {
            end(closed(), stop.detail());
        }
    }

    private void statusChanged(Effect.StatusChanged changed) {
        StatusBoard.Standing before = told;
        told = standing(changed);
        board.indexes(core.lastIndex(), core.commitIndex());
        board.standing(told);
        leadershipChanged(changed);
        commands.leaderIs(changed.leader());
        reads.situationChanged();
        tellListeners();
        Instant at = Instant.now();
        if (before.role() != changed.role()) {
            publish(new HaEvent.RoleChanged(
                    at, self.node(), group, before.role(), changed.role(), changed.epoch(), changed.reason()));
        }
        if (changed.configuration() != null && !Objects.equals(changed.configuration(), before.configuration())) {
            publish(new HaEvent.ConfigurationChanged(at, self.node(), group, changed.configuration()));
            Redundancy redundancy = board.redundancy().follow(changed.configuration());
            if (redundancy != null) {
                publish(new HaEvent.RedundancyChanged(
                        at,
                        self.node(),
                        group,
                        redundancy,
                        changed.configuration().epoch(),
                        changed.configuration().reason()));
            }
        }
        touch();
    }

    private void tellListeners() {
        if (!listeners.isEmpty()) {
            GroupStatus now = status();
            for (Consumer<GroupStatus> listener : listeners) {
                node.events().execute(() -> listener.accept(now));
            }
        }
    }

    private void leadershipChanged(Effect.StatusChanged changed) {
        Role role = changed.role();
        if (!role.leads() || (role == Role.RECONCILING && serves)) {
            if (leadsSinceEpoch != 0) {
                proposals.lost();
                holds.lost();
                node.transferThread().run(transfer::stopSending);
            }
            if (serves) {
                node.applier().run(new GroupApplier.Task(applied, null, null, 0));
            }
            serves = false;
            leadsSinceEpoch = 0;
        }
        if (role.leads() && leadsSinceEpoch == 0) {
            leadsSinceEpoch = changed.epoch();
        }
        if (role == Role.LEADER && !serves) {
            serves = true;
            node.applier().run(new GroupApplier.Task(applied, null, null, leadsSinceEpoch));
        }
    }

    // ---- the end

    private void defect(Throwable e) {
        LOG.error("{} defect in the replica's own code", label, e);
        faulted(label + " defect in the replica's own code: " + e
                + ". It has stopped itself; restart the process, and report this with the log's lines before it");
    }

    private void faulted(String reason) {
        StatusBoard.Standing before = told;
        if (before.role() == Role.FAULTED) {
            return;
        }
        told = new StatusBoard.Standing(Role.FAULTED, before.epoch(), null, before.configuration(), reason);
        board.standing(told);
        publish(new HaEvent.RoleChanged(
                Instant.now(), self.node(), group, before.role(), Role.FAULTED, before.epoch(), reason));
        publish(new HaEvent.ReplicaFaulted(Instant.now(), self.node(), group, reason));
        tellListeners();
        end(new ReplicaFaultedException(label + " has stopped itself: " + reason), reason);
    }

    HandoverException closed() {
        return new ReplicaClosedException(label + " was closed; join the group again, or use another node");
    }

    /** Stops in order: ends with {@link #stopped}. */
    void stop() {
        if (ended) {
            stopped.complete("had ended before");
        } else {
            endReason = closed(); // nothing new is taken; what was taken is answered
            stopping.begin();
            touch();
        }
    }

    /** Stops now, whatever is under way. */
    void end(String why) {
        end(closed(), why);
        flush();
    }

    private void end(HandoverException reason, String detail) {
        if (ended) {
            stopped.complete(detail);
            return;
        }
        ended = true;
        endReason = reason;
        payloads.close();
        holds.lost();
        proposals.lost();
        commands.end(reason);
        reads.end(reason);
        transfers.end(reason);
        memberChanges.end(reason);
        board.end(reason);
        coordinator.close();
        node.applier().run(() -> applied.stop(reason));
        touch();
        stopped.complete(detail);
    }

    LogStore store() {
        return store;
    }

    DiskWriter.Volume volume() {
        return volume;
    }
}
