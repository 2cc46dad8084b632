package dev.handover.replication.protocol;

import dev.handover.GroupId;
import dev.handover.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The heartbeats of a node for all its groups that rest (R21): one message to each other node, whatever the number of groups. It vouches for each group by name and epoch, but lists
 * them only when the list has changed. A group that the other node does not vouch for, though it rests here, is woken after four heartbeats, and all that rest with a node are
 * when nothing comes from it for the failure time-out: then each watches for itself, as if there were no rest.
 *
 * <p>Pure: time and messages come from outside. Not thread-safe.
 */
public final class Beats {
    /** The lists come again so often even if they have not changed: a message may be lost. */
    private static final int LIST_EVERY = 16;

    private static final int PATIENCE_BEATS = 4;

    /**
     * A beat to be sent.
     *
     * @param group one that rests with that node, or did
     */
    public record Send(NodeId to, GroupId group, Message.Beat beat) {}

    /** A group that must be told {@link Event.Unvouched}. */
    public record Wake(GroupId group, NodeId peer, long heardNanos) {}

    private record Resting(long epoch, List<NodeId> with, @Nullable NodeId under) {}

    /** Another node, with which something rests or has just rested. */
    private static final class Peer {
        final Map<Long, GroupId> led = new TreeMap<>();
        final Map<Long, GroupId> followed = new TreeMap<>();
        /** For the last beats, when nothing rests any more. */
        GroupId lastGroup;

        long number;
        boolean changed = true;
        /** One of the lists has changed since they were compared. */
        boolean uncompared = true;

        int sinceListed;
        long sentNanos;
        long emptySinceNanos;

        long heardNanos;
        long theirNumber = -1;
        Set<Long> theirLed = Set.of();
        Set<Long> theirFollowed = Set.of();
        final Map<Long, Long> doubtfulSince = new TreeMap<>();

        Peer(GroupId group, long now, long heartbeat) {
            lastGroup = group;
            heardNanos = now;
            sentNanos = now - heartbeat;
        }

        GroupId anyGroup() {
            for (GroupId group : led.values()) {
                return group;
            }
            for (GroupId group : followed.values()) {
                return group;
            }
            return lastGroup;
        }

        boolean isEmpty() {
            return led.isEmpty() && followed.isEmpty();
        }
    }

    private final long heartbeatNanos;
    private final long failureTimeoutNanos;
    private final Map<GroupId, Resting> resting = new TreeMap<>();
    private final Map<NodeId, Peer> peers = new TreeMap<>();

    /** Nothing rests yet. */
    public Beats(long heartbeatNanos, long failureTimeoutNanos) {
        this.heartbeatNanos = heartbeatNanos;
        this.failureTimeoutNanos = failureTimeoutNanos;
    }

    /** What stands for a group in its epoch: two that differ have the same number by chance only, and then a dead leader is noticed late. */
    public static long term(GroupId group, long epoch) {
        long hash = 0xcbf29ce484222325L; // FNV-1a
        for (int i = 0; i < group.value().length(); i++) {
            hash = (hash ^ group.value().charAt(i)) * 0x100000001b3L;
        }
        hash ^= epoch * 0x9e3779b97f4a7c15L;
        hash = (hash ^ (hash >>> 32)) * 0xd6e8feb86659fd93L;
        return hash ^ (hash >>> 32);
    }

    /**
     * How a group rests now; replaces what was said of it before.
     *
     * @param with nodes of the followers that rest under this node's replica
     * @param under node of the leader that this node's replica rests under
     */
    public void rests(GroupId group, long epoch, List<NodeId> with, @Nullable NodeId under, long now) {
        Resting next = new Resting(epoch, List.copyOf(with), under);
        Resting before = with.isEmpty() && under == null ? resting.remove(group) : resting.put(group, next);
        if (next.equals(before)) {
            return;
        }
        if (before != null) {
            long term = term(group, before.epoch);
            for (NodeId node : before.with) {
                removed(node, term, peers.get(node), true, now);
            }
            if (before.under != null) {
                removed(before.under, term, peers.get(before.under), false, now);
            }
        }
        long term = term(group, epoch);
        for (NodeId node : with) {
            added(node, group, now).led.put(term, group);
        }
        if (under != null) {
            added(under, group, now).followed.put(term, group);
        }
    }

    private Peer added(NodeId node, GroupId group, long now) {
        Peer peer = peers.computeIfAbsent(node, id -> new Peer(group, now, heartbeatNanos));
        if (peer.isEmpty()) {
            peer.heardNanos = now;
        }
        peer.lastGroup = group;
        peer.changed = true;
        peer.uncompared = true;
        return peer;
    }

    private static void removed(NodeId node, long term, @Nullable Peer peer, boolean led, long now) {
        if (peer == null) {
            throw new IllegalStateException("nothing rested with " + node);
        }
        (led ? peer.led : peer.followed).remove(term);
        peer.doubtfulSince.remove(term);
        peer.changed = true;
        peer.emptySinceNanos = now;
    }

    /** A beat has come. */
    public void received(NodeId from, Message.Beat beat, long now) {
        Peer peer = peers.get(from);
        if (peer == null) {
            return; // nothing rests with it here; the other side will notice
        }
        peer.heardNanos = now;
        if (beat.listed() && peer.theirNumber != beat.number()) {
            peer.uncompared = true;
            peer.theirNumber = beat.number();
            peer.theirLed = new TreeSet<>(beat.led());
            peer.theirFollowed = new TreeSet<>(beat.followed());
        } else if (peer.theirNumber != beat.number()) {
            forget(peer); // the one with the lists was lost
        }
        if (peer.uncompared) {
            peer.uncompared = false;
            doubt(peer, peer.led, peer.theirFollowed, now);
            doubt(peer, peer.followed, peer.theirLed, now);
        }
    }

    private static void doubt(Peer peer, Map<Long, GroupId> ours, Set<Long> theirs, long now) {
        for (Long term : ours.keySet()) {
            if (theirs.contains(term)) {
                peer.doubtfulSince.remove(term);
            } else {
                peer.doubtfulSince.putIfAbsent(term, now);
            }
        }
    }

    private static void forget(Peer peer) {
        peer.theirNumber = -1;
        peer.theirLed = Set.of();
        peer.theirFollowed = Set.of();
        peer.uncompared = true;
    }

    /** Part of a long message has come, and the beats are behind it. */
    public void receiving(NodeId from, long now) {
        Peer peer = peers.get(from);
        if (peer != null) {
            peer.heardNanos = now;
        }
    }

    /** The connection is another one, or gone: what came over it counts no more. */
    public void disconnected(NodeId node, long now) {
        Peer peer = peers.get(node);
        if (peer != null) {
            forget(peer);
            peer.changed = true;
            peer.heardNanos = now;
        }
    }

    /** This process has stood still: that nothing was heard meanwhile says nothing about the others. */
    public void paused(long now) {
        for (Peer peer : peers.values()) {
            peer.heardNanos = now;
            peer.doubtfulSince.replaceAll((term, since) -> now);
        }
    }

    /** What is due to be sent. */
    public List<Send> due(long now) {
        List<Send> sends = new ArrayList<>();
        peers.values().removeIf(peer -> peer.isEmpty() && now - peer.emptySinceNanos > 2 * failureTimeoutNanos);
        peers.forEach((node, peer) -> {
            if (now - peer.sentNanos >= heartbeatNanos) {
                peer.sentNanos = now;
                sends.add(new Send(node, peer.anyGroup(), next(peer)));
            }
        });
        return sends;
    }

    private static Message.Beat next(Peer peer) {
        if (peer.changed) {
            peer.changed = false;
            peer.number++;
            peer.sinceListed = 0;
        }
        boolean listed = peer.sinceListed++ % LIST_EVERY == 0;
        return new Message.Beat(
                peer.number,
                listed,
                listed ? List.copyOf(peer.led.keySet()) : List.of(),
                listed ? List.copyOf(peer.followed.keySet()) : List.of());
    }

    /** A beat could not be handed to the transport: the next one has the lists again. */
    public void unsent(NodeId node) {
        Peer peer = peers.get(node);
        if (peer != null) {
            peer.changed = true;
        }
    }

    /** Which groups are not vouched for any more. */
    public List<Wake> wakes(long now) {
        List<Wake> wakes = new ArrayList<>();
        peers.forEach((node, peer) -> {
            if (now - peer.heardNanos > failureTimeoutNanos) {
                peer.led.values().forEach(group -> wakes.add(new Wake(group, node, peer.heardNanos)));
                peer.followed.values().forEach(group -> wakes.add(new Wake(group, node, peer.heardNanos)));
            } else {
                peer.doubtfulSince.forEach((term, since) -> {
                    GroupId group = peer.led.containsKey(term) ? peer.led.get(term) : peer.followed.get(term);
                    if (group != null && now - since > PATIENCE_BEATS * heartbeatNanos) {
                        wakes.add(new Wake(group, node, now));
                    }
                });
            }
        });
        return wakes;
    }

    /** Whether somebody has to be told, or watched. */
    public boolean isIdle() {
        return peers.isEmpty();
    }
}
