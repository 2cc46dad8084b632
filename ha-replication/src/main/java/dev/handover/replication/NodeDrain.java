package dev.handover.replication;

import dev.handover.Configuration;
import dev.handover.GroupId;
import dev.handover.HandoverException;
import dev.handover.NodeId;
import dev.handover.ReplicaClosedException;
import dev.handover.ReplicaId;
import dev.handover.Role;
import dev.handover.TransferRefusedException;
import dev.handover.coordination.Member;
import dev.handover.coordination.MemberAttributes;
import dev.handover.event.HaEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Who waits for a node to lead nothing any more. Any thread; what it answers it answers on the applier, or on the thread that closes the node. */
final class NodeDrain {
    private static final class Waiter {
        final CompletableFuture<Void> future = new CompletableFuture<>();
        volatile boolean announced;
    }

    /** So many groups are named in a message. */
    private static final int NAMED = 5;

    private final NodeRuntime node;
    private final List<Waiter> waiters = new CopyOnWriteArrayList<>();
    private volatile boolean closed;

    NodeDrain(NodeRuntime node) {
        this.node = node;
    }

    CompletableFuture<Void> begin(Duration timeout) {
        Waiter waiter = new Waiter();
        waiters.add(waiter);
        CompletableFuture<Void> time = new CompletableFuture<>();
        waiter.future.whenComplete((done, failure) -> time.complete(null)); // ends the timer
        time.orTimeout(timeout.toNanos(), TimeUnit.NANOSECONDS).whenComplete((ended, over) -> {
            if (over != null) {
                look(); // an event may have been dropped
                refuse(waiter, timeout);
            }
        });
        node.drain(true).whenComplete((visible, failure) -> {
            if (failure == null) {
                waiter.announced = true;
                look();
            } else {
                answer(waiter, failure);
            }
        });
        if (closed) { // meanwhile, and may have missed this one
            close();
        }
        return waiter.future;
    }

    CompletableFuture<Void> resume() {
        TransferRefusedException resumed = new TransferRefusedException(
                "[" + node.self() + "] the node was resumed before it had given everything away");
        waiters.forEach(waiter -> answer(waiter, resumed));
        return node.drain(false);
    }

    void happened(HaEvent event) {
        if (event instanceof HaEvent.RoleChanged || event instanceof HaEvent.ConfigurationChanged) {
            look();
        }
    }

    /** Something has changed. Until all see that it drains, this node included, it may be given something. */
    void look() {
        if (!waiters.isEmpty() && isSeen() && led().isEmpty()) {
            for (Waiter waiter : waiters) {
                if (waiter.announced) {
                    answer(waiter, null);
                }
            }
        }
    }

    private boolean isSeen() {
        for (Member member : node.members()) {
            if (member.node().equals(node.self())) {
                return Boolean.parseBoolean(member.attributes().get(MemberAttributes.DRAINING));
            }
        }
        return false;
    }

    /** What this node leads, or is the last that is known to have led, with those that are in sync beside it. */
    private Map<GroupId, List<NodeId>> led() {
        Map<GroupId, List<NodeId>> led = new TreeMap<>();
        for (Replica replica : node.replicas()) {
            StatusBoard.Standing standing = replica.board().standing();
            Configuration configuration = standing.configuration();
            if (configuration != null
                    && standing.role() != Role.FAULTED
                    && configuration.leader().node().equals(node.self())) {
                led.put(
                        replica.group(),
                        configuration.inSync().stream()
                                .map(ReplicaId::node)
                                .filter(other -> !other.equals(node.self()))
                                .toList());
            }
        }
        return led;
    }

    private void refuse(Waiter waiter, Duration timeout) {
        Map<GroupId, List<NodeId>> led = led();
        answer(
                waiter,
                new TransferRefusedException("[" + node.self() + "] still leads " + led.size() + " of "
                        + node.replicas().size() + " groups after " + timeout + ": "
                        + (waiter.announced && isSeen()
                                ? why(led)
                                : "the configuration store does not tell the others yet that it drains")
                        + "; it drains on until it is resumed"));
    }

    private String why(Map<GroupId, List<NodeId>> led) {
        List<GroupId> alone = new ArrayList<>();
        List<GroupId> preferred = new ArrayList<>();
        List<GroupId> moving = new ArrayList<>();
        led.forEach((group, others) ->
                (others.isEmpty() ? alone : ranksHigher(group, others) ? moving : preferred).add(group));
        List<String> reasons = new ArrayList<>();
        if (!alone.isEmpty()) {
            reasons.add("nobody else is in sync in " + named(alone) + ", bring another node in sync first");
        }
        if (!preferred.isEmpty()) {
            reasons.add("in " + named(preferred) + " nobody who is in sync should rather lead, it is favoured there");
        }
        if (!moving.isEmpty()) {
            reasons.add(
                    node.options().transferToPreferred()
                            ? named(moving) + " are given away, four at a time, when another has been in sync for long"
                                    + " enough"
                            : "transferToPreferred is off, call transferTo for " + named(moving));
        }
        return String.join("; ", reasons);
    }

    private boolean ranksHigher(GroupId group, List<NodeId> others) {
        Replica replica = node.replica(group);
        Map<NodeId, Integer> ranks = replica == null ? Map.of() : node.peers().ranks(replica);
        int own = ranks.getOrDefault(node.self(), 0);
        return others.stream().anyMatch(other -> ranks.getOrDefault(other, 0) > own);
    }

    private static String named(List<GroupId> groups) {
        return groups.size() <= NAMED
                ? groups.toString()
                : groups.subList(0, NAMED) + " and " + (groups.size() - NAMED) + " more";
    }

    private void answer(Waiter waiter, @Nullable Throwable failure) {
        if (waiters.remove(waiter) && !node.applier().tryRun(() -> complete(waiter, failure))) {
            complete(waiter, failure);
        }
    }

    private static void complete(Waiter waiter, @Nullable Throwable failure) {
        if (failure == null) {
            waiter.future.complete(null);
        } else {
            waiter.future.completeExceptionally(failure);
        }
    }

    /** The node is closed, or dies. */
    void close() {
        closed = true;
        HandoverException why =
                new ReplicaClosedException("[" + node.self() + "] the node was closed while it drained; start another");
        for (Waiter waiter : waiters) {
            if (waiters.remove(waiter)) {
                complete(waiter, why);
            }
        }
    }
}
