package dev.handover.replication;

import dev.handover.replication.protocol.ProtocolOptions;
import java.time.Duration;
import java.util.SortedMap;

/** The settings of a node, checked; {@link HaNode.Builder} says what each means. */
record NodeOptions(
        String cluster,
        Duration commandTimeout,
        Duration sessionTimeout,
        Duration drainTimeout,
        Duration failureTimeout,
        int maxCommandBytes,
        int maxPending,
        long maxPendingBytes,
        long snapshotBytes,
        Duration snapshotInterval,
        long snapshotMarginBytes,
        ProtocolOptions protocol,
        SortedMap<String, String> attributes,
        boolean transferToPreferred) {
    private static final int LARGEST_COMMAND = 64 << 20;

    NodeOptions {
        if (cluster.isEmpty() || cluster.length() > 64) {
            throw new IllegalArgumentException(
                    "cluster '" + cluster + "' has " + cluster.length() + " characters; use 1 to 64");
        }
        within("commandTimeout", commandTimeout, Duration.ofMillis(10), Duration.ofMinutes(10));
        within("sessionTimeout", sessionTimeout, Duration.ofSeconds(1), Duration.ofHours(24));
        within("drainTimeout", drainTimeout, Duration.ofMillis(1), Duration.ofMinutes(10));
        if (sessionTimeout.compareTo(commandTimeout.multipliedBy(4)) < 0) {
            throw new IllegalArgumentException(
                    "sessionTimeout " + sessionTimeout + " is below four times commandTimeout " + commandTimeout
                            + ": a session could expire under a command; raise it, or lower commandTimeout");
        }
        within("maxCommandBytes", maxCommandBytes, 1, LARGEST_COMMAND);
        within("maxPendingCommands", maxPending, 1, 1 << 22);
        within("maxPendingBytes", maxPendingBytes, 1, 1L << 36);
        within("snapshotBytes", snapshotBytes, 1 << 10, 1L << 44);
        within("snapshotInterval", snapshotInterval, Duration.ofMillis(100), Duration.ofDays(30));
        within("snapshotMarginBytes", snapshotMarginBytes, 0, 1L << 44);
        if (maxPendingBytes < maxCommandBytes) {
            throw new IllegalArgumentException("maxPendingBytes " + maxPendingBytes + " is below maxCommandBytes "
                    + maxCommandBytes + ": the largest command would never find room; raise it");
        }
    }

    private static void within(String name, Duration value, Duration least, Duration most) {
        if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            throw new IllegalArgumentException(name + " " + value + " is not between " + least + " and " + most);
        }
    }

    private static void within(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(name + " " + value + " is not between " + least + " and " + most);
        }
    }
}
