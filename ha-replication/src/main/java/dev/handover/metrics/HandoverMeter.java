package dev.handover.metrics;

import dev.handover.Redundancy;
import dev.handover.Role;
import dev.handover.replication.GroupStatus;
import dev.handover.replication.protocol.FollowerStatus;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** Every meter that {@link HandoverMetrics}, and for partitions {@link PartitionMetrics}, registers; {@code docs/metrics.md} has the same list. */
enum HandoverMeter {
    ROLE("handover.role", "", "1 if the replica has this role, else 0", "group", "node", "role"),
    SERVES(
            "handover.leads",
            "",
            "1 if this replica is the leader and serves",
            status -> flag(status.role() == Role.LEADER)),
    EPOCH(
            "handover.epoch",
            "",
            "highest epoch adopted; grows with every change of the configuration",
            GroupStatus::epoch),
    IN_SYNC(
            "handover.in.sync",
            "replicas",
            "copies of everything that is committed, as this replica knows it",
            status -> status.redundancy() == null
                    ? Double.NaN
                    : status.redundancy().inSync().size()),
    MIN_IN_SYNC(
            "handover.min.in.sync",
            "replicas",
            "with fewer copies writes are refused",
            status -> status.redundancy() == null
                    ? Double.NaN
                    : status.redundancy().minInSync()),
    MISSING(
            "handover.missing",
            "replicas",
            "nodes that were in sync since this process began, and are not",
            status -> status.redundancy() == null
                    ? Double.NaN
                    : status.redundancy().missing().size()),
    REDUNDANCY(
            "handover.redundancy",
            "",
            "0: writes are refused, 1: one copy is left, 2: somebody is missing, 3: full",
            HandoverMeter::redundancy),
    LAST_INDEX("handover.last.index", "entries", "end of the log", GroupStatus::lastIndex),
    COMMIT_INDEX("handover.commit.index", "entries", "what is known to be committed", GroupStatus::commitIndex),
    APPLIED_INDEX("handover.applied.index", "entries", "what the state machine has applied", GroupStatus::appliedIndex),
    APPLY_LAG(
            "handover.apply.lag",
            "entries",
            "committed and not applied here yet",
            status -> Math.max(0, status.commitIndex() - status.appliedIndex())),
    FOLLOWERS("handover.followers", "replicas", "replicas that this leader can reach", HandoverMeter::reachable),
    FOLLOWER_LAG(
            "handover.follower.lag",
            "entries",
            "entries of the leader's log that are not durable on the follower that is furthest behind among those in sync",
            HandoverMeter::worstLag),
    FAULTED("handover.faulted", "", "1 if the replica has stopped itself", status -> flag(status.fault() != null)),
    TAKE_OVER(
            "handover.takeover",
            "seconds",
            "time from suspicion to serving, of take-overs by this node",
            "group",
            "node"),
    TRANSFER_PAUSE(
            "handover.transfer.pause",
            "seconds",
            "time between two leaders, of transfers from this node",
            "group",
            "node"),
    FAILED_TRANSFERS(
            "handover.transfer.failed",
            "transfers",
            "transfers from this node that were refused or not done",
            "group",
            "node"),
    CONFIGURATIONS(
            "handover.configuration.changes",
            "changes",
            "changes of leader, in-sync set or level that were seen",
            "group",
            "node"),
    SNAPSHOTS("handover.snapshots", "steps", "what happened to snapshots", "group", "node", "step"),
    SWITCH_STEPS("handover.switch.steps", "steps", "steps of blue-green switches that began", "group", "node", "step"),
    LOST_CONNECTIONS(
            "handover.connections.lost", "connections", "connections to other nodes that ended", "group", "node"),
    STORE_REACHABLE(
            "handover.store.reachable",
            "",
            "1 if the configuration store answered when last heard of, 0 if it does not",
            "group",
            "node"),
    DROPPED_EVENTS(
            "handover.events.dropped", "events", "events that were dropped because listeners are too slow", "node"),
    PARTITIONS_LED(
            "handover.partitions.led", "partitions", "partitions that this instance leads", "partitions", "node"),
    PARTITIONS_SETTLED(
            "handover.partitions.settled",
            "",
            "1 if no partition is to move and nobody is awaited, as this instance sees it",
            "partitions",
            "node"),
    PARTITIONS_LEFT(
            "handover.partitions.left",
            "moves",
            "moves of all instances that are to come, as far as this one can tell",
            "partitions",
            "node"),
    PARTITIONS_AWAITED(
            "handover.partitions.awaited",
            "instances",
            "instances that are expected back, or are not in sync everywhere yet; only what has to go is moved meanwhile",
            "partitions",
            "node"),
    PARTITIONS_DRAINING(
            "handover.partitions.draining",
            "instances",
            "instances that give everything away and get nothing",
            "partitions",
            "node"),
    PARTITIONS_IMBALANCE(
            "handover.partitions.imbalance",
            "",
            "by how much the most loaded instance is above its share; 0 is even, 0.5 half as much again",
            "partitions",
            "node"),
    PARTITION_MOVES(
            "handover.partitions.moves",
            "moves",
            "partitions that this instance gave away to spread the load, or could not",
            "partitions",
            "node",
            "result");

    private final String id;
    private final String unit;
    private final String help;
    private final List<String> tags;
    private final @Nullable ToDoubleFunction<GroupStatus> gauge;

    HandoverMeter(String id, String unit, String help, ToDoubleFunction<GroupStatus> gauge) {
        this.id = id;
        this.unit = unit;
        this.help = help;
        this.gauge = gauge;
        tags = List.of("group", "node");
    }

    HandoverMeter(String id, String unit, String help, String... tags) {
        this.id = id;
        this.unit = unit;
        this.help = help;
        this.gauge = null;
        this.tags = List.of(tags);
    }

    String id() {
        return id;
    }

    /** Empty for plain numbers. */
    String unit() {
        return unit;
    }

    String help() {
        return help;
    }

    List<String> tags() {
        return tags;
    }

    /** How to read it from a status; null if it is fed by events. */
    @Nullable
    ToDoubleFunction<GroupStatus> gauge() {
        return gauge;
    }

    static String tag(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private static double flag(boolean set) {
        return set ? 1 : 0;
    }

    private static double redundancy(GroupStatus status) {
        Redundancy redundancy = status.redundancy();
        return redundancy == null ? Double.NaN : redundancy.level().ordinal();
    }

    private static double reachable(GroupStatus status) {
        return status.followers().stream().filter(FollowerStatus::reachable).count();
    }

    private static double worstLag(GroupStatus status) {
        return status.followers().stream()
                .filter(FollowerStatus::inSync)
                .mapToLong(follower -> Math.max(0, status.lastIndex() - follower.durableIndex()))
                .max()
                .orElse(0);
    }
}
