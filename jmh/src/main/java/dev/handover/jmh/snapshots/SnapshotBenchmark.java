package dev.handover.jmh.snapshots;

/** What snapshots cost; {@code docs/snapshots.md} has the figures. */
public final class SnapshotBenchmark {
    private static final String USAGE =
            """
            snapshots install [state MiB] [writes/s] [seconds] [rounds] [command bytes]
              commits while a replica that fell behind installs a snapshot, and without; defaults: 1024 2000 20 3 256
            snapshots startup [entries] [state MiB] [command bytes]
              from the start of a replica until it serves; 0 leaves one out; defaults: 10000000 1024 100
            """;

    private SnapshotBenchmark() {}

    /** Measures and prints. */
    public static void main(String[] arguments) throws Exception {
        String what = arguments.length == 0 ? "" : arguments[0];
        System.setProperty("handover.bench.log", what.equals("startup") ? "INFO" : "ERROR"); // see logback.xml
        switch (what) {
            case "install" ->
                new InstallMeasurement(
                                number("state MiB", arguments, 1, 1024, 1) << 20,
                                (int) number("writes/s", arguments, 2, 2000, 1),
                                (int) number("seconds", arguments, 3, 20, 1),
                                (int) number("rounds", arguments, 4, 3, 1),
                                (int) number("command bytes", arguments, 5, 256, 0))
                        .run();
            case "startup" ->
                new StartupMeasurement(
                                number("entries", arguments, 1, 10_000_000, 0),
                                number("state MiB", arguments, 2, 1024, 0) << 20,
                                (int) number("command bytes", arguments, 3, 100, 0))
                        .run();
            case "", "-h", "--help" -> System.out.print(USAGE);
            default -> throw new IllegalArgumentException("unknown measurement '" + what + "'\n" + USAGE);
        }
    }

    private static long number(String what, String[] arguments, int at, long otherwise, long least) {
        if (arguments.length <= at) {
            return otherwise;
        }
        try {
            long value = Long.parseLong(arguments[at]);
            if (value >= least && value <= Integer.MAX_VALUE) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(what + " '" + arguments[at] + "' is not a number\n" + USAGE, e);
        }
        throw new IllegalArgumentException(
                what + " " + arguments[at] + " is not from " + least + " to " + Integer.MAX_VALUE + "\n" + USAGE);
    }
}
