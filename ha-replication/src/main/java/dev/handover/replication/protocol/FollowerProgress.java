package dev.handover.replication.protocol;

import dev.handover.ReplicaId;
import java.util.ArrayDeque;
import java.util.Deque;

/** What a leader knows of another replica, in its present epoch. */
final class FollowerProgress {
    private record InFlight(long lastIndex, long bytes) {}

    final ReplicaId id;
    private final Deque<InFlight> inFlight = new ArrayDeque<>();
    /** Durable there and equal to the leader's log, acknowledged in the present epoch. */
    long match;
    /** What is sent next. */
    long next;
    /** One message at a time until it is known where the logs agree. */
    boolean probing;
    /** prevIndex of the last message; while probing, answers to other messages say nothing. */
    long probePrev;

    long inFlightBytes;
    /** Greatest read round acknowledged in the present epoch. */
    long ackedRound;

    /** It has granted a lease in the present epoch (R16), in answer to what was sent then. */
    boolean granted;

    long grantedNanos;

    /** R21: it expects no heartbeats, and nothing is expected of it; its node vouches for it. */
    boolean resting;
    /** R21: it was asked to rest, and nothing was sent to it since. */
    boolean restAsked;
    /** R21: when there was last something to do. */
    long busyNanos;

    long lastHeardNanos;
    long lastSentNanos;
    long sentCommit;
    /** Its process has closed the connection and refuses a new one. */
    boolean refused;
    /** It has said that it stops. */
    boolean goodbye;
    /** A learner that commits wait for already (R8). */
    boolean counted;

    /** Highest level that it has said to support, on its present connection (R20); the first one until it speaks. */
    int featureLevel = FeatureLevels.FIRST;

    /** It wants never to be in sync (R22). */
    boolean learner;

    long countedSinceNanos;
    /** Outstanding {@link Effect.Fetch}; 0 if none. */
    long fetchId;
    /** Least index of the snapshot that is being sent to it; 0 if none is. */
    long snapshotIndex;
    /** No other snapshot is sent before. */
    long snapshotNotBeforeNanos;
    /** Lag: when it last held what was the end of the log when it last held that. */
    long caughtUpNanos;

    /** What it has to reach next; negative before its first acknowledgement. */
    private long caughtUpTarget = -1;

    private long roundSinceNanos;
    /** How long it took to reach what was the end of the log when it began. */
    long lastRoundNanos = Long.MAX_VALUE;

    /** It has said that it has no room; forgotten then, unless it says so again. */
    long lacksRoomUntilNanos = Long.MIN_VALUE;

    /** When its match last moved, or there was nothing to move for. */
    long movedNanos;

    FollowerProgress(ReplicaId id, long next, long now) {
        this.id = id;
        this.next = next;
        lastHeardNanos = now;
        caughtUpNanos = now;
        movedNanos = now;
        lastSentNanos = now;
        busyNanos = now;
    }

    /** R21: it is on its own again, and was heard at that time. */
    void wake(long heardNanos, long now) {
        restAsked = false;
        if (resting) {
            resting = false;
            busyNanos = now;
            restartTimers(now);
            lastHeardNanos = heardNanos;
        }
    }

    /** A new epoch of the same leadership: nothing acknowledged before counts (R4), but where the log ends is likely the same. */
    void newEpoch() {
        match = 0;
        ackedRound = 0;
        granted = false;
        sentCommit = 0;
        probing = false;
        forgetInFlight();
    }

    /** R15: it has said so lately. */
    boolean lacksRoom(long now) {
        return now < lacksRoomUntilNanos;
    }

    /** Answer to the request for a lease that was sent then. */
    void granted(long sentNanos) {
        grantedNanos = granted ? Math.max(grantedNanos, sentNanos) : sentNanos;
        granted = true;
    }

    void forgetInFlight() {
        inFlight.clear();
        inFlightBytes = 0;
    }

    void sent(long lastIndex, long bytes) {
        inFlight.add(new InFlight(lastIndex, bytes));
        inFlightBytes += bytes;
    }

    void acknowledged(long index, long lastIndex, long now) {
        if (index > match) {
            match = index;
            movedNanos = now;
        }
        next = Math.max(next, match + 1);
        while (!inFlight.isEmpty() && inFlight.getFirst().lastIndex <= match) {
            inFlightBytes -= inFlight.removeFirst().bytes;
        }
        boolean first = caughtUpTarget < 0;
        if (!first && match >= caughtUpTarget || first && match >= lastIndex) {
            lastRoundNanos = first ? 0 : now - roundSinceNanos;
            first = true;
        }
        if (first) {
            caughtUpNanos = now;
            roundSinceNanos = now;
            caughtUpTarget = lastIndex;
        }
        if (match >= lastIndex) {
            movedNanos = now;
        }
    }

    /**
     * The leader has kept still for so long. Somebody who was silent before is silent still: when two followers are lost together, the second is not given
     * another time-out when the first is removed. How far it has come begins anew with the epoch.
     */
    void forgive(long nanos, long now) {
        lastHeardNanos = Math.min(now, lastHeardNanos + nanos);
        restart(now);
    }

    /** After a pause of the leader, or a new connection: the past says nothing about the follower. */
    void restartTimers(long now) {
        lastHeardNanos = now;
        restart(now);
    }

    private void restart(long now) {
        caughtUpNanos = now;
        roundSinceNanos = now;
        movedNanos = now;
    }
}
