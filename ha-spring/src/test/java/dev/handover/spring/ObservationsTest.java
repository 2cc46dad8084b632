package dev.handover.spring;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.Role;
import dev.handover.event.HaEvent;
import dev.handover.replication.Command;
import dev.handover.replication.Consistency;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.Session;
import dev.handover.replication.TransferResult;
import dev.handover.takeover.bluegreen.BlueGreen;
import dev.handover.takeover.bluegreen.SwitchPlan;
import io.micrometer.common.KeyValue;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.transport.ReceiverContext;
import io.micrometer.observation.transport.SenderContext;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** What is observed, and that a trace goes on at the other nodes. */
@Timeout(90)
class ObservationsTest {
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

    /** What a tracer does: gives each command a trace, and reads it where it is applied. */
    private static final class Tracer implements ObservationHandler<Observation.Context> {
        final List<String> seen = new CopyOnWriteArrayList<>();
        final ObservationRegistry registry = ObservationRegistry.create();

        Tracer() {
            registry.observationConfig().observationHandler(this);
        }

        @Override
        public boolean supportsContext(Observation.Context context) {
            return true;
        }

        @Override
        @SuppressWarnings("unchecked")
        public void onStart(Observation.Context context) {
            if (context instanceof SenderContext<?> sender) {
                SenderContext<Object> out = (SenderContext<Object>) sender;
                out.getSetter().set(out.getCarrier(), "traceparent", "00-1-2-01");
            }
            if (context instanceof ReceiverContext<?> receiver) {
                ReceiverContext<Object> in = (ReceiverContext<Object>) receiver;
                seen.add(context.getName() + " in trace " + in.getGetter().get(in.getCarrier(), "traceparent"));
            }
        }

        @Override
        public void onEvent(Observation.Event event, Observation.Context context) {
            seen.add(context.getName() + " step " + event.getName());
        }

        @Override
        public void onStop(Observation.Context context) {
            seen.add(context.getName() + " of"
                    + value(context, "group")
                    + value(context, "service")
                    + value(context, "path")
                    + value(context, "outcome")
                    + (context.getError() == null ? "" : " failed")
                    + (context.getParentObservation() == null
                            ? ""
                            : " in "
                                    + context.getParentObservation()
                                            .getContextView()
                                            .getName()));
        }

        /** Calls as somebody does who is observed. */
        <T> T request(Supplier<T> call) {
            return Observation.createNotStarted("request", registry).observe(call);
        }

        private static String value(Observation.Context context, String key) {
            KeyValue found = context.getLowCardinalityKeyValue(key);
            return found == null ? "" : " " + found.getValue();
        }

        /** What was said of one observation, in order. */
        List<String> seenOf(String name) {
            return seen.stream().filter(line -> line.startsWith(name + " ")).toList();
        }
    }

    private ApplicationContextRunner runner(String node, Tracer tracer) {
        return memory.runner(node)
                .withConfiguration(AutoConfigurations.of(HandoverActuatorAutoConfiguration.class))
                .withBean(ObservationRegistry.class, () -> tracer.registry)
                .withBean("orderBook", StateMachinesTest.OrderBook.class);
    }

    @Test
    void shouldObserveCommandsReadsAndFailures() {
        Tracer tracer = new Tracer();
        runner("a", tracer).run(context -> {
            ReplicatedLog log = context.getBean(ReplicatedLog.class);
            Memory.inSync(log);
            log.submit("one".getBytes(UTF_8)).get(30, SECONDS);
            log.query(new byte[0]).get(30, SECONDS);
            try (Session session = log.openSession().get(30, SECONDS)) {
                session.submit("two".getBytes(UTF_8)).get(30, SECONDS);
            }
            assertThat(log.read(Consistency.LOCAL, () -> {
                        throw new IllegalStateException("on purpose");
                    }))
                    .failsWithin(Memory.LONG);
            Await.until("all are told", () -> tracer.seen.size() >= 4);
            assertThat(tracer.seen)
                    .contains(
                            "handover.submit of orders local",
                            "handover.read of orders local",
                            "handover.read of orders local failed")
                    .noneMatch(line -> line.startsWith("handover.apply"));
            assertThat(context.getBean(StateMachinesTest.OrderBook.class).text())
                    .isEqualTo("one,two");
        });
    }

    @Test
    void shouldGoOnWithTheTraceWhereTheCommandIsApplied() {
        Tracer here = new Tracer();
        Tracer there = new Tracer();
        runner("a", here).withPropertyValues("handover.tracing.propagate=true").run(first -> {
            Memory.inSync(first.getBean(ReplicatedLog.class));
            runner("b", there).run(second -> {
                ReplicatedLog follower = second.getBean(ReplicatedLog.class);
                Memory.inSync(follower);
                first.getBean(ReplicatedLog.class).submit("one".getBytes(UTF_8)).get(30, SECONDS);
                follower.submit("two".getBytes(UTF_8)).get(30, SECONDS); // does not propagate, and reads both
                Await.until("applied", () -> second.getBean(StateMachinesTest.OrderBook.class)
                        .text()
                        .equals("one,two"));
                Await.until("told", () -> there.seen.contains("handover.apply in trace 00-1-2-01"));
                assertThat(there.seen).contains("handover.submit of orders forwarded");
                assertThat(here.seen).contains("handover.submit of orders local", "handover.apply in trace 00-1-2-01");
                assertThat(first.getBean(StateMachinesTest.OrderBook.class).text())
                        .isEqualTo("one,two");
            });
        });
    }

    @Test
    void shouldObserveATakeOver() {
        Tracer tracer = new Tracer();
        runner("a", tracer).run(context -> {
            ReplicatedLog log = context.getBean(ReplicatedLog.class);
            Memory.inSync(log);
            memory.join("b", "orders", new Words());
            assertThat(log.transferTo(NodeId.of("b")).get(30, SECONDS).transferred())
                    .isTrue();
            memory.kill("b");
            Await.until(
                    "the take-over was observed",
                    () -> tracer.seen.contains("handover.leadership.takeover of orders serving"));
            assertThat(tracer.seenOf("handover.leadership.takeover"))
                    .contains("handover.leadership.takeover step suspected")
                    .endsWith(
                            "handover.leadership.takeover step serving",
                            "handover.leadership.takeover of orders serving");
            assertThat(log.status().role()).isEqualTo(Role.LEADER);
        });
    }

    @Test
    void shouldObserveATransferAndOneThatIsRefused() {
        Tracer tracer = new Tracer();
        runner("a", tracer).run(context -> {
            ReplicatedLog log = context.getBean(ReplicatedLog.class);
            Memory.inSync(log);
            assertThat(tracer.request(() -> log.transferTo(NodeId.of("nobody"))))
                    .failsWithin(Memory.LONG);
            memory.join("b", "orders", new Words());
            CompletableFuture<TransferResult> asked = tracer.request(() -> log.transferTo(NodeId.of("b")));
            assertThat(asked.get(30, SECONDS).transferred()).isTrue();
            Await.until(
                    "the transfer was observed",
                    () -> tracer.seen.contains("handover.leadership.transfer of orders serving in request"));
            assertThat(tracer.seenOf("handover.leadership.transfer"))
                    .containsExactly(
                            "handover.leadership.transfer step refused",
                            "handover.leadership.transfer of orders refused in request",
                            "handover.leadership.transfer step asked",
                            "handover.leadership.transfer step proposed",
                            "handover.leadership.transfer step transferred",
                            "handover.leadership.transfer step serving",
                            "handover.leadership.transfer of orders serving in request");
        });
    }

    private static BlueGreen shop(HaNode node, ReplicatedLog log, String colour) {
        return BlueGreen.builder(node, "shop")
                .colour(colour)
                .version(colour + "-1")
                .groups(log)
                .initiallyLive("blue")
                .tick(Duration.ofMillis(10))
                .start();
    }

    @Test
    void shouldObserveABlueGreenSwitchAndNotWaitForItsEndWhenClosed() {
        Tracer tracer = new Tracer();
        runner("a", tracer).run(context -> {
            ReplicatedLog log = context.getBean(ReplicatedLog.class);
            Memory.inSync(log);
            ReplicatedLog other = memory.join("b", "orders", new Words());
            try (BlueGreen green = shop(memory.node("b"), other, "green")) {
                try (BlueGreen blue = shop(context.getBean(HaNode.class), log, "blue")) {
                    Await.until("both are there", () -> blue.colours().size() == 2 && blue.isLive());
                    tracer.request(() -> blue.begin(SwitchPlan.to("green"))).get(30, SECONDS);
                    Await.until(
                            "it bakes, a minute", () -> tracer.seen.contains("handover.bluegreen.switch step bake"));
                    Await.until( // or it is taken back before the old leader has heard that the new one serves
                            "the transfer was observed",
                            () -> tracer.seen.contains("handover.leadership.transfer of orders serving in request"));
                    blue.abort("seen enough").get(30, SECONDS);
                    String end = "handover.bluegreen.switch of shop rolled_back in request";
                    Await.until("it was taken back", () -> tracer.seen.contains(end));
                    assertThat(tracer.seenOf("handover.bluegreen.switch"))
                            .containsSubsequence(
                                    "handover.bluegreen.switch step prepare",
                                    "handover.bluegreen.switch step switch",
                                    "handover.bluegreen.switch step bake",
                                    "handover.bluegreen.switch step roll_back",
                                    "handover.bluegreen.switch step rolled_back",
                                    end);
                    assertThat(tracer.seenOf("handover.leadership.transfer"))
                            .as("of the switch")
                            .contains("handover.leadership.transfer of orders serving in request");
                    Await.until("another may begin", () -> green.status().step() == HaEvent.SwitchStep.ROLLED_BACK);
                    green.begin(SwitchPlan.to("green")).get(30, SECONDS);
                    Await.until(
                            "it is open",
                            () -> tracer.seen.lastIndexOf("handover.bluegreen.switch step prepare")
                                    > tracer.seen.indexOf(end));
                }
                context.close();
                assertThat(tracer.seen).contains("handover.bluegreen.switch of shop closed");
            }
        });
    }

    @Test
    void shouldEscapeWhatLooksLikeAnEnvelope() {
        byte[] odd = "HO-TRACE is what this begins with".getBytes(UTF_8);
        Words words = new Words();
        ObservedStateMachine machine =
                new ObservedStateMachine(GroupId.of("orders"), words, () -> ObservationRegistry.NOOP);
        byte[] wrapped = CommandEnvelope.seal(Map.of(), odd);
        assertThat(wrapped).isNotEqualTo(odd);
        machine.apply(new Command(1, 1, 0, wrapped));
        machine.apply(new Command(2, 1, 0, CommandEnvelope.seal(Map.of("traceparent", "x"), "two".getBytes(UTF_8))));
        machine.apply(new Command(3, 1, 0, CommandEnvelope.seal(Map.of(), "three".getBytes(UTF_8))));
        assertThat(words.text()).isEqualTo("HO-TRACE is what this begins with,two,three");
    }
}
