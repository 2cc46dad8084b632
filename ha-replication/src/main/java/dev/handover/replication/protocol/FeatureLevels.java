package dev.handover.replication.protocol;

import dev.handover.Configuration;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * What each feature level allows, and when a group goes up (R20). A level is never lowered: what was written at it stays in the logs.
 *
 * <pre>
 * 1  the first format
 * 2  a barrier's payload says why its epoch began, so that a forced recovery and its possible loss stand in the log for good
 * </pre>
 */
public final class FeatureLevels {
    /** The first one; what a replica supports that has not said otherwise. */
    public static final int FIRST = 1;
    /** Barriers carry the reason of their epoch. */
    public static final int BARRIER_REASON = 2;
    /** What this release supports. */
    public static final int NEWEST = BARRIER_REASON;

    private static final byte[] NOTHING = {};

    private FeatureLevels() {}

    /** What a barrier of this configuration holds. */
    static byte[] barrierPayload(Configuration configuration) {
        if (configuration.featureLevel() < BARRIER_REASON) { // R20
            return NOTHING;
        }
        String reason = configuration.reason();
        byte[] ascii = new byte[reason.length()];
        for (int i = 0; i < ascii.length; i++) {
            char c = reason.charAt(i);
            ascii[i] = (byte) (c < ' ' || c > '~' ? '?' : c);
        }
        return ascii;
    }

    /** Why a replica may not take part in a group with this configuration; null if it may. */
    static @Nullable String refusal(Configuration configuration, int supported) {
        return configuration.featureLevel() <= supported
                ? null
                : "The group writes at feature level " + configuration.featureLevel()
                        + ", and this replica supports levels up to " + supported
                        + " only: it could not read what the others write. A group's level is never lowered. "
                        + "Start a release, or a setting of maxFeatureLevel, that supports level "
                        + configuration.featureLevel() + "; the data directory may stay";
    }

    /** The level that a leader may raise its group to: what everybody supports who receives its entries, in sync or learner. */
    static int common(int own, Collection<FollowerProgress> followers) {
        int common = own;
        for (FollowerProgress follower : followers) {
            common = Math.min(common, follower.featureLevel); // R20: every one of them, and it has said so itself
        }
        return common;
    }
}
