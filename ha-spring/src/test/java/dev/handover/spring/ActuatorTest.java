package dev.handover.spring;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.coordination.ConfigurationStore;
import dev.handover.event.HaEvent.SwitchStep;
import dev.handover.guard.EndpointGroup;
import dev.handover.guard.GuardRegistry;
import dev.handover.metrics.HandoverMetrics;
import dev.handover.ops.OpsModel;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.transport.Transport;
import dev.handover.takeover.bluegreen.BlueGreen;
import dev.handover.takeover.partition.Partitions;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.support.GenericApplicationContext;

/** Health, endpoint and metrics over HTTP, as load balancers and operators see them. */
@Timeout(120)
class ActuatorTest {
    private static final HttpClient HTTP = HttpClient.newHttpClient();

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

    private ConfigurableApplicationContext run(String... properties) {
        return run(more -> {}, properties);
    }

    private ConfigurableApplicationContext run(Consumer<GenericApplicationContext> more, String... properties) {
        SpringApplication application = new SpringApplication(Application.class);
        application.addInitializers((GenericApplicationContext context) -> more.accept(context));
        application.addInitializers((GenericApplicationContext context) -> {
            context.registerBean("store", ConfigurationStore.class, memory.store::connect);
            context.registerBean("transport", Transport.class, memory.network::transport);
            context.registerBean(StateMachinesTest.OrderBook.class);
            context.registerBean(EndpointGroup.class, () -> EndpointGroup.<String>named("prices")
                    .endpoint("x", "x")
                    .in(context.getBean(GuardRegistry.class))
                    .build());
            context.registerBean(
                    BlueGreen.class,
                    () -> service(context.getBean(HaNode.class), context.getBean(ReplicatedLog.class), "blue"),
                    definition -> definition.setLazyInit(true));
        });
        List<String> arguments = new ArrayList<>(List.of(
                "--handover.node-id=a",
                "--handover.data-directory=" + directory.resolve("a"),
                "--server.port=0",
                "--server.address=127.0.0.1",
                "--spring.datasource.url=jdbc:h2:mem:actuator",
                "--management.endpoints.web.exposure.include=health,handover,metrics",
                "--management.endpoint.health.probes.enabled=true",
                "--management.endpoint.health.show-details=always"));
        Arrays.stream(properties).map(property -> "--" + property).forEach(arguments::add);
        return application.run(arguments.toArray(String[]::new));
    }

    private static HttpResponse<String> get(ConfigurableApplicationContext context, String path)
            throws IOException, InterruptedException {
        return HTTP.send(request(context, path).GET().build(), HttpResponse.BodyHandlers.ofString());
    }

    private static HttpResponse<String> post(ConfigurableApplicationContext context, String path, String json)
            throws IOException, InterruptedException {
        return HTTP.send(
                request(context, path)
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(json))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static HttpRequest.Builder request(ConfigurableApplicationContext context, String path) {
        int port = ((WebServerApplicationContext) context).getWebServer().getPort();
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/actuator/" + path));
    }

    @Test
    void shouldShowGuardsAndEndpoints() throws Exception {
        try (ConfigurableApplicationContext context =
                run("handover.guards.inventory.bulkhead.max-concurrent-calls=3")) {
            assertThat(get(context, "handover").body())
                    .contains("\"name\":\"inventory\",\"level\":\"ok\",\"state\":\"closed\"", "\"permits\":3.0")
                    .contains("\"kind\":\"endpoints\",\"name\":\"prices/x\",\"level\":\"ok\",\"state\":\"healthy\"")
                    .contains("\"kind\":\"guards\",\"name\":\"prices.x\"");
            context.getBean(GuardRegistry.class)
                    .find("inventory")
                    .orElseThrow()
                    .circuitBreaker()
                    .orElseThrow()
                    .transitionToForcedOpenState();
            assertThat(get(context, "handover/status.json").body())
                    .contains("\"name\":\"inventory\",\"level\":\"bad\",\"state\":\"forced open\"");
        }
    }

    @Test
    void shouldShowPartitionsThatAreABean() throws Exception {
        try (ConfigurableApplicationContext context = run(beans -> beans.registerBean(
                Partitions.class,
                () -> Partitions.builder(beans.getBean(HaNode.class), "counters", 2)
                        .stateMachines(partition -> command -> new byte[0])
                        .start(),
                definition -> definition.setLazyInit(true)))) {
            context.getBean(Partitions.class)
                    .awaitInSync(Duration.ofSeconds(30))
                    .get(31, TimeUnit.SECONDS);
            assertThat(get(context, "handover").body())
                    .contains(
                            "\"kind\":\"services\",\"name\":\"counters\"",
                            "\"name\":\"drain\",\"subject\":\"counters\"");
        }
    }

    @Test
    void shouldTellLoadBalancersWhoLeadsAndKeepFollowersHealthy() throws Exception {
        try (ConfigurableApplicationContext context = run()) {
            ReplicatedLog log = context.getBean(ReplicatedLog.class);
            Memory.inSync(log);
            assertThat(get(context, "health").body()).contains("\"handover\"").doesNotContain("handoverLeader");
            assertThat(get(context, "health").statusCode()).isEqualTo(200);
            assertThat(get(context, "health/leader").statusCode()).isEqualTo(200);
            assertThat(get(context, "health/in-sync").statusCode()).isEqualTo(200);
            assertThat(get(context, "health/leader/handoverLeader/orders").statusCode())
                    .isEqualTo(200);
            Await.until("ready", () -> {
                try {
                    return get(context, "health/readiness").statusCode() == 200;
                } catch (IOException | InterruptedException e) {
                    throw new AssertionError(e);
                }
            });

            memory.join("b", "orders", new Words());
            log.handOver().get(30, SECONDS);
            assertThat(get(context, "health/leader").statusCode()).isEqualTo(503);
            assertThat(get(context, "health/in-sync").statusCode()).isEqualTo(200);
            assertThat(get(context, "health").statusCode()).isEqualTo(200);
            assertThat(get(context, "health/handover/orders").body())
                    .contains("\"UP\"", "\"role\":\"FOLLOWER\"", "\"leader\":\"b\"");
            assertThat(get(context, "health/liveness").statusCode()).isEqualTo(200);
            assertThat(get(context, "health/readiness").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void shouldStayAliveThoughNothingCanBeDecided() throws Exception {
        try (ConfigurableApplicationContext context = run("handover.min-in-sync=2")) {
            Await.until(
                    "joined",
                    () -> context.getBean(ReplicatedLog.class).status().leader() != null);
            memory.store.reachable(false); // nothing can be decided
            assertThat(get(context, "health/liveness").statusCode()).isEqualTo(200);
            assertThat(get(context, "health/handover").statusCode()).isEqualTo(200);
            assertThat(get(context, "health/leader").statusCode()).isEqualTo(503);
        }
    }

    @Test
    void shouldShowEverythingAndDoNothingUnlessAllowed() throws Exception {
        try (ConfigurableApplicationContext context = run()) {
            Memory.inSync(context.getBean(ReplicatedLog.class));
            memory.join("b", "orders", new Words());
            HttpResponse<String> status = get(context, "handover");
            assertThat(status.headers().firstValue("Content-Type").orElse("")).startsWith("application/json");
            assertThat(status.body()).contains("\"orders\"", "\"timeline\"", "\"role\":\"leader\"");
            HttpResponse<String> page = get(context, "handover/page");
            assertThat(page.headers().firstValue("Content-Type").orElse("")).startsWith("text/html");
            assertThat(page.body()).contains("<html", "Content-Security-Policy");
            assertThat(get(context, "handover/status.json").body()).contains("\"orders\"");
            assertThat(get(context, "handover/nothing").statusCode()).isEqualTo(404);
            assertThat(post(context, "handover/transfer", "{\"subject\":\"orders\",\"confirm\":\"orders\"}")
                            .statusCode())
                    .isEqualTo(405);
        }
    }

    @Test
    void shouldTellAnOpenPageOfChangesAndLetItGoAtAStop() throws Exception {
        BufferedReader page;
        long begin;
        try (ConfigurableApplicationContext context = run("management.endpoint.handover.access=unrestricted")) {
            ReplicatedLog log = context.getBean(ReplicatedLog.class);
            Memory.inSync(log);
            memory.join("b", "orders", new Words());
            Await.until("it could be transferred", () -> shows(context, "\"name\":\"transfer\""));
            HttpResponse<InputStream> stream = HTTP.send(
                    request(context, "handover/events")
                            .header("Accept", "text/event-stream")
                            .GET()
                            .build(),
                    HttpResponse.BodyHandlers.ofInputStream());
            assertThat(stream.headers().firstValue("Content-Type").orElse("")).startsWith("text/event-stream");
            page = new BufferedReader(new InputStreamReader(stream.body(), UTF_8));
            assertThat(page.readLine()).startsWith("data:{\"").endsWith("\"actions\":[]}"); // nobody is known here
            log.handOver().get(30, SECONDS);
            String line = page.readLine();
            while (line != null && !line.contains("a handed over to b")) {
                line = page.readLine();
            }
            assertThat(line).as("the transfer is told").isNotNull();
            begin = System.nanoTime();
        }
        while (page.readLine() != null) {
            // what was sent before the end
        }
        assertThat(Duration.ofNanos(System.nanoTime() - begin))
                .as("a stop waits for no page: 30 s, if the web server did")
                .isLessThan(Duration.ofSeconds(20));
    }

    @Test
    void shouldTransferWhenAllowedAndConfirmed() throws Exception {
        try (ConfigurableApplicationContext context = run("management.endpoint.handover.access=unrestricted")) {
            ReplicatedLog log = context.getBean(ReplicatedLog.class);
            Memory.inSync(log);
            memory.join("b", "orders", new Words());
            HttpResponse<String> refused =
                    post(context, "handover/transfer", "{\"subject\":\"orders\",\"confirm\":\"order\"}");
            assertThat(refused.statusCode()).isEqualTo(400);
            assertThat(refused.body()).contains("not confirmed");
            assertThat(post(context, "handover/transfer", "{\"subject\":\"orders\"}")
                            .body())
                    .contains("not confirmed");
            HttpResponse<String> done = post(
                    context, "handover/transfer", "{\"subject\":\"orders\",\"target\":\"b\",\"confirm\":\"orders\"}");
            assertThat(done.statusCode()).isEqualTo(200);
            assertThat(done.body()).contains("b leads epoch");
            assertThat(log.status().leader()).hasToString("b");
            assertThat(get(context, "handover").body()).contains("a handed over to b");
        }
    }

    private static BlueGreen service(HaNode node, ReplicatedLog log, String colour) {
        return BlueGreen.builder(node, "shop")
                .colour(colour)
                .version(colour + "-1")
                .groups(log)
                .tick(Duration.ofMillis(10))
                .start();
    }

    @Test
    void shouldSwitchVersionsAndTakeThemBackWhenAllowedAndConfirmed() throws Exception {
        try (ConfigurableApplicationContext context = run("management.endpoint.handover.access=unrestricted")) {
            ReplicatedLog log = context.getBean(ReplicatedLog.class);
            Memory.inSync(log);
            assertThat(context.getBean(BlueGreen.class).service()).isEqualTo("shop");
            ReplicatedLog other = memory.join("b", "orders", new Words());
            try (BlueGreen green = service(memory.node("b"), other, "green")) {
                Await.until("it may be switched", () -> shows(context, "\"rehearse\""));
                assertThat(post(context, "handover/switch", "{\"subject\":\"shop\",\"target\":\"green\"}")
                                .statusCode())
                        .as("not confirmed")
                        .isEqualTo(400);
                HttpResponse<String> begun = post(
                        context, "handover/switch", "{\"subject\":\"shop\",\"target\":\"green\",\"confirm\":\"shop\"}");
                assertThat(begun.statusCode()).as(begun.body()).isEqualTo(200);
                Await.until("green is watched", () -> green.status().step() == SwitchStep.BAKE);
                assertThat(log.status().leader()).hasToString("b");
                Await.until("it may be taken back", () -> shows(context, "\"abort\""));
                HttpResponse<String> back =
                        post(context, "handover/abort", "{\"subject\":\"shop\",\"confirm\":\"shop\"}");
                assertThat(back.statusCode()).as(back.body()).isEqualTo(200);
                Await.until("it is", () -> green.status().step() == SwitchStep.ROLLED_BACK);
                assertThat(get(context, "handover").body()).contains("blue is live");
            }
        }
    }

    private static boolean shows(ConfigurableApplicationContext context, String what) {
        return context.getBean(OpsModel.class).snapshot().toJson().contains(what);
    }

    static class Work {
        @LeaderOnly("orders")
        public void bill() {}

        @Guarded("inventory")
        public int stock() {
            return 1;
        }
    }

    @Test
    void shouldMeasureWithFewTagsAndRemoveItsMeters() throws Exception {
        ConfigurableApplicationContext closing = run(beans -> beans.registerBean(Work.class));
        MeterRegistry registry = closing.getBean(MeterRegistry.class);
        try (ConfigurableApplicationContext context = closing) {
            Memory.inSync(context.getBean(ReplicatedLog.class));
            assertThat(get(context, "metrics/handover.leads").body()).contains("\"value\":1.0");
            ReplicatedLog log = context.getBean(ReplicatedLog.class);
            log.submit("x".getBytes(UTF_8)).get(30, SECONDS);
            log.query(new byte[0]).get(30, SECONDS);
            context.getBean(Work.class).bill();
            context.getBean(Work.class).stock();
            memory.join("b", "orders", new Words());
            log.handOver().get(30, SECONDS);
            Await.until(
                    "the transfer is measured",
                    () -> registry.find("handover.leadership.transfer")
                                    .tags("group", "orders", "outcome", "serving")
                                    .timer()
                            != null);
            assertThat(registry.find("handover.leadership.transfer.asked").counter())
                    .as("a step")
                    .isNotNull();
            assertThat(names(registry))
                    .contains("handover.leader.only", "handover.submit", "handover.read", "handover.takeover")
                    .contains("resilience4j.circuitbreaker.calls", "resilience4j.bulkhead.available.concurrent.calls");
            registry.getMeters().stream()
                    .filter(meter -> isOurs(meter.getId().getName()))
                    .forEach(meter -> assertThat(meter.getId().getTags())
                            .as("%s: no index, epoch, time, address or id among its tags", meter.getId())
                            .allMatch(tag -> tag.getValue().matches("[A-Za-z_. -]{1,40}")));
        }
        assertThat(names(registry)).noneMatch(ActuatorTest::isOurs);
    }

    private static boolean isOurs(String name) {
        return name.startsWith("handover.") || name.startsWith("resilience4j.");
    }

    private static List<String> names(MeterRegistry registry) {
        return registry.getMeters().stream()
                .map(meter -> meter.getId().getName())
                .toList();
    }

    @Test
    void shouldWorkWithoutActuatorAndMicrometer() {
        memory.runner("a")
                .withConfiguration(AutoConfigurations.of(
                        HandoverActuatorAutoConfiguration.class, HandoverMethodsAutoConfiguration.class))
                .withClassLoader(new FilteredClassLoader(
                        "org.springframework.boot.actuate",
                        "org.springframework.boot.health",
                        "io.micrometer.core",
                        "org.springframework.jdbc"))
                .withBean("orderBook", StateMachinesTest.OrderBook.class)
                .run(context -> assertThat(context)
                        .hasNotFailed()
                        .hasSingleBean(ReplicatedLog.class)
                        .doesNotHaveBean(OpsModel.class)
                        .doesNotHaveBean(HandoverMetrics.class)
                        .hasBean("handoverNoMeters"));
    }

    @Test
    void shouldGiveWayToTheModelAndMetricsOfTheApplication() {
        memory.runner("a")
                .withConfiguration(AutoConfigurations.of(HandoverActuatorAutoConfiguration.class))
                .withBean("orderBook", StateMachinesTest.OrderBook.class)
                .withUserConfiguration(OwnModel.class)
                .withPropertyValues("management.health.handover.enabled=false")
                .run(context -> assertThat(context)
                        .hasNotFailed()
                        .hasSingleBean(HandoverMetrics.class)
                        .hasSingleBean(OpsModel.class)
                        .hasBean("ownMetrics")
                        .hasBean("ownModel")
                        .doesNotHaveBean(HandoverEndpoint.class)
                        .doesNotHaveBean(GroupsHealth.class));
    }

    @EnableAutoConfiguration
    static class Application {}

    @Configuration(proxyBeanMethods = false)
    static class OwnModel {
        @Bean
        OpsModel ownModel(HaNode node) {
            return OpsModel.of(node);
        }

        @Bean
        HandoverMetrics ownMetrics(HaNode node) {
            return new HandoverMetrics(node);
        }
    }
}
