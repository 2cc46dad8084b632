package dev.handover.examples.demo;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/** The command line of the demo. */
public final class Demo {
    private static final int OK = 0;
    private static final int FAILED = 1;
    private static final int WRONG_OPTIONS = 2;

    private Demo() {}

    /** Runs the demo and ends the JVM with its exit code. */
    public static void main(String[] arguments) throws InterruptedException {
        List<String> words = List.of(arguments);
        if (words.contains("--help")) {
            System.out.print(Options.USAGE);
            return;
        }
        Options options;
        try {
            options = Options.parse(words, new Here());
        } catch (IllegalArgumentException e) {
            System.err.println("demo: " + e.getMessage());
            System.err.print(Options.USAGE);
            System.exit(WRONG_OPTIONS);
            return;
        }
        System.exit(run(options));
    }

    private static int run(Options options) throws InterruptedException {
        Path directory;
        try {
            directory = Files.createTempDirectory("handover-demo-");
        } catch (IOException e) {
            System.err.println("demo: cannot create a temporary directory: " + e);
            return FAILED;
        }
        // ZooKeeper logs much; it goes to a file. Must come before the first logger.
        System.setProperty("logback.configurationFile", "demo-logback.xml");
        System.setProperty("demo.log", directory.resolve("demo.log").toString());
        Display display = new Display(System.out, options.live(), new Screen(options.width(), options.color()));
        AtomicBoolean interrupted = new AtomicBoolean();
        Show show = new Show(options, directory, display);
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            interrupted.set(true);
                            show.close();
                        },
                        "clean-up"));
        try {
            boolean good = show.run();
            show.close();
            return good ? OK : FAILED;
        } catch (IOException | RuntimeException e) {
            if (!interrupted.get()) {
                show.explain(e);
            }
            show.close();
            return FAILED;
        }
    }

    private static final class Here implements Options.Environment {
        @Override
        public String variable(String name) {
            String value = System.getenv(name);
            return value == null ? "" : value;
        }

        @Override
        public boolean terminal() {
            return System.console() != null;
        }

        @Override
        public Path defaultJar() {
            try {
                Path own = Path.of(Demo.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .toURI());
                Path examples = own.resolve("../../..").normalize();
                return examples.resolve("kv-server/target/kv-server.jar");
            } catch (URISyntaxException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
