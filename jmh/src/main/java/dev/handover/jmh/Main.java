package dev.handover.jmh;

import dev.handover.jmh.cluster.ClusterBenchmark;
import dev.handover.jmh.groups.ManyGroups;
import dev.handover.jmh.groups.ReadKinds;
import dev.handover.jmh.snapshots.SnapshotBenchmark;
import java.util.Arrays;

/** Entry of the jar: {@code cluster} runs whole clusters against each other, {@code groups} many groups on three nodes, {@code reads} every kind of read, {@code snapshots} what those cost, everything else goes to JMH. */
public final class Main {
    private Main() {}

    /** See {@code cluster --help}, or JMH's {@code -h}. */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0 && ClusterBenchmark.COMMANDS.contains(arguments[0])) {
            ClusterBenchmark.main(arguments);
        } else if (arguments.length > 0 && arguments[0].equals("groups")) {
            ManyGroups.main(Arrays.copyOfRange(arguments, 1, arguments.length));
        } else if (arguments.length > 0 && arguments[0].equals("reads")) {
            ReadKinds.main(Arrays.copyOfRange(arguments, 1, arguments.length));
        } else if (arguments.length > 0 && arguments[0].equals("snapshots")) {
            SnapshotBenchmark.main(Arrays.copyOfRange(arguments, 1, arguments.length));
        } else {
            org.openjdk.jmh.Main.main(Arrays.copyOf(arguments, arguments.length));
        }
    }
}
