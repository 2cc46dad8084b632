package dev.handover.examples.kv.system;

import java.time.Duration;

/** What a {@link Soak} does to a cluster. */
enum SoakFault {
    KILL("process killed", true),
    KILL_ALL("all killed at once", false),
    STOP("orderly stop", true),
    SHORT_PAUSE("pause below the time-out", true),
    PAUSE("pause above the time-out", true),
    TRANSFER("transfer of leadership", true),
    ZOOKEEPER_KILL("ZooKeeper killed", true),
    ZOOKEEPER_PAUSE("ZooKeeper stands still", true),
    CUT("cut off from all", true),
    CUT_FROM_PEERS("cut off from its peers", true),
    CUT_FROM_ZOOKEEPER("cut off from ZooKeeper", true),
    ONE_WAY("links cut one way, at random", false),
    SLOW("slow, lossy link", false),
    DISK_FULL("disk full", false),
    DISK_STALLED("disk stands still", false),
    DAMAGE("files damaged while stopped", true),
    DAMAGE_JOURNAL("journal damaged after a kill", true),
    WIPE("disk replaced", true),
    ROLLBACK("directory rolled back", true);

    /** Alone and with everybody in sync before it, such a fault stops writes for no longer. */
    static final Duration GAP = SystemTest.TAKE_OVER;

    private final String label;
    private final boolean bounded;

    SoakFault(String label, boolean bounded) {
        this.label = label;
        this.bounded = bounded;
    }

    String label() {
        return label;
    }

    /** Whether writes go on within {@link #GAP} though it lasts. */
    boolean isBounded() {
        return bounded;
    }

    /** Whether replicas may stop themselves for it (R15). */
    boolean concernsDisk() {
        return this == DISK_FULL || this == DISK_STALLED;
    }

    boolean needsNetwork() {
        return this == CUT || this == CUT_FROM_PEERS || this == CUT_FROM_ZOOKEEPER || this == ONE_WAY || this == SLOW;
    }

    boolean needsZooKeeper() {
        return damages();
    }

    /** Whether it takes a copy away. */
    boolean damages() {
        return this == DAMAGE || this == DAMAGE_JOURNAL || this == WIPE || this == ROLLBACK;
    }
}
