package dev.handover.jmh.cluster;

import java.util.Locale;

/**
 * One line of the result.
 *
 * @param allocatedBytes on the leader, per operation
 * @param serverMicros processor time of all replicas, per operation
 * @param clientMicros processor time of the client, per operation
 */
record Row(
        String system,
        int replicas,
        int window,
        int bytes,
        int reads,
        double perSecond,
        double p50Micros,
        double p99Micros,
        double p999Micros,
        double maxMicros,
        double allocatedBytes,
        double serverMicros,
        double clientMicros,
        long errors) {
    private static final int ARRAY_HEADER = 16;

    static final String HEAD = String.format(
            Locale.ROOT,
            "%-13s %3s %6s %7s %5s %10s %10s %10s %10s %9s %8s %8s %6s",
            "system",
            "n",
            "window",
            "bytes",
            "reads",
            "ops/s",
            "p50 us",
            "p99 us",
            "p99.9 us",
            "alloc B",
            "srv us",
            "cli us",
            "errors");

    /**
     * What the leader allocates beside the array that holds the command: whoever submits makes that one. Nothing is subtracted where less was allocated, by a
     * system that takes commands in buffers of its own.
     */
    double allocatedBesideCommand() {
        long array = ARRAY_HEADER + bytes + 7 & -8L;
        return allocatedBytes > array ? allocatedBytes - array : allocatedBytes;
    }

    String text() {
        return String.format(
                Locale.ROOT,
                "%-13s %3d %6d %7d %4d%% %10.0f %10.0f %10.0f %10.0f %9.0f %8.1f %8.1f %6d",
                system,
                replicas,
                window,
                bytes,
                reads,
                perSecond,
                p50Micros,
                p99Micros,
                p999Micros,
                allocatedBytes,
                serverMicros,
                clientMicros,
                errors);
    }

    String json() {
        return String.format(
                Locale.ROOT,
                "{\"system\":\"%s\",\"replicas\":%d,\"window\":%d,\"bytes\":%d,\"reads\":%d,\"ops_per_second\":%.1f,\"p50_us\":%.1f,"
                        + "\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f,\"leader_bytes_per_op\":%.1f,\"server_cpu_us_per_op\":%.2f,"
                        + "\"client_cpu_us_per_op\":%.2f,\"errors\":%d}",
                system,
                replicas,
                window,
                bytes,
                reads,
                perSecond,
                p50Micros,
                p99Micros,
                p999Micros,
                maxMicros,
                allocatedBytes,
                serverMicros,
                clientMicros,
                errors);
    }
}
