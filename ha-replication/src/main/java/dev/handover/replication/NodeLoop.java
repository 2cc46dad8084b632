package dev.handover.replication;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.replication.protocol.Beats;
import dev.handover.replication.protocol.Event;
import dev.handover.replication.protocol.Message;
import dev.handover.replication.protocol.ProtocolOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Steps the cores of all groups of a node, one thread at a time: its own, or one that helps. What waits is taken in together, then each group that was touched
 * acts once. Groups that rest are not ticked; the heartbeats for all of them together are sent and watched here (R21).
 */
final class NodeLoop extends Worker {
    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    /** A replica that is awake is ticked at least so often, while the loop runs. */
    static final long TURN_NANOS = Turns.ROUNDS * TICK_NANOS;
    /** A group that is awake may keep so much in memory, however many there are. */
    private static final long LEAST_TAIL_BYTES = 64 << 10;

    private final Function<GroupId, @Nullable Replica> byGroup;
    /** Lends its thread to a task; false if it does not. */
    private final Predicate<Runnable> sender;

    private final Runnable borrowed = this::borrowed;
    /** The sender's thread has been asked, and has not begun. */
    private final AtomicBoolean borrowing = new AtomicBoolean();

    private final Beats beats;
    /** For all groups that are awake together. */
    private final long tailBytes;

    private final long lookNanos;
    private final long patienceNanos;
    private final List<Replica> replicas = new ArrayList<>();
    /** Those that do not rest. */
    private final List<Replica> ticked = new ArrayList<>();

    private final Turns turns = new Turns();

    private List<Replica> touched = new ArrayList<>();
    private List<Replica> flushing = new ArrayList<>();
    private long nowNanos = System.nanoTime();
    private long nextTickNanos = nowNanos;
    private long lookedNanos = nowNanos;

    NodeLoop(
            String name,
            ProtocolOptions options,
            Function<GroupId, @Nullable Replica> byGroup,
            Predicate<Runnable> sender) {
        super(name);
        this.byGroup = byGroup;
        this.sender = sender;
        tailBytes = options.tailBytes();
        beats = new Beats(options.heartbeatNanos(), options.failureTimeoutNanos());
        lookNanos = options.heartbeatNanos() / 2;
        patienceNanos = options.failureTimeoutNanos() / 2;
    }

    /** Runs the task on the loop; after the loop's end it is dropped. */
    void run(Runnable task) {
        tryRun(task);
    }

    /**
     * What was posted quietly is stepped soon: by whoever steps now, else by the thread that sends, which has to be woken in any case for what comes of it; by the own thread where
     * that cannot be. Any thread.
     */
    void stepSoon() {
        if (!hasMail() || !sleeps()) {
            return;
        }
        if (!borrowing.compareAndSet(false, true)) {
            return; // it comes, and looks after it has said so
        }
        if (!sender.test(borrowed)) {
            borrowing.set(false);
            wakeForMail();
        }
    }

    private void borrowed() {
        borrowing.set(false);
        help();
    }

    void add(Replica replica) {
        replicas.add(replica);
    }

    void remove(Replica replica) {
        replicas.remove(replica);
    }

    List<Replica> replicas() {
        return replicas;
    }

    /** The clock as it was read last. */
    long nowNanos() {
        return nowNanos;
    }

    void readClock() {
        nowNanos = System.nanoTime();
    }

    void touched(Replica replica) {
        touched.add(replica);
    }

    /** The heartbeat of another node for the groups that rest with it. */
    void beat(NodeId from, Message.Beat beat) {
        readClock();
        beats.received(from, beat, nowNanos);
    }

    /** Part of a long message has come; the replicas that rest leave that to the heartbeats. */
    void receiving(NodeId from) {
        readClock();
        beats.receiving(from, nowNanos);
        Event.Receiving event = new Event.Receiving(from);
        List.copyOf(ticked).forEach(replica -> replica.step(event));
    }

    /** A connection stands anew, or no more. */
    void connectionChanged(NodeId peer) {
        readClock();
        beats.disconnected(peer, nowNanos);
    }

    @Override
    long afterBatch(boolean any) {
        readClock();
        if (nowNanos - lookedNanos >= lookNanos) {
            lookAtBeats();
        }
        if (nowNanos - nextTickNanos >= 0) {
            nextTickNanos = nowNanos + TICK_NANOS;
            for (int left = turns.count(ticked.size()); left > 0 && !ticked.isEmpty(); left--) {
                tick(turns.next(ticked.size()));
            }
        }
        List<Replica> acting = touched;
        touched = flushing;
        flushing = acting;
        for (Replica replica : acting) {
            replica.flush();
            replica.tell(beats);
            if (!replica.isTicked() && !replica.rests()) {
                replica.ticked(true);
                ticked.add(replica);
                replica.keepInMemory(tailShare());
            }
        }
        acting.clear();
        if (!touched.isEmpty()) {
            return 0;
        }
        return ticked.isEmpty()
                ? beats.isIdle() ? Long.MAX_VALUE : Math.max(0, lookedNanos + lookNanos - nowNanos)
                : Math.max(0, nextTickNanos - nowNanos);
    }

    private void tick(int number) {
        Replica replica = ticked.get(number);
        if (replica.rests()) {
            replica.ticked(false);
            ticked.set(number, ticked.get(ticked.size() - 1)); // which has been ticked already, or is this one
            ticked.remove(ticked.size() - 1);
            replica.keepInMemory(0);
            replica.touch();
        } else {
            replica.keepInMemory(tailShare());
            replica.tick();
        }
    }

    private long tailShare() {
        return Math.max(LEAST_TAIL_BYTES, tailBytes / ticked.size());
    }

    private void lookAtBeats() {
        if (nowNanos - lookedNanos > patienceNanos && !beats.isIdle()) {
            beats.paused(nowNanos);
        }
        lookedNanos = nowNanos;
        for (Beats.Wake wake : beats.wakes(nowNanos)) {
            Replica replica = byGroup.apply(wake.group());
            if (replica != null) {
                replica.step(new Event.Unvouched(wake.peer(), wake.heardNanos()));
            }
        }
        for (Beats.Send send : beats.due(nowNanos)) {
            if (!send(send.to(), send.group(), send.beat())) {
                beats.unsent(send.to());
            }
        }
    }

    /** In the name of any replica that the two nodes share: the transport knows groups, not nodes. */
    private boolean send(NodeId to, GroupId group, Message.Beat beat) {
        Replica replica = byGroup.apply(group);
        return replica != null && replica.send(to, beat);
    }

    @Override
    void ended() {
        for (Replica replica : List.copyOf(replicas)) {
            replica.end("the node's loop has ended");
        }
    }
}
