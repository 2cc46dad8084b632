package dev.handover.spring;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;

import dev.handover.election.zookeeper.EmbeddedZooKeeper;
import dev.handover.replication.Consistency;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.Session;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.aop.AopAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Import;

/**
 * The program of {@link VirtualThreadsTest}, for a newer JVM than the build's: two applications with a ZooKeeper and connections, of which virtual threads ask everything that an application asks and waits for. Prints who was pinned meanwhile, as
 * Flight Recorder tells, and at the end the same of somebody who is pinned on purpose.
 */
final class VirtualCallers {
    static final String PINNED = "PINNED ";
    static final String DONE = "DONE";
    private static final int CALLERS = 16;
    private static final int ROUNDS = 5;

    private VirtualCallers() {}

    @ImportAutoConfiguration({
        AopAutoConfiguration.class,
        HandoverAutoConfiguration.class,
        HandoverGuardsAutoConfiguration.class,
        HandoverMethodsAutoConfiguration.class
    })
    @Import({StateMachinesTest.OrderBook.class, Work.class})
    static class Application {}

    static class Work {
        @LeaderOnly("orders")
        public Optional<String> lead() {
            return Optional.of("leads");
        }

        @Guarded("stock")
        public int stock() {
            LockSupport.parkNanos(100_000);
            return 1;
        }
    }

    /** Whoever waits while a class is initialized is pinned, on every JVM so far. */
    static class OnPurpose {
        static final long WAITED = waited();

        private static long waited() {
            long begun = System.nanoTime();
            LockSupport.parkNanos(Duration.ofMillis(30).toNanos());
            return System.nanoTime() - begun;
        }
    }

    public static void main(String[] args) throws Exception {
        Path directory = Path.of(args[0]);
        try (ConfigurableApplicationContext a =
                run(directory, "a", "zookeeper.embedded=true", "zookeeper.data-directory=" + directory.resolve("zk"))) {
            String zooKeeper = a.getBean(EmbeddedZooKeeper.class).connectString();
            try (ConfigurableApplicationContext b = run(directory, "b", "zookeeper.connect-string=" + zooKeeper)) {
                for (ConfigurableApplicationContext each : List.of(a, b)) {
                    each.getBean(ReplicatedLog.class)
                            .awaitInSync(Duration.ofSeconds(90))
                            .get(90, SECONDS);
                }
                ask(a, b); // loads classes, which may pin
                try (Recording recording = recording()) {
                    for (int i = 0; i < ROUNDS; i++) {
                        ask(a, b);
                    }
                    all(List.of(() -> OnPurpose.WAITED));
                    tell(recording, directory.resolve("pinned.jfr"));
                }
            }
        }
        System.out.println(DONE);
    }

    private static ConfigurableApplicationContext run(Path directory, String node, String... properties) {
        SpringApplication application = new SpringApplication(Application.class);
        application.setWebApplicationType(WebApplicationType.NONE);
        List<String> arguments = new ArrayList<>(List.of(
                "--handover.node-id=" + node,
                "--handover.data-directory=" + directory.resolve(node),
                "--handover.transport.host=127.0.0.1",
                "--handover.transport.port=0"));
        for (String property : properties) {
            arguments.add("--handover." + property);
        }
        return application.run(arguments.toArray(String[]::new));
    }

    private static void ask(ConfigurableApplicationContext... contexts) throws Exception {
        List<Callable<?>> calls = new ArrayList<>();
        for (ConfigurableApplicationContext context : contexts) {
            ReplicatedLog log = context.getBean(ReplicatedLog.class);
            Work work = context.getBean(Work.class);
            for (int i = 0; i < CALLERS; i++) {
                calls.add(() -> log.submit("x".getBytes(UTF_8)).get(30, SECONDS));
                calls.add(() -> log.query(new byte[0]).get(30, SECONDS));
                calls.add(() -> log.read(Consistency.LOCAL, () -> 1).get(30, SECONDS));
                calls.add(work::lead);
                calls.add(work::stock);
            }
            calls.add(() -> {
                try (Session session = log.openSession().get(30, SECONDS)) {
                    return session.submit("y".getBytes(UTF_8)).get(30, SECONDS);
                }
            });
            calls.add(() -> log.handOver().handle((result, failure) -> 1).get(30, SECONDS)); // refused where it follows
        }
        all(calls);
    }

    /** Each on a virtual thread of its own. */
    private static void all(List<Callable<?>> calls) throws Exception {
        ExecutorService threads = (ExecutorService)
                Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
        try {
            List<Future<?>> answers = new ArrayList<>();
            for (Callable<?> call : calls) {
                answers.add(threads.submit(call));
            }
            for (Future<?> answer : answers) {
                answer.get(90, SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static Recording recording() {
        Recording recording = new Recording();
        recording.enable("jdk.VirtualThreadPinned").withThreshold(Duration.ZERO).withStackTrace();
        recording.start();
        return recording;
    }

    private static void tell(Recording recording, Path file) throws Exception {
        recording.stop();
        recording.dump(file);
        for (RecordedEvent event : RecordingFile.readAllEvents(file)) {
            String frames = event.getStackTrace() == null
                    ? "nowhere"
                    : event.getStackTrace().getFrames().stream()
                            .map(frame -> frame.getMethod().getType().getName() + "."
                                    + frame.getMethod().getName())
                            .collect(Collectors.joining(" < "));
            System.out.println(PINNED + event.getDuration() + " at " + frames);
        }
    }
}
