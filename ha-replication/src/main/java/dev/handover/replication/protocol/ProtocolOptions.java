package dev.handover.replication.protocol;

import java.time.Duration;

/**
 * Settings of the core, in nanoseconds and bytes; {@link #defaults()} and the builder-like {@code with…} methods give the rest.
 *
 * @param heartbeatNanos a leader is heard at least so often; default 50 ms
 * @param failureTimeoutNanos silence for so long is taken for death; default 500 ms. Too small: pauses cause take-overs; too big: hosts that
 *     vanish without a word cost so much time
 * @param casRetryNanos how long to wait before an unanswered or failed operation of the configuration store is tried again; default 100 ms
 * @param drainTimeoutNanos how long an orderly stop waits for the others; default 2 s
 * @param minInSync initial value for a new group; default 1
 * @param featureLevel highest entry format that is read, and written once everybody can read it (R20); default {@link FeatureLevels#NEWEST}
 * @param learner whether this replica only follows: it is never in sync, never counted for a commit, and never leads (R22); default false
 * @param maxAppendBytes entries in one message; default 1 MiB (a larger entry travels alone)
 * @param maxInFlightBytes sent to one follower and not acknowledged; default 8 MiB
 * @param maxUncommittedBytes appended and not committed: more is refused; default 64 MiB
 * @param maxUnappliedBytes handed to the state machine and not applied; default 16 MiB
 * @param tailBytes entries kept in memory for followers and the state machine, by all groups of a node together; default 8 MiB, as
 *     much as may be on its way to a follower. More makes the pauses of the garbage collector longer, which moves all of it; a follower who is further behind gets entries from the disk
 * @param joinLagEntries a learner closer to the end than this is counted in (R8); default 4096
 * @param snapshotMarginEntries entries before the newest snapshot that stay in the log for followers that are behind; at least what is behind the snapshot before it stays anyway; default 65,536. Too
 *     small: a follower that was away for a moment is sent a whole snapshot; too big: the log takes more of the disk
 * @param leases leases for reads (R16); default off
 */
public record ProtocolOptions(
        long heartbeatNanos,
        long failureTimeoutNanos,
        long casRetryNanos,
        long drainTimeoutNanos,
        int minInSync,
        int featureLevel,
        boolean learner,
        int maxAppendBytes,
        long maxInFlightBytes,
        long maxUncommittedBytes,
        long maxUnappliedBytes,
        long tailBytes,
        long joinLagEntries,
        long snapshotMarginEntries,
        LeaseOptions leases) {
    /** Checks that the numbers make sense together. */
    public ProtocolOptions {
        positive("heartbeat", heartbeatNanos);
        positive("casRetry", casRetryNanos);
        positive("drainTimeout", drainTimeoutNanos);
        positive("minInSync", minInSync);
        positive("featureLevel", featureLevel);
        if (featureLevel > FeatureLevels.NEWEST) {
            throw new IllegalArgumentException("featureLevel " + featureLevel + " is above " + FeatureLevels.NEWEST
                    + ", the highest that this release supports");
        }
        positive("maxAppendBytes", maxAppendBytes);
        positive("maxInFlightBytes", maxInFlightBytes);
        positive("maxUncommittedBytes", maxUncommittedBytes);
        positive("maxUnappliedBytes", maxUnappliedBytes);
        positive("tailBytes", tailBytes);
        positive("joinLagEntries", joinLagEntries);
        if (snapshotMarginEntries < 0) {
            throw new IllegalArgumentException("snapshotMarginEntries " + snapshotMarginEntries + " is below 0");
        }
        if (leases.periodNanos() > 0 && leases.periodNanos() < 2 * heartbeatNanos) {
            throw new IllegalArgumentException("a lease of " + Duration.ofNanos(leases.periodNanos())
                    + " is below two heartbeats of " + Duration.ofNanos(heartbeatNanos)
                    + ": it would end before it is renewed; make it longer, or lower the heartbeat");
        }
        if (failureTimeoutNanos < 3 * heartbeatNanos) {
            throw new IllegalArgumentException("failureTimeout " + Duration.ofNanos(failureTimeoutNanos)
                    + " is below three heartbeats of " + Duration.ofNanos(heartbeatNanos)
                    + ": one lost heartbeat would cause a take-over; raise it, or lower the heartbeat");
        }
    }

    /** Without leases. */
    public ProtocolOptions(
            long heartbeatNanos,
            long failureTimeoutNanos,
            long casRetryNanos,
            long drainTimeoutNanos,
            int minInSync,
            int featureLevel,
            int maxAppendBytes,
            long maxInFlightBytes,
            long maxUncommittedBytes,
            long maxUnappliedBytes,
            long tailBytes,
            long joinLagEntries,
            long snapshotMarginEntries) {
        this(
                heartbeatNanos,
                failureTimeoutNanos,
                casRetryNanos,
                drainTimeoutNanos,
                minInSync,
                featureLevel,
                false,
                maxAppendBytes,
                maxInFlightBytes,
                maxUncommittedBytes,
                maxUnappliedBytes,
                tailBytes,
                joinLagEntries,
                snapshotMarginEntries,
                LeaseOptions.OFF);
    }

    private static void positive(String name, long value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " " + value + " is below 1");
        }
    }

    /** The defaults. */
    public static ProtocolOptions defaults() {
        return new ProtocolOptions(
                50_000_000L,
                500_000_000L,
                100_000_000L,
                2_000_000_000L,
                1,
                FeatureLevels.NEWEST,
                1 << 20,
                8L << 20,
                64L << 20,
                16L << 20,
                8L << 20,
                4096,
                65_536);
    }

    /** With other times of detection. */
    public ProtocolOptions withDetection(Duration heartbeat, Duration failureTimeout) {
        return new ProtocolOptions(
                heartbeat.toNanos(),
                failureTimeout.toNanos(),
                casRetryNanos,
                drainTimeoutNanos,
                minInSync,
                featureLevel,
                learner,
                maxAppendBytes,
                maxInFlightBytes,
                maxUncommittedBytes,
                maxUnappliedBytes,
                tailBytes,
                joinLagEntries,
                snapshotMarginEntries,
                leases);
    }

    /** With another size of the in-sync set below which a new group refuses writes. */
    public ProtocolOptions withMinInSync(int value) {
        return new ProtocolOptions(
                heartbeatNanos,
                failureTimeoutNanos,
                casRetryNanos,
                drainTimeoutNanos,
                value,
                featureLevel,
                learner,
                maxAppendBytes,
                maxInFlightBytes,
                maxUncommittedBytes,
                maxUnappliedBytes,
                tailBytes,
                joinLagEntries,
                snapshotMarginEntries,
                leases);
    }

    /** With another margin of entries that stay in the log before the newest snapshot. */
    public ProtocolOptions withSnapshotMarginEntries(long value) {
        return new ProtocolOptions(
                heartbeatNanos,
                failureTimeoutNanos,
                casRetryNanos,
                drainTimeoutNanos,
                minInSync,
                featureLevel,
                learner,
                maxAppendBytes,
                maxInFlightBytes,
                maxUncommittedBytes,
                maxUnappliedBytes,
                tailBytes,
                joinLagEntries,
                value,
                leases);
    }

    /** With another highest level (R20): one below the newest holds a group back while some of its nodes still run an older release. */
    public ProtocolOptions withFeatureLevel(int value) {
        return new ProtocolOptions(
                heartbeatNanos,
                failureTimeoutNanos,
                casRetryNanos,
                drainTimeoutNanos,
                minInSync,
                value,
                learner,
                maxAppendBytes,
                maxInFlightBytes,
                maxUncommittedBytes,
                maxUnappliedBytes,
                tailBytes,
                joinLagEntries,
                snapshotMarginEntries,
                leases);
    }

    /** With a replica that only follows, or one that does not (R22). */
    public ProtocolOptions withLearner(boolean value) {
        return new ProtocolOptions(
                heartbeatNanos,
                failureTimeoutNanos,
                casRetryNanos,
                drainTimeoutNanos,
                minInSync,
                featureLevel,
                value,
                maxAppendBytes,
                maxInFlightBytes,
                maxUncommittedBytes,
                maxUnappliedBytes,
                tailBytes,
                joinLagEntries,
                snapshotMarginEntries,
                leases);
    }

    /** With leases for reads. */
    public ProtocolOptions withLeases(LeaseOptions value) {
        return new ProtocolOptions(
                heartbeatNanos,
                failureTimeoutNanos,
                casRetryNanos,
                drainTimeoutNanos,
                minInSync,
                featureLevel,
                learner,
                maxAppendBytes,
                maxInFlightBytes,
                maxUncommittedBytes,
                maxUnappliedBytes,
                tailBytes,
                joinLagEntries,
                snapshotMarginEntries,
                value);
    }
}
