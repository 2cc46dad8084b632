package dev.handover.replication;

import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.event.HaEvent.SnapshotStep;
import dev.handover.replication.protocol.Event;
import dev.handover.replication.protocol.Message;
import dev.handover.replication.protocol.Message.SnapshotAnswer;
import dev.handover.replication.protocol.SnapshotPosition;
import dev.handover.replication.storage.SnapshotInfo;
import dev.handover.replication.storage.SnapshotSink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Snapshots of one group between nodes: sends those that the core wants sent, and receives one at a time. On the transfer thread but what says otherwise. A receiver keeps what it has
 * when a connection is lost, and a snapshot with the same id goes on from there.
 */
final class SnapshotTransfer {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotTransfer.class);
    private static final long LEAST_PATIENCE_NANOS = 10_000_000_000L;

    private final Replica replica;
    private final long patienceNanos;
    private final Map<ReplicaId, SnapshotSending> sending = new TreeMap<>();
    private @Nullable Receiving receiving;
    private boolean stopped;

    SnapshotTransfer(Replica replica) {
        this.replica = replica;
        patienceNanos = Math.max(
                LEAST_PATIENCE_NANOS,
                4 * replica.node().options().failureTimeout().toNanos());
    }

    private static final class Receiving {
        final ReplicaId from;
        final SnapshotInfo info;
        final SnapshotSink sink;
        final long begunNanos = System.nanoTime();
        long heardNanos = begunNanos;
        boolean completing;

        Receiving(ReplicaId from, SnapshotInfo info, SnapshotSink sink) {
            this.from = from;
            this.info = info;
            this.sink = sink;
        }
    }

    // ---- sending

    /** The core wants it sent; {@code epoch} is the one that this replica leads. */
    void send(ReplicaId to, long atLeast, long epoch) {
        SnapshotSending before = sending.remove(to);
        if (before != null) {
            before.close();
            board().sendingEnded(to.node());
        }
        if (stopped) {
            return;
        }
        try {
            List<SnapshotInfo> there = replica.store().snapshots().list();
            if (there.isEmpty() || there.get(0).position().index() < atLeast) {
                throw new IOException("there is no snapshot at or after index " + atLeast);
            }
            SnapshotInfo newest = there.get(0);
            sending.put(
                    to,
                    new SnapshotSending(
                            replica, to, epoch, replica.store().snapshots().open(newest)));
            sending.get(to).offer();
            LOG.info(
                    "{} sends the snapshot at index {}, {} bytes, to {}",
                    replica.label(),
                    newest.position().index(),
                    newest.bytes(),
                    to);
        } catch (IOException | RuntimeException e) {
            ended(to, SnapshotStep.SENDING_FAILED, 0, 0, "to " + to + ": " + e);
        }
    }

    private SnapshotBoard board() {
        return replica.board().snapshots();
    }

    private void ended(ReplicaId to, SnapshotStep step, long index, long bytes, String detail) {
        replica.tellSnapshot(step, index, bytes, detail);
        replica.post(new Event.SnapshotSendEnded(to));
    }

    private void end(SnapshotSending one, SnapshotStep step, String detail) {
        sending.remove(one.to());
        one.close();
        board().sendingEnded(one.to().node());
        ended(one.to(), step, one.info().position().index(), one.info().bytes(), "to " + one.to() + detail);
    }

    void answered(ReplicaId from, Message.SnapshotAck ack) {
        SnapshotSending one = sending.get(from);
        if (one == null || !one.info().id().equals(ack.id())) {
            return; // an earlier one
        }
        switch (ack.answer()) {
            case DONE -> end(one, SnapshotStep.SENT, "");
            case REFUSED ->
                end(
                        one,
                        SnapshotStep.SENDING_FAILED,
                        ": it does not want it now, or cannot write it (see the log of that node)");
            case GO_ON, AGAIN -> {
                try {
                    one.acknowledged(ack.position(), ack.answer() == SnapshotAnswer.AGAIN);
                    board().sending(from.node(), one.info(), ack.position());
                } catch (IOException | RuntimeException e) {
                    end(one, SnapshotStep.SENDING_FAILED, ": " + e);
                }
            }
        }
    }

    // ---- receiving

    /** Offered in the epoch that was adopted here, by its leader, to one that does not lead. */
    void offered(ReplicaId from, Message.SnapshotOffer offer) {
        if (stopped) {
            return;
        }
        try {
            SnapshotInfo info = new SnapshotInfo(
                    offer.id(),
                    new SnapshotPosition(offer.index(), offer.indexEpoch(), offer.timestamp()),
                    offer.lineage(),
                    null,
                    offer.featureLevel(),
                    offer.createdAtMillis(),
                    offer.bytes(),
                    offer.contentChecksum());
            Receiving now = receiving;
            if (now == null || !now.info.equals(info) || !now.from.equals(from)) {
                if (now != null && now.completing) {
                    return; // that one first; it is offered again
                }
                closeReceiving();
                now = new Receiving(from, info, replica.store().snapshots().receive(info));
                receiving = now;
                LOG.info(
                        "{} receives a snapshot at index {}, {} bytes, from {}, and has {} of it",
                        replica.label(),
                        offer.index(),
                        offer.bytes(),
                        from,
                        now.sink.position());
            }
            taken(now, SnapshotAnswer.AGAIN);
        } catch (IOException | RuntimeException e) {
            refuse(from, offer.id(), offer.index(), e);
        }
    }

    void refuse(ReplicaId from, UUID id) {
        replica.send(from.node(), new Message.SnapshotAck(id, 0, SnapshotAnswer.REFUSED));
    }

    private void refuse(ReplicaId from, UUID id, long index, Throwable e) {
        closeReceiving();
        replica.tellSnapshot(SnapshotStep.RECEIVING_FAILED, index, 0, "from " + from + ": " + e);
        refuse(from, id);
    }

    void received(ReplicaId from, Message.SnapshotChunk chunk) {
        Receiving now = receiving;
        if (now == null
                || now.completing
                || !now.from.equals(from)
                || !now.info.id().equals(chunk.id())) {
            return; // of a transfer that is over
        }
        try {
            now.heardNanos = System.nanoTime();
            long position = now.sink.position();
            if (chunk.offset() > position) {
                answer(now, position, SnapshotAnswer.AGAIN);
                return;
            }
            long known = position - chunk.offset();
            if (known < chunk.data().length) {
                now.sink.write(ByteBuffer.wrap(chunk.data(), (int) known, chunk.data().length - (int) known));
            }
            taken(now, SnapshotAnswer.GO_ON);
        } catch (IOException | RuntimeException e) {
            refuse(from, chunk.id(), now.info.position().index(), e);
        }
    }

    private void taken(Receiving now, SnapshotAnswer answer) {
        long position = now.sink.position();
        board().receiving(now.from.node(), now.info, position);
        if (position < now.info.bytes()) {
            answer(now, position, answer);
        } else if (!now.completing) {
            now.completing = true;
            answer(now, position, SnapshotAnswer.GO_ON);
            // R2: the epoch in which it was offered is on the disk before the snapshot is
            replica.node().disk().afterWrites(replica.volume(), durable -> replica.node()
                    .transferThread()
                    .run(() -> complete(now, durable)));
        }
    }

    private void answer(Receiving now, long position, SnapshotAnswer answer) {
        replica.send(now.from.node(), new Message.SnapshotAck(now.info.id(), position, answer));
    }

    private void complete(Receiving now, boolean durable) {
        if (stopped || receiving != now) {
            return;
        }
        try {
            if (!durable) {
                throw new IOException("the log's disk has failed");
            }
            SnapshotInfo info = now.sink.commit();
            board().complete(info, Duration.ofNanos(System.nanoTime() - now.begunNanos));
            closeReceiving();
            replica.tellSnapshot(SnapshotStep.RECEIVED, info.position().index(), info.bytes(), "from " + now.from);
            replica.post(new Event.SnapshotReceived(info.position(), info.lineage()));
            answer(now, info.bytes(), SnapshotAnswer.DONE);
        } catch (IOException | RuntimeException e) {
            refuse(now.from, now.info.id(), now.info.position().index(), e);
        }
    }

    private void closeReceiving() {
        Receiving now = receiving;
        receiving = null;
        board().receivingEnded();
        if (now != null) {
            try {
                now.sink.close();
            } catch (IOException | RuntimeException e) {
                LOG.warn("{} closing a snapshot that was being received failed", replica.label(), e);
            }
        }
    }

    // ---- the end

    /** Time passes: what got no answer is said again, and what gets none for long is given up. */
    boolean look() {
        long now = System.nanoTime();
        for (SnapshotSending one : List.copyOf(sending.values())) {
            try {
                if (now - one.heardNanos() > patienceNanos) {
                    end(one, SnapshotStep.SENDING_FAILED, ": no answer for " + patienceNanos / 1_000_000 + " ms");
                } else {
                    one.look(now);
                }
            } catch (IOException | RuntimeException e) {
                end(one, SnapshotStep.SENDING_FAILED, ": " + e);
            }
        }
        Receiving one = receiving;
        if (one != null && !one.completing && now - one.heardNanos > patienceNanos) {
            closeReceiving(); // what is here stays, for when it is offered again
        }
        return !sending.isEmpty() || receiving != null;
    }

    /** The connection is lost: the other asks again when it is back. */
    void disconnected(NodeId peer) {
        for (SnapshotSending one : List.copyOf(sending.values())) {
            if (one.to().node().equals(peer)) {
                end(one, SnapshotStep.SENDING_FAILED, ": the connection was lost");
            }
        }
    }

    /** This replica leads no more. */
    void stopSending() {
        for (Iterator<SnapshotSending> all = sending.values().iterator(); all.hasNext(); ) {
            SnapshotSending one = all.next();
            one.close();
            board().sendingEnded(one.to().node());
            all.remove();
        }
    }

    void stop() {
        stopped = true;
        stopSending();
        closeReceiving();
    }
}
