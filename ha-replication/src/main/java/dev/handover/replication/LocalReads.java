package dev.handover.replication;

import dev.handover.HandoverException;
import dev.handover.StaleReadException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Reads of this replica's own copy that ask how fresh it is: not older than so long, or not before an index. Belongs to the applier thread.
 *
 * <p>How a copy proves its age: whenever the leader confirms a read index (R16) that was asked for at the moment t, by this replica's monotonic clock, everything that anybody was answered before
 * t is at or below that index; when it is applied here, the copy is at most as old as t. Heartbeats prove nothing: they may come late, and from a leader that has been replaced without knowing
 * it. One confirmation serves all reads, and while reads come, the next is asked for before the last is too old.
 */
final class LocalReads {
    private static final int MAX_PROOFS = 64;

    private record Proof(long index, long atNanos) {}

    private record Bounded(ReadRequest<?> read, long maxAgeNanos, long untilNanos) {}

    private final Replica replica;
    private final GroupApplier state;
    /** Of what is not applied yet, in ascending order. */
    private final Deque<Proof> ahead = new ArrayDeque<>();

    private boolean proven;
    private long provenNanos;
    private boolean asking;
    private List<Bounded> bounded = new ArrayList<>();
    private final Deque<ReadRequest<?>> afterIndex = new ArrayDeque<>();
    private volatile boolean anybodyWaits;

    LocalReads(Replica replica, GroupApplier state) {
        this.replica = replica;
        this.state = state;
    }

    /** Everything that was answered before that moment is in the log up to index. */
    void proved(long index, long atNanos) {
        if (index <= state.appliedIndex()) {
            take(atNanos);
            return;
        }
        Proof last = ahead.peekLast();
        if (last == null || (last.index < index && ahead.size() < MAX_PROOFS)) {
            ahead.add(new Proof(index, atNanos));
        } else { // one that says less, for less memory
            ahead.removeLast();
            ahead.add(new Proof(Math.max(last.index, index), later(last.atNanos, atNanos)));
        }
    }

    private static long later(long one, long other) {
        return one - other > 0 ? one : other;
    }

    private void take(long atNanos) {
        provenNanos = proven ? later(provenNanos, atNanos) : atNanos;
        proven = true;
    }

    /** More is applied. */
    void applied() {
        while (!ahead.isEmpty() && ahead.getFirst().index <= state.appliedIndex()) {
            take(ahead.removeFirst().atNanos);
        }
        if (!bounded.isEmpty()) {
            look();
        }
    }

    /** Answers now, or when there is a proof; refuses when there is none in time. */
    void read(ReadRequest<?> read, Duration maxAge) {
        HandoverException stopped = state.stopped();
        if (stopped != null) {
            read.fail(stopped);
            return;
        }
        long age = maxAge.toNanos();
        Bounded wanted = new Bounded(read, age, earlier(read.deadlineNanos, System.nanoTime() + age));
        if (!answered(wanted)) {
            bounded.add(wanted);
            anybodyWaits = true;
            ask();
        } else if (!isYoungerThan(age / 2)) {
            ask(); // so that those who come next need not wait
        }
    }

    private static long earlier(long one, long other) {
        return one - other < 0 ? one : other;
    }

    private boolean isYoungerThan(long nanos) {
        return proven && System.nanoTime() - provenNanos <= nanos;
    }

    private boolean answered(Bounded wanted) {
        return !state.hasFailed()
                && isYoungerThan(wanted.maxAgeNanos)
                && wanted.read.answerIf(() -> isYoungerThan(wanted.maxAgeNanos)); // however long it took
    }

    private void look() {
        List<Bounded> waiting = bounded;
        bounded = new ArrayList<>();
        for (Bounded wanted : waiting) {
            if (!answered(wanted)) {
                bounded.add(wanted);
            }
        }
        anybodyWaits = !bounded.isEmpty() || !afterIndex.isEmpty();
    }

    /** Has the leader confirm, once for all. */
    private void ask() {
        if (!asking) {
            asking = true;
            replica.prove(() -> {
                asking = false;
                look();
            });
        }
    }

    /** Answers when everything up to index is applied, or refuses in time. */
    void readAfter(long index, ReadRequest<?> read) {
        state.read(index, read);
        if (!read.future.isDone()) {
            afterIndex.add(read);
            anybodyWaits = true;
            ask(); // the leader's question to its followers tells them what is committed, sooner than time would
            replica.watchTime();
        }
    }

    /** Whether time must go on here. Any thread. */
    boolean anybodyWaits() {
        return anybodyWaits;
    }

    /** On the loop: lets the applier look at deadlines if need be. */
    void tick() {
        if (anybodyWaits) {
            replica.node().applier().run(this::expire);
        }
    }

    private void expire() {
        look();
        long now = System.nanoTime();
        for (Bounded wanted : bounded) {
            if (now - wanted.untilNanos >= 0) {
                wanted.read.fail(new StaleReadException(replica.label() + " cannot prove that its copy is at most "
                        + Duration.ofNanos(wanted.maxAgeNanos) + " old: "
                        + (proven
                                ? "its newest proof is " + Duration.ofNanos(now - provenNanos) + " old"
                                : "no leader has confirmed anything yet")
                        + "; allow more, read LOCAL without a bound, or ask another node (" + replica.situation()
                        + ")"));
            }
        }
        bounded.removeIf(wanted -> wanted.read.future.isDone());
        boolean late = false;
        while (!afterIndex.isEmpty()) {
            ReadRequest<?> read = afterIndex.getFirst();
            if (!read.future.isDone()) {
                if (now - read.deadlineNanos < 0) {
                    break;
                }
                late = true;
                read.fail(new StaleReadException(replica.label() + " has applied the log up to " + state.appliedIndex()
                        + " and not, within the command time-out, what the session knows of; ask another node, or try again ("
                        + replica.situation() + ")"));
            }
            afterIndex.removeFirst();
        }
        if (late) {
            state.forgetAnswered();
        }
        anybodyWaits = !bounded.isEmpty() || !afterIndex.isEmpty();
        if (!bounded.isEmpty()) {
            ask();
        }
    }

    void stop(HandoverException reason) {
        bounded.forEach(wanted -> wanted.read.fail(reason));
        bounded.clear();
        afterIndex.clear(); // they wait for the state as well, and hear there
        anybodyWaits = false;
    }
}
