package dev.handover.replication;

import dev.handover.ReplicaClosedException;
import dev.handover.event.HaEvent.SnapshotStep;
import dev.handover.replication.protocol.Event;
import dev.handover.replication.protocol.Sessions;
import dev.handover.replication.protocol.SnapshotPosition;
import dev.handover.replication.storage.SnapshotInfo;
import dev.handover.replication.storage.SnapshotSink;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes snapshots of one group: begun on the applier thread between two commands, written on a thread of its own. Whatever goes wrong costs that snapshot only; the replica goes on, and the log is kept.
 */
final class SnapshotTaking {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotTaking.class);
    private static final int KEPT = 2;

    private final Replica replica;
    private final StateMachine machine;
    private final long everyBytes;
    private final long everyNanos;
    private final long marginBytes;

    // Of the applier thread.
    private long bytesSince;
    private long begunNanos = System.nanoTime();
    private long newestIndex;
    private @Nullable Writing running;
    private List<CompletableFuture<Long>> waiting = new ArrayList<>();
    private boolean none;

    private volatile boolean stopped;

    SnapshotTaking(Replica replica, StateMachine machine) {
        this.replica = replica;
        this.machine = machine;
        everyBytes = replica.node().options().snapshotBytes();
        everyNanos = replica.node().options().snapshotInterval().toNanos();
        marginBytes = replica.node().options().snapshotMarginBytes();
    }

    // ---- the applier thread

    /** So many bytes of log were applied. */
    void applied(long bytes) {
        bytesSince += bytes;
        look();
    }

    /** The state is that of a snapshot now: one that is being taken of the state before would mix the two. */
    void restored(long index) {
        Writing writing = running;
        if (writing != null) {
            writing.overtaken = true;
        }
        newestIndex = Math.max(newestIndex, index);
        bytesSince = 0;
        begunNanos = System.nanoTime();
    }

    /** Begins one if it is time. */
    void look() {
        boolean due = bytesSince >= everyBytes || (bytesSince > 0 && System.nanoTime() - begunNanos >= everyNanos);
        if (running == null && !none && !stopped && (due || !waiting.isEmpty())) {
            begin();
        }
    }

    /** Asked for by the application: what is applied now will be in it. */
    void ask(CompletableFuture<Long> asker) {
        if (stopped) {
            asker.completeExceptionally(closed());
        } else if (none) {
            asker.completeExceptionally(unsupported());
        } else if (running == null && newestIndex == replica.appliedState().appliedIndex() && newestIndex > 0) {
            asker.complete(newestIndex);
        } else {
            waiting.add(asker);
            look();
        }
    }

    private void begin() {
        GroupApplier applied = replica.appliedState();
        SnapshotPosition position = applied.position();
        UUID lineage = replica.lineage();
        if (position.isNone() || lineage == null || applied.hasFailed()) {
            return;
        }
        bytesSince = 0;
        begunNanos = System.nanoTime();
        List<CompletableFuture<Long>> askers = waiting;
        waiting = new ArrayList<>();
        StateSnapshot state;
        try {
            state = machine.snapshot();
        } catch (RuntimeException | Error e) {
            failed(position, askers, e);
            return;
        }
        if (state == null) {
            none = true;
            LOG.warn(
                    "{} {} takes no snapshots (StateMachine.snapshot returns null): the log is kept whole, grows for ever, and is applied from its beginning at every start",
                    replica.label(),
                    machine.getClass().getName());
            askers.forEach(asker -> asker.completeExceptionally(unsupported()));
            return;
        }
        Writing writing = new Writing(position, lineage, applied.sessionsNow(), state, askers);
        running = writing;
        replica.board().snapshots().taking(true);
        replica.node().snapshotThread().run(writing::open);
    }

    private void ended(Writing writing, @Nullable SnapshotInfo info, @Nullable Throwable failure) {
        running = null;
        replica.board().snapshots().taking(false);
        try {
            writing.state.close();
        } catch (RuntimeException | Error e) {
            LOG.warn("{} StateSnapshot.close threw; the snapshot itself is not concerned", replica.label(), e);
        }
        if (info != null) {
            newestIndex = Math.max(newestIndex, info.position().index());
            replica.board().snapshots().complete(info, Duration.ofNanos(System.nanoTime() - writing.begunNanos));
            tell(SnapshotStep.TAKEN, info.position().index(), info.bytes(), "");
            writing.askers.forEach(asker -> asker.complete(info.position().index()));
        } else if (failure != null) {
            failed(writing.position, writing.askers, failure);
        }
        if (!stopped) {
            look();
        }
    }

    private void failed(SnapshotPosition position, List<CompletableFuture<Long>> askers, Throwable e) {
        if (stopped) {
            askers.forEach(asker -> asker.completeExceptionally(closed()));
            return;
        }
        LOG.warn("{} a snapshot at index {} failed", replica.label(), position.index(), e);
        tell(
                SnapshotStep.TAKING_FAILED,
                position.index(),
                0,
                e + ". The log is kept, and the next one is tried after as much log or time as usual");
        askers.forEach(asker -> asker.completeExceptionally(e));
    }

    private void tell(SnapshotStep step, long index, long bytes, String detail) {
        replica.tellSnapshot(step, index, bytes, detail);
    }

    /** Nothing is begun any more, and what is under way is given up. */
    void stop() {
        stopped = true;
        waiting.forEach(asker -> asker.completeExceptionally(closed()));
        waiting.clear();
        Writing writing = running;
        if (writing != null) {
            writing.askers.forEach(asker -> asker.completeExceptionally(closed()));
        }
    }

    private ReplicaClosedException closed() {
        return new ReplicaClosedException(replica.label() + " was closed before a snapshot was taken");
    }

    private UnsupportedOperationException unsupported() {
        return new UnsupportedOperationException(replica.label() + " "
                + machine.getClass().getName() + " takes no snapshots: override StateMachine.snapshot and restore");
    }

    // ---- the snapshot thread

    private final class Writing {
        private final SnapshotPosition position;
        private final UUID lineage;
        private final List<Sessions.Kept> sessions;
        private final StateSnapshot state;
        private final List<CompletableFuture<Long>> askers;
        private final long begunNanos = System.nanoTime();
        private @Nullable SnapshotSink sink;
        private volatile boolean overtaken;

        Writing(
                SnapshotPosition position,
                UUID lineage,
                List<Sessions.Kept> sessions,
                StateSnapshot state,
                List<CompletableFuture<Long>> askers) {
            this.position = position;
            this.lineage = lineage;
            this.sessions = sessions;
            this.state = state;
            this.askers = askers;
        }

        void open() {
            try {
                SnapshotSink target = replica.store()
                        .snapshots()
                        .create(
                                position,
                                lineage,
                                replica.board().standing().configuration(),
                                replica.node().options().protocol().featureLevel());
                sink = target;
                SnapshotContent.Section out = SnapshotContent.begin(target, sessions);
                if (state instanceof StateSnapshot.Handle handle) {
                    handle.write(out);
                    complete(target, out);
                } else if (state instanceof StateSnapshot.Pieces pieces) {
                    askForPiece(target, out, pieces);
                }
            } catch (IOException | RuntimeException | Error e) {
                fail(e);
            }
        }

        private void askForPiece(SnapshotSink target, SnapshotContent.Section out, StateSnapshot.Pieces pieces) {
            replica.node().applier().run(() -> {
                ByteArrayOutputStream piece = new ByteArrayOutputStream();
                boolean more;
                try {
                    checkWanted();
                    more = pieces.writeNext(piece);
                } catch (IOException | RuntimeException | Error e) {
                    replica.node().snapshotThread().run(() -> fail(e));
                    return;
                }
                replica.node().snapshotThread().run(() -> write(target, out, pieces, piece, more));
            });
        }

        private void write(
                SnapshotSink target,
                SnapshotContent.Section out,
                StateSnapshot.Pieces pieces,
                ByteArrayOutputStream piece,
                boolean more) {
            try {
                piece.writeTo(out);
                if (more) {
                    askForPiece(target, out, pieces);
                } else {
                    complete(target, out);
                }
            } catch (IOException | RuntimeException | Error e) {
                fail(e);
            }
        }

        private void complete(SnapshotSink target, SnapshotContent.Section out) throws IOException {
            out.close();
            checkWanted();
            // R2: everything that was to be written before the state came to be so: the adopted epoch, and the log
            // itself
            replica.node().disk().afterWrites(replica.volume(), durable -> replica.node()
                    .snapshotThread()
                    .run(() -> commit(target, durable)));
        }

        private void commit(SnapshotSink target, boolean durable) {
            try {
                checkWanted();
                if (!durable) {
                    throw new IOException("the log's disk has failed");
                }
                SnapshotInfo info = target.commit();
                target.close();
                replica.store().snapshots().prune(KEPT);
                long index = info.position().index();
                replica.post(
                        new Event.SnapshotTaken(info.position(), replica.store().firstWithin(index, marginBytes)));
                replica.node().applier().run(() -> ended(this, info, null));
            } catch (IOException | RuntimeException | Error e) {
                fail(e);
            }
        }

        private void checkWanted() {
            if (stopped) {
                throw closed();
            }
            if (overtaken) {
                throw new IllegalStateException("the state was replaced by another replica's snapshot meanwhile");
            }
        }

        private void fail(Throwable e) {
            SnapshotSink target = sink;
            if (target != null) {
                try {
                    target.abort();
                    target.close();
                } catch (IOException | RuntimeException again) {
                    e.addSuppressed(again);
                }
            }
            replica.node().applier().run(() -> ended(this, null, e));
        }
    }
}
