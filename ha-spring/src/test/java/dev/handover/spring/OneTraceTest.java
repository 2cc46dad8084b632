package dev.handover.spring;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.coordination.ConfigurationStore;
import dev.handover.event.HaEvent;
import dev.handover.ops.OpsModel;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.transport.Transport;
import dev.handover.takeover.bluegreen.BlueGreen;
import io.micrometer.observation.ObservationHandler.FirstMatchingCompositeObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.tracing.handler.DefaultTracingObservationHandler;
import io.micrometer.tracing.handler.PropagatingReceiverTracingObservationHandler;
import io.micrometer.tracing.handler.PropagatingSenderTracingObservationHandler;
import io.micrometer.tracing.otel.bridge.OtelCurrentTraceContext;
import io.micrometer.tracing.otel.bridge.OtelPropagator;
import io.micrometer.tracing.otel.bridge.OtelTracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** With OpenTelemetry's tracer: a trace goes on from the HTTP request to the nodes that apply its command, and to the transfer that it asks for. */
@Timeout(120)
class OneTraceTest {
    @TempDir
    Path directory;

    /** A tracer of one node, and the spans that have ended. */
    private static final class Traced implements SpanExporter {
        final List<SpanData> spans = new CopyOnWriteArrayList<>();
        final FirstMatchingCompositeObservationHandler handler;

        @SuppressWarnings("unchecked")
        Traced() {
            io.opentelemetry.api.trace.Tracer otel = SdkTracerProvider.builder()
                    .addSpanProcessor(SimpleSpanProcessor.create(this))
                    .build()
                    .get("test");
            OtelTracer tracer = new OtelTracer(otel, new OtelCurrentTraceContext(), event -> {});
            OtelPropagator propagator =
                    new OtelPropagator(ContextPropagators.create(W3CTraceContextPropagator.getInstance()), otel);
            handler = new FirstMatchingCompositeObservationHandler(
                    new PropagatingReceiverTracingObservationHandler<>(tracer, propagator),
                    new PropagatingSenderTracingObservationHandler<>(tracer, propagator),
                    new DefaultTracingObservationHandler(tracer));
        }

        @Override
        public CompletableResultCode export(Collection<SpanData> ended) {
            spans.addAll(ended);
            return CompletableResultCode.ofSuccess();
        }

        @Override
        public CompletableResultCode flush() {
            return CompletableResultCode.ofSuccess();
        }

        @Override
        public CompletableResultCode shutdown() {
            return CompletableResultCode.ofSuccess();
        }

        boolean has(String name) {
            return spans.stream().anyMatch(span -> span.getName().equals(name));
        }

        SpanData the(String name) {
            Await.until("a span " + name + " ended", () -> has(name));
            return spans.stream()
                    .filter(span -> span.getName().equals(name))
                    .findFirst()
                    .orElseThrow();
        }
    }

    @EnableAutoConfiguration
    @RestController
    static class Shop {
        private final ReplicatedLog log;

        Shop(ReplicatedLog log) {
            this.log = log;
        }

        @PostMapping("/orders")
        String order() throws Exception {
            return new String(log.submit("tea".getBytes(UTF_8)).get(30, SECONDS), UTF_8);
        }
    }

    private ConfigurableApplicationContext run(Memory memory, Traced traced) {
        SpringApplication application = new SpringApplication(Shop.class);
        application.addInitializers((GenericApplicationContext context) -> {
            context.registerBean("store", ConfigurationStore.class, memory.store::connect);
            context.registerBean("transport", Transport.class, memory.network::transport);
            context.registerBean(StateMachinesTest.OrderBook.class);
            context.registerBean(FirstMatchingCompositeObservationHandler.class, () -> traced.handler);
        });
        return application.run(
                "--handover.node-id=a",
                "--handover.data-directory=" + directory.resolve("a"),
                "--handover.tracing.propagate=true",
                "--server.port=0",
                "--server.address=127.0.0.1",
                "--spring.datasource.url=jdbc:h2:mem:traces",
                "--management.endpoints.web.exposure.include=handover",
                "--management.endpoint.handover.access=unrestricted");
    }

    private static String post(ConfigurableApplicationContext context, String path, String json) throws Exception {
        int port = ((WebServerApplicationContext) context).getWebServer().getPort();
        HttpResponse<String> answer = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                                .header("Content-Type", "application/json")
                                .POST(HttpRequest.BodyPublishers.ofString(json))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return answer.body();
    }

    private static BlueGreen shop(ApplicationContext context, String colour) {
        return BlueGreen.builder(context.getBean(HaNode.class), "shop")
                .colour(colour)
                .version(colour + "-1")
                .groups(context.getBean(ReplicatedLog.class))
                .initiallyLive("blue")
                .tick(Duration.ofMillis(10))
                .start();
    }

    /** Asked for in a request to one instance, observed in its trace on both. */
    private static void switchVersions(
            ConfigurableApplicationContext context, Traced here, ApplicationContext other, Traced there)
            throws Exception {
        try (BlueGreen blue = shop(context, "blue");
                BlueGreen green = shop(other, "green")) {
            context.getBean(OpsModel.class).blueGreen(blue);
            Await.until("both are there", () -> blue.colours().size() == 2 && blue.isLive());
            post(
                    context,
                    "/actuator/handover/switch",
                    "{\"subject\":\"shop\",\"target\":\"green\",\"confirm\":\"shop\"}");
            SpanData asked = here.the("handover.bluegreen.ask");
            Await.until("green is watched", () -> green.status().step() == HaEvent.SwitchStep.BAKE);
            blue.abort("seen enough").get(30, SECONDS);
            SpanData told = here.the("handover.bluegreen.switch");
            assertThat(told.getTraceId()).isEqualTo(asked.getTraceId());
            assertThat(told.getParentSpanId()).isEqualTo(asked.getParentSpanId()); // the request
            SpanData toldThere = there.the("handover.bluegreen.switch");
            assertThat(toldThere.getTraceId()).isEqualTo(asked.getTraceId());
            assertThat(toldThere.getParentSpanId()).isEqualTo(asked.getSpanId());
            Await.until("what green does for it belongs to it: it gives the leadership back", () -> there.spans.stream()
                    .anyMatch(span -> span.getName().equals("handover.leadership.transfer")
                            && span.getTraceId().equals(asked.getTraceId())));
        }
    }

    @Test
    void shouldBeOneTraceFromTheRequestToTheApplyAtEveryNodeAndToTheTransferThatItAsksFor() throws Exception {
        Traced here = new Traced();
        Traced there = new Traced();
        ObservationRegistry registry = ObservationRegistry.create();
        registry.observationConfig().observationHandler(there.handler);
        try (Memory memory = new Memory(directory);
                ConfigurableApplicationContext context = run(memory, here)) {
            Memory.inSync(context.getBean(ReplicatedLog.class));
            memory.runner("b")
                    .withConfiguration(AutoConfigurations.of(HandoverActuatorAutoConfiguration.class))
                    .withBean(ObservationRegistry.class, () -> registry)
                    .withBean("orderBook", StateMachinesTest.OrderBook.class)
                    .run(other -> {
                        Memory.inSync(other.getBean(ReplicatedLog.class));

                        post(context, "/actuator/handover/transfer", "{\"subject\":\"orders\",\"confirm\":\"orders\"}");
                        SpanData transfer = here.the("handover.leadership.transfer");
                        SpanData action = here.the("http post /actuator/handover/{action}");
                        assertThat(transfer.getTraceId()).isEqualTo(action.getTraceId());
                        assertThat(transfer.getParentSpanId()).isEqualTo(action.getSpanId());

                        assertThat(post(context, "/orders", "")).isEqualTo("tea"); // b leads: forwarded to it
                        SpanData order = here.the("http post /orders");
                        SpanData submit = here.the("handover.submit");
                        assertThat(submit.getParentSpanId()).isEqualTo(order.getSpanId());
                        for (Traced node : List.of(here, there)) {
                            SpanData apply = node.the("handover.apply");
                            assertThat(apply.getTraceId()).isEqualTo(order.getTraceId());
                            assertThat(apply.getParentSpanId()).isEqualTo(submit.getSpanId());
                        }
                        assertThat(order.getTraceId()).isNotEqualTo(action.getTraceId());
                        switchVersions(context, here, other, there);
                    });
        }
    }
}
