package dev.handover.jmh;

import dev.handover.jmh.cluster.ClusterBenchmark;
import java.util.Arrays;

/** Entry of the jar: {@code cluster} runs whole clusters against each other, everything else goes to JMH. */
public final class Main {
    private Main() {}

    /** See {@code cluster --help}, or JMH's {@code -h}. */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0 && ClusterBenchmark.COMMANDS.contains(arguments[0])) {
            ClusterBenchmark.main(arguments);
        } else {
            org.openjdk.jmh.Main.main(Arrays.copyOf(arguments, arguments.length));
        }
    }
}
