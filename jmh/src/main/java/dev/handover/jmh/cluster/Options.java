package dev.handover.jmh.cluster;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** The command line. */
record Options(
        List<String> systems,
        List<Integer> windows,
        List<Integer> sizes,
        int warmSeconds,
        int seconds,
        List<Integer> replicas,
        int reads,
        int takeOvers,
        List<String> takeOverJvm,
        int growth,
        int wide,
        Path directory,
        Path json,
        String docs) {
    /** A process that was killed a few seconds ago is compiling still, and so is one that has led for the first time. */
    static final List<String> QUICK_COMPILER = List.of("-XX:TieredStopAtLevel=1");

    static final String USAGE =
            """
            Usage: java -jar benchmarks.jar cluster [OPTION...]
            Whole clusters against each other, one after the other: replicas and a client in processes of their own, every answer durable.

              --systems a,b      of handover, handover-tls, aeron, sofajraft, jgroups-raft, ratis, latch   (handover,aeron,sofajraft,jgroups-raft,ratis)
              --windows n,m      commands under way at a time                                (1,64,1024)
              --sizes n,m        bytes of a command                                          (256)
              --seconds n        measured, for each row                                      (10)
              --warm n           before that, unmeasured                                     (10)
              --replicas n,m     of each cluster; peers need 3 or more                       (3)
              --reads n          per cent of linearizable reads among the operations         (0)
              --take-overs n     rounds of SIGKILL to the leader under a sequential writer   (0)
              --take-over-jvm s  JVM options of all processes in those rounds, apart by spaces  (-XX:TieredStopAtLevel=1)
              --growth n         also Handover alone with growing commands, windows and replicas: seconds a row,
                                 17 rows; 0: not                                              (0)
              --wide n           also 1 KiB commands, and linearizable reads (95 and 100 per cent) where there are any, at the windows above 1, and Handover with two replicas:
                                 seconds a row, with as many before it unmeasured; 0: not     (0)
              --directory d      for data and logs; emptied, also of each system when it is measured (target/cluster)
              --json f           result file                                                 (target/cluster.json)
              --docs d           also writes performance.md and latency.svg there; performance-notes.md in it becomes a part of the page
            """;

    static Options parse(List<String> arguments) {
        List<String> systems = Contenders.PEERS;
        List<Integer> windows = List.of(1, 64, 1024);
        List<Integer> sizes = List.of(256);
        int warm = 10;
        int seconds = 10;
        List<Integer> replicas = List.of(3);
        int reads = 0;
        int takeOvers = 0;
        List<String> takeOverJvm = QUICK_COMPILER;
        int growth = 0;
        int wide = 0;
        Path directory = Path.of("target", "cluster");
        Path json = Path.of("target", "cluster.json");
        String docs = "";
        for (int i = 0; i < arguments.size(); i += 2) {
            String option = arguments.get(i);
            if (i + 1 == arguments.size()) {
                throw new IllegalArgumentException("option " + option + " is unknown or has no value; see --help");
            }
            String value = arguments.get(i + 1);
            switch (option) {
                case "--systems" -> systems = List.of(value.split(","));
                case "--windows" -> windows = numbers(option, value, 1, 8192);
                case "--sizes" -> sizes = numbers(option, value, 8, 1 << 20);
                case "--seconds" -> seconds = number(option, value, 1, 3600);
                case "--warm" -> warm = number(option, value, 0, 3600);
                case "--replicas" -> replicas = numbers(option, value, 1, 7);
                case "--reads" -> reads = number(option, value, 0, 100);
                case "--take-overs" -> takeOvers = number(option, value, 0, 1000);
                case "--take-over-jvm" ->
                    takeOverJvm =
                            value.isBlank() ? List.of() : List.of(value.trim().split(" +"));
                case "--growth" -> growth = number(option, value, 0, 600);
                case "--wide" -> wide = number(option, value, 0, 600);
                case "--directory" -> directory = Path.of(value);
                case "--json" -> json = Path.of(value);
                case "--docs" -> docs = value;
                default -> throw new IllegalArgumentException("option " + option + " is unknown; see --help");
            }
        }
        systems.forEach(Contenders::named);
        return new Options(
                systems,
                windows,
                sizes,
                warm,
                seconds,
                replicas,
                reads,
                takeOvers,
                takeOverJvm,
                growth,
                wide,
                directory.toAbsolutePath(),
                json.toAbsolutePath(),
                docs);
    }

    private static List<Integer> numbers(String option, String value, int least, int most) {
        return Arrays.stream(value.split(","))
                .map(part -> number(option, part, least, most))
                .collect(Collectors.toUnmodifiableList());
    }

    private static int number(String option, String value, int least, int most) {
        try {
            int number = Integer.parseInt(value.trim());
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(option + " '" + value + "' is no number", e);
        }
        throw new IllegalArgumentException(option + " " + value + " is not in " + least + ".." + most);
    }
}
