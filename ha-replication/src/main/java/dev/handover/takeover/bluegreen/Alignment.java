package dev.handover.takeover.bluegreen;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.Role;
import dev.handover.replication.GroupStatus;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.TransferResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Every leader that is not of the live colour gives its group to one that is (R18): in a switch, in a roll-back, and after any take-over that brought another one up. So whatever is done to leaders, they
 * come back to what the record says. The node itself is told whom to favour, or a higher priority in the other colour would take the leadership back (R23). On the loop.
 */
final class Alignment {
    private static final Logger LOG = LoggerFactory.getLogger(Alignment.class);
    private static final int AT_A_TIME = 16;
    private static final Duration AGAIN = Duration.ofMillis(250);

    private final Instance instance;
    private final Runnable changed;
    private final Set<GroupId> underWay = new HashSet<>();
    private final Map<GroupId, Long> notBefore = new HashMap<>();
    private Set<NodeId> favoured = Set.of();

    Alignment(Instance instance, Runnable changed) {
        this.instance = instance;
        this.changed = changed;
    }

    /** Transfers are asked for on behalf of {@code caller}. */
    void tick(SwitchRecord record, SortedMap<NodeId, Report> reports, UnaryOperator<Runnable> caller) {
        Set<NodeId> live = new TreeSet<>();
        reports.forEach((node, report) -> {
            if (report.colour().equals(record.live())) {
                live.add(node);
            }
        });
        favour(live);
        if (record.live().equals(instance.colour())) {
            return;
        }
        int place = 0;
        for (ReplicatedLog log : instance.logs()) {
            GroupStatus status = log.status();
            if (status.role() == Role.LEADER && status.configuration() != null) {
                List<NodeId> targets = best(log.group(), status.configuration().inSync(), live);
                if (!targets.isEmpty()) {
                    transfer(log, targets.get(place % targets.size()), record, caller);
                }
            }
            place++;
        }
    }

    /** Within the colour the priority decides. */
    private void favour(Set<NodeId> live) {
        if (!live.equals(favoured)
                && instance.forJoined(group -> instance.node().favour(group, live))) {
            favoured = live;
        }
    }

    /** Of the live ones that are in sync those of the highest rank. Plain loops: who switches for the first time in its life should link nothing for that. */
    private List<NodeId> best(GroupId group, List<ReplicaId> inSync, Set<NodeId> live) {
        Map<NodeId, Integer> ranks = instance.node().leaderRanks(group);
        List<NodeId> best = new ArrayList<>();
        int highest = Integer.MIN_VALUE;
        for (ReplicaId replica : inSync) {
            NodeId node = replica.node();
            if (live.contains(node)) {
                int rank = ranks.getOrDefault(node, 0);
                if (rank > highest) {
                    highest = rank;
                    best.clear();
                }
                if (rank == highest) {
                    best.add(node);
                }
            }
        }
        return best;
    }

    private void transfer(ReplicatedLog log, NodeId target, SwitchRecord record, UnaryOperator<Runnable> caller) {
        GroupId group = log.group();
        long now = instance.now();
        Long earliest = notBefore.get(group);
        if (underWay.contains(group) || underWay.size() >= AT_A_TIME || (earliest != null && now - earliest < 0)) {
            return;
        }
        underWay.add(group);
        LOG.info(
                "[{} {}] gives the leadership to {}, because {} is live in generation {}",
                group,
                instance.node().id(),
                target,
                record.live(),
                record.generation());
        caller.apply(new Giving(log, target)).run();
    }

    /** A class of its own, for the same reason as plain loops. */
    private final class Giving implements Runnable {
        private final ReplicatedLog log;
        private final NodeId target;

        Giving(ReplicatedLog log, NodeId target) {
            this.log = log;
            this.target = target;
        }

        @Override
        public void run() {
            log.transferTo(target).whenComplete((result, failure) -> instance.loop()
                    .execute(() -> given(log.group(), target, result, failure)));
        }
    }

    private void given(GroupId group, NodeId target, @Nullable TransferResult result, @Nullable Throwable failure) {
        underWay.remove(group);
        if (!wellDone(result)) {
            notBefore.put(group, instance.now() + AGAIN.toNanos());
            LOG.warn(
                    "[{} {}] could not give the leadership to {}, tries again: {}",
                    group,
                    instance.node().id(),
                    target,
                    failure == null ? result : failure.getMessage());
        }
        changed.run();
    }

    private static boolean wellDone(@Nullable TransferResult result) {
        return result != null && result.transferred();
    }
}
