package dev.handover.replication.simulator;

import dev.handover.Configuration;
import dev.handover.replication.protocol.FeatureLevels;

/**
 * Which release a node runs, by the feature level it supports (R20). In one of three worlds nodes begin with an older one and are upgraded at some restart, at the latest after
 * they were refused because their group has gone up. A chance of its own, so that worlds without older releases are what they were.
 */
final class SimRelease {
    private final Dice dice;
    private final boolean mixed;
    private int featureLevel = FeatureLevels.NEWEST;
    private boolean refused;

    SimRelease(long seed, int index) {
        mixed = Math.floorMod(seed, 3) == 1;
        dice = new Dice(seed * 31 + index);
    }

    /** A process begins. */
    void boot(int boot) {
        if (!mixed || refused) {
            featureLevel = FeatureLevels.NEWEST;
        } else if (boot == 1) {
            featureLevel = dice.chance(0.8) ? FeatureLevels.FIRST : FeatureLevels.NEWEST;
        } else if (dice.chance(0.6)) {
            featureLevel = FeatureLevels.NEWEST;
        }
    }

    /** Highest level that the running process supports. */
    int featureLevel() {
        return featureLevel;
    }

    /** Whether a fault is what this release is to do in a group with this configuration; then the next process is newer. */
    boolean refusedBy(Configuration configuration) {
        if (configuration != null && configuration.featureLevel() > featureLevel) {
            refused = true;
        }
        return refused && featureLevel < FeatureLevels.NEWEST;
    }
}
