package dev.handover.replication.protocol;

import dev.handover.Configuration;
import dev.handover.ReplicaId;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A leader's leases (R16), after C. Gray and D. Cheriton, "Leases", 1989: while <em>every</em> other member of the in-sync set has a grant running, nobody can have committed behind
 * the leader's back. A grant is reckoned from when the leader sent the request that it answers, on the leader's clock, less the drift allowance. Lives as long as
 * the replica, so that terms never repeat.
 */
final class Leases {
    private final ReplicaState state;
    private long term = 1;
    /** Somebody may be about to rely on this term. */
    private boolean used;

    private long lastAskedNanos = Long.MIN_VALUE / 2;

    Leases(ReplicaState state) {
        this.state = state;
    }

    private long period(Configuration configuration) {
        return state.options.leases().periodNanos() == 0 ? 0 : configuration.leaseNanos();
    }

    /** Asks for grants when it is time, of all: whoever is a learner now may be counted soon. */
    void renew(Configuration configuration, Collection<FollowerProgress> followers) {
        long period = period(configuration);
        if (period == 0 || state.now - lastAskedNanos < Math.min(state.options.heartbeatNanos(), period / 4)) {
            return;
        }
        lastAskedNanos = state.now;
        for (FollowerProgress follower : followers) {
            if (state.reachable(follower.id)) {
                state.send(follower.id.node(), new Message.LeaseRequest(configuration.epoch(), state.now, period));
            }
        }
    }

    /** The lease as it is now; null if there is none. */
    @Nullable
    Lease current(Configuration configuration, Set<ReplicaId> members, Map<ReplicaId, FollowerProgress> followers) {
        long usable = state.options.leases().usable(period(configuration));
        if (usable == 0) {
            return null;
        }
        long grantedNanos = state.now;
        for (ReplicaId id : members) { // R16: every one of them
            FollowerProgress follower = followers.get(id);
            if (follower == null || !follower.granted) {
                return null;
            }
            grantedNanos = Math.min(grantedNanos, follower.grantedNanos);
        }
        if (state.now >= grantedNanos + usable) {
            return null;
        }
        used = true;
        return new Lease(term, grantedNanos + usable);
    }

    /** Before anything that could let somebody else commit who has granted nothing, or who has been released: nobody relies on the present term any more. */
    void drop() {
        if (used) {
            state.effects.add(new Effect.LeaseDropped(term));
            used = false;
            term++;
        }
    }
}
