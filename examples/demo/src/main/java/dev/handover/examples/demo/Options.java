package dev.handover.examples.demo;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * The command line.
 *
 * @param kind what happens to the leader
 * @param rounds how often
 * @param writers how many write beside the sequential client
 * @param live whether standard output is a terminal that can move its cursor
 * @param width columns of that terminal
 * @param color whether to use colours
 * @param keep whether the directory with data and logs stays
 * @param timeline whether to show where the time of each take-over went
 * @param jvmOptions more options for the servers' JVMs
 */
record Options(
        Kind kind,
        int rounds,
        int writers,
        Path kvServerJar,
        boolean live,
        int width,
        boolean color,
        boolean keep,
        boolean timeline,
        List<String> jvmOptions) {
    /** What happens to the leader in each round. */
    enum Kind {
        /** It gets SIGKILL and is started again. */
        KILL,
        /** It gives the leadership to the next node, and lives. */
        TRANSFER,
        /** It gets SIGTERM, and is started again. */
        STOP
    }

    static final String USAGE =
            """
            usage: demo [--transfer|--stop] [--rounds N] [--writers N] [--live|--plain] [--keep] [--timeline] [--kv-server JAR] [--jvm OPTION]...

            Starts a ZooKeeper and three kv-servers on this machine, writes with one sequential client and many concurrent
            ones, kills the leader with SIGKILL again and again, and counts what was lost or doubled. The last line is JSON.

              --transfer       the leader is not killed but gives the leadership to the next node
              --stop           the leader is not killed but stopped by SIGTERM, and started again
              --rounds N       how often; 1 to 1000, default 5
              --writers N      concurrent writers beside the sequential one; 0 to 256, default 32
              --live           redraw a picture; default if standard input and output are a terminal
              --plain          lines only
              --keep           keep the directory with the data and the servers' logs, and say where it is
              --timeline       after each round show what happened when, from the logs of all
              --kv-server JAR  the server to run; default: the one beside this demo in the source tree
              --jvm OPTION     one more option for the servers' JVMs; {id} in it stands for the server's id
              --help           this text

            NO_COLOR switches colours off. Ends with 0 if nothing was lost or doubled and all rounds were done, with 1 if
            not, with 2 for wrong options.
            """;

    private static final int DEFAULT_WIDTH = 80;

    /**
     * Reads the command line.
     *
     * @throws IllegalArgumentException naming what is wrong
     */
    static Options parse(List<String> arguments, Environment environment) {
        Kind kind = Kind.KILL;
        int rounds = 5;
        int writers = 32;
        Path jar = environment.defaultJar();
        boolean live = environment.terminal() && !"dumb".equals(environment.variable("TERM"));
        boolean keep = false;
        boolean timeline = false;
        List<String> jvmOptions = new ArrayList<>();
        for (Iterator<String> words = arguments.iterator(); words.hasNext(); ) {
            String word = words.next();
            switch (word) {
                case "--transfer" -> kind = Kind.TRANSFER;
                case "--stop" -> kind = Kind.STOP;
                case "--rounds" -> rounds = number(word, value(word, words), 1, 1000);
                case "--writers" -> writers = number(word, value(word, words), 0, 256);
                case "--live" -> live = true;
                case "--plain" -> live = false;
                case "--keep" -> keep = true;
                case "--timeline" -> timeline = true;
                case "--kv-server" -> jar = Path.of(value(word, words));
                case "--jvm" -> jvmOptions.add(value(word, words));
                default -> throw new IllegalArgumentException("unknown option '" + word + "'");
            }
        }
        if (!Files.isRegularFile(jar)) {
            throw new IllegalArgumentException("no kv-server at " + jar
                    + "; build it with 'mvn -DskipTests package', or name it with --kv-server");
        }
        String columns = environment.variable("COLUMNS");
        int width = columns.matches("[1-9][0-9]{0,3}") ? Integer.parseInt(columns) : DEFAULT_WIDTH;
        boolean color = environment.variable("NO_COLOR").isEmpty();
        return new Options(kind, rounds, writers, jar, live, width, color, keep, timeline, List.copyOf(jvmOptions));
    }

    /** Where the demo runs. */
    interface Environment {
        /** The value of an environment variable, the empty string if it is not set. */
        String variable(String name);

        /** Whether a person looks at a terminal. */
        boolean terminal();

        /** The kv-server that was built together with this demo. */
        Path defaultJar();
    }

    private static String value(String option, Iterator<String> words) {
        if (!words.hasNext()) {
            throw new IllegalArgumentException(option + " needs a value");
        }
        return words.next();
    }

    private static int number(String option, String text, int least, int most) {
        int value = text.matches("[0-9]{1,9}") ? Integer.parseInt(text) : -1;
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    option + " '" + text + "' is not a number from " + least + " to " + most);
        }
        return value;
    }
}
