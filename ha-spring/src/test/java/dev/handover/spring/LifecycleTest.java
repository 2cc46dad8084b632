package dev.handover.spring;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.GroupId;
import dev.handover.NotLeaderException;
import dev.handover.Role;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.event.HaEvent;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.transport.Transport;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.support.GenericApplicationContext;

/** When groups are joined, handed over and left, and when the instance takes traffic. */
@Timeout(120)
class LifecycleTest {
    private static final GroupId ORDERS = GroupId.of("orders");

    @TempDir
    Path directory;

    private Memory memory;

    @BeforeEach
    void begin() {
        memory = new Memory(directory);
    }

    @AfterEach
    void end() {
        memory.close();
    }

    /** A Spring Boot application, with {@code SpringApplication}. */
    private ConfigurableApplicationContext run(
            String node, ApplicationContextInitializer<GenericApplicationContext> more, String... properties) {
        SpringApplication application = new SpringApplication(Application.class);
        application.setWebApplicationType(WebApplicationType.NONE);
        application.addInitializers((GenericApplicationContext context) -> {
            context.registerBean("store", ConfigurationStore.class, memory.store::connect);
            context.registerBean("transport", Transport.class, memory.network::transport);
            context.registerBean(StateMachinesTest.OrderBook.class);
            more.initialize(context);
        });
        List<String> arguments = new ArrayList<>(
                List.of("--handover.node-id=" + node, "--handover.data-directory=" + directory.resolve(node)));
        Arrays.stream(properties).map(property -> "--" + property).forEach(arguments::add);
        return application.run(arguments.toArray(String[]::new));
    }

    @Test
    void shouldJoinWhenTheApplicationIsReadyAndNotBefore() {
        List<String> seen = new CopyOnWriteArrayList<>();
        ApplicationContextInitializer<GenericApplicationContext> more = context -> context.registerBean(
                ApplicationRunner.class,
                () -> arguments -> seen.add("runner sees "
                        + context.getBean(HaNode.class).groups() + ", "
                        + context.getBean(ReplicatedLog.class).status().role()));
        try (ConfigurableApplicationContext context = run("a", more)) {
            assertThat(seen).containsExactly("runner sees [], RECOVERING");
            assertThat(context.getBean(HaNode.class).groups()).containsExactly(ORDERS);
        }
    }

    @Test
    void shouldJoinWithTheContextIfToldSoForRunnersThatNeedTheLog() {
        List<String> answers = new CopyOnWriteArrayList<>();
        ApplicationContextInitializer<GenericApplicationContext> more = context -> context.registerBean(
                ApplicationRunner.class,
                () -> arguments -> answers.add(new String(
                        context.getBean(ReplicatedLog.class)
                                .submit("early".getBytes(UTF_8))
                                .get(30, SECONDS),
                        UTF_8)));
        try (ConfigurableApplicationContext context = run("a", more, "handover.join=start")) {
            assertThat(context.isActive()).isTrue();
            assertThat(answers).containsExactly("early");
        }
    }

    @Test
    void shouldRefuseAfterTheCommandTimeOutWhatIsAskedBeforeTheGroupIsJoined() {
        List<Throwable> failures = new CopyOnWriteArrayList<>();
        List<CompletableFuture<byte[]>> waiting = new CopyOnWriteArrayList<>();
        ApplicationContextInitializer<GenericApplicationContext> more =
                context -> context.registerBean(ApplicationRunner.class, () -> arguments -> {
                    ReplicatedLog log = context.getBean(ReplicatedLog.class);
                    try {
                        log.submit("too early".getBytes(UTF_8)).get(30, SECONDS);
                    } catch (ExecutionException e) {
                        failures.add(e.getCause());
                    }
                    waiting.add(log.submit("in time".getBytes(UTF_8)));
                });
        try (ConfigurableApplicationContext context = run("a", more, "handover.command-timeout=1s")) {
            assertThat(context.isActive()).isTrue();
            assertThat(failures).singleElement().isInstanceOf(NotLeaderException.class);
            assertThat(failures.get(0)).hasMessageContaining("handover.join=start");
            assertThat(waiting.get(0)).succeedsWithin(Memory.LONG).isEqualTo("in time".getBytes(UTF_8));
        }
    }

    @Test
    void shouldHandOverBeforeTheWebServerDrainsAndAnswerUntilTheEnd() throws Exception {
        List<String> seen = new CopyOnWriteArrayList<>();
        ApplicationContextInitializer<GenericApplicationContext> more =
                context -> context.registerBean(Drain.class, () -> new Drain(context, seen));
        ReplicatedLog other;
        try (ConfigurableApplicationContext context = run("a", more)) {
            Memory.inSync(context.getBean(ReplicatedLog.class));
            other = memory.join("b", "orders", new Words());
            assertThat(context.getBean(ReplicatedLog.class).status().role()).isEqualTo(Role.LEADER);
        }
        assertThat(seen).containsExactly("drains as FOLLOWER of b, answers draining");
        assertThat(other.submit("after".getBytes(UTF_8)).get(30, SECONDS)).isEqualTo("draining,after".getBytes(UTF_8));
    }

    @Test
    void shouldStartAgainAfterAStop() throws Exception {
        memory.runner("a")
                .withBean("orderBook", StateMachinesTest.OrderBook.class)
                .run(context -> {
                    ReplicatedLog log = context.getBean(ReplicatedLog.class);
                    Memory.inSync(log);
                    ReplicatedLog other = memory.join("b", "orders", new Words());
                    other.submit("one".getBytes(UTF_8)).get(30, SECONDS);

                    context.stop();
                    assertThat(log.status().role()).isNotEqualTo(Role.LEADER);
                    other.awaitLeader(Memory.LONG).get(30, SECONDS);
                    assertThat(other.status().role()).isEqualTo(Role.LEADER);

                    context.start();
                    assertThat(new String(log.submit("two".getBytes(UTF_8)).get(30, SECONDS), UTF_8))
                            .isEqualTo("one,two");
                    other.handOver().get(30, SECONDS);
                    assertThat(log.status().role()).isEqualTo(Role.LEADER);
                });
    }

    @Test
    void shouldStopThoughNobodyCanTakeOver() {
        memory.runner("a")
                .withBean("orderBook", StateMachinesTest.OrderBook.class)
                .run(context -> {
                    Memory.inSync(context.getBean(ReplicatedLog.class));
                    List<HaEvent> seen = new CopyOnWriteArrayList<>();
                    HaNode node = context.getBean(HaNode.class);
                    node.events().subscribe(seen::add);
                    context.stop();
                    assertThat(context.getBean(HandoverLifecycle.class).isRunning())
                            .isFalse();
                    node.close(); // delivers all events
                    assertThat(seen)
                            .as("a lone instance that stops is no fault")
                            .noneMatch(HaEvent.Transfer.class::isInstance);
                });
    }

    @Test
    void shouldTakeTrafficOnlyWhenItHasCaughtUp() {
        memory.store.reachable(false); // so that it cannot
        List<ReadinessState> told = new CopyOnWriteArrayList<>();
        ApplicationContextInitializer<GenericApplicationContext> more =
                context -> context.addApplicationListener(event -> {
                    if (event instanceof AvailabilityChangeEvent<?> change
                            && change.getState() instanceof ReadinessState state) {
                        told.add(state);
                    }
                });
        try (ConfigurableApplicationContext context = run("a", more)) {
            ApplicationAvailability availability = context.getBean(ApplicationAvailability.class);
            assertThat(availability.getReadinessState()).isEqualTo(ReadinessState.REFUSING_TRAFFIC);
            assertThat(availability.getLivenessState())
                    .isEqualTo(org.springframework.boot.availability.LivenessState.CORRECT);

            memory.store.reachable(true);
            Await.until("ready", () -> availability.getReadinessState() == ReadinessState.ACCEPTING_TRAFFIC);

            AvailabilityChangeEvent.publish(context, ReadinessState.REFUSING_TRAFFIC); // by somebody else
            assertThat(availability.getReadinessState()).isEqualTo(ReadinessState.REFUSING_TRAFFIC);
            AvailabilityChangeEvent.publish(context, ReadinessState.ACCEPTING_TRAFFIC);
            assertThat(availability.getReadinessState()).isEqualTo(ReadinessState.ACCEPTING_TRAFFIC);
        }
        assertThat(told).startsWith(ReadinessState.ACCEPTING_TRAFFIC);
    }

    @Test
    void shouldTakeNoTrafficAnyMoreWhenAReplicaHasStoppedItself() {
        try (ConfigurableApplicationContext context =
                run("a", it -> it.registerBean("bad", Bad.class), "handover.groups.bad=bad")) {
            ApplicationAvailability availability = context.getBean(ApplicationAvailability.class);
            Await.until("ready", () -> availability.getReadinessState() == ReadinessState.ACCEPTING_TRAFFIC);
            assertThatThrownBy(() -> context.getBean("badLog", ReplicatedLog.class)
                            .submit(new byte[0])
                            .get(30, SECONDS))
                    .hasMessageContaining("is bad");
            Await.until("refusing", () -> availability.getReadinessState() == ReadinessState.REFUSING_TRAFFIC);
        }
    }

    @Test
    void shouldGiveTheReadinessUpToOthersIfToldSo() {
        memory.store.reachable(false);
        try (ConfigurableApplicationContext context = run("a", it -> {}, "handover.readiness=false")) {
            assertThat(context.getBean(ApplicationAvailability.class).getReadinessState())
                    .isEqualTo(ReadinessState.ACCEPTING_TRAFFIC);
        }
    }

    @Test
    void shouldPassOnEverythingThatALogCan() {
        for (Method method : ReplicatedLog.class.getMethods()) {
            if (!Modifier.isStatic(method.getModifiers())) {
                assertThat(Arrays.stream(ManagedLog.class.getDeclaredMethods())
                                .filter(own -> own.getName().equals(method.getName())
                                        && Arrays.equals(own.getParameterTypes(), method.getParameterTypes())))
                        .as("%s", method)
                        .isNotEmpty();
            }
        }
    }

    @EnableAutoConfiguration
    static class Application {}

    static class Bad extends Words {
        @Override
        public byte[] apply(dev.handover.replication.Command command) {
            throw new IllegalStateException("is bad");
        }
    }

    /** Stops when the web server begins to drain, and looks. */
    static final class Drain implements SmartLifecycle {
        private final ConfigurableApplicationContext context;
        private final List<String> seen;
        private boolean running;

        Drain(ConfigurableApplicationContext context, List<String> seen) {
            this.context = context;
            this.seen = seen;
        }

        @Override
        public int getPhase() {
            return SmartLifecycle.DEFAULT_PHASE - 1024; // that of the web server's graceful shutdown
        }

        @Override
        public void start() {
            running = true;
        }

        @Override
        public void stop() {
            running = false;
            ReplicatedLog log = context.getBean(ReplicatedLog.class);
            Role role = log.status().role();
            String answer = new String(
                    log.submit("draining".getBytes(UTF_8))
                            .orTimeout(30, SECONDS)
                            .join(),
                    UTF_8);
            seen.add("drains as " + role + " of " + log.status().leader() + ", answers " + answer);
        }

        @Override
        public boolean isRunning() {
            return running;
        }
    }
}
