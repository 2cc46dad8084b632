package dev.handover.ops;

import dev.handover.Redundancy;
import dev.handover.Role;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * This node's replica of a group.
 *
 * @param leader null while nobody is known
 * @param redundancy null before the first configuration
 * @param lag entries: of a leader how far the in-sync follower that is furthest behind is behind its log, else what is committed and not applied here
 * @param followers the others as a leader knows them; else empty
 * @param commitsPerSecond between the last two samples
 * @param commitRates of the last two minutes at most, one a second, the newest last
 * @param lags likewise
 * @param storeReachable whether the configuration store answered when last heard of
 * @param fault why it has stopped itself; null if it has not
 */
public record OpsGroup(
        String group,
        Role role,
        long epoch,
        @Nullable String leader,
        List<String> inSync,
        List<String> missing,
        int minInSync,
        Redundancy.@Nullable Level redundancy,
        long lastIndex,
        long commitIndex,
        long appliedIndex,
        long lag,
        List<Follower> followers,
        double commitsPerSecond,
        List<Double> commitRates,
        List<Double> lags,
        boolean storeReachable,
        @Nullable String fault) {
    /**
     * Another replica, as the leader knows it.
     *
     * @param lag entries of the leader's log that are not durable there
     */
    public record Follower(String node, boolean inSync, boolean reachable, long lag) {}

    /** How much it asks for attention. */
    public OpsLevel level() {
        if (fault != null || leader == null || redundancy == Redundancy.Level.REFUSING) {
            return OpsLevel.BAD;
        }
        return redundancy != Redundancy.Level.FULL || !storeReachable ? OpsLevel.WARN : OpsLevel.OK;
    }
}
