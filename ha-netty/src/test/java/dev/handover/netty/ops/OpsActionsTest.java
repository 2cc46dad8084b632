package dev.handover.netty.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.assertions.LocatorAssertions;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import dev.handover.Registration;
import dev.handover.Role;
import dev.handover.event.HaEvent.SwitchStep;
import dev.handover.guard.Guard;
import dev.handover.guard.GuardRegistry;
import dev.handover.leadership.Leadership;
import dev.handover.leadership.Pausable;
import dev.handover.ops.OpsGuards;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import dev.handover.takeover.bluegreen.BlueGreen;
import dev.handover.takeover.bluegreen.SwitchPlan;
import dev.handover.takeover.bluegreen.ThresholdAnalysis;
import dev.handover.takeover.partition.Partitions;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Blue-green switches, pauses and drains over the operations port, and on its page. */
@Timeout(120)
class OpsActionsTest {
    private static final String TOKEN = "0123456789abcdef";
    private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
    private static final int SOON_MILLIS = 30_000;
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    @TempDir
    private Path directory;

    private TwoNodes nodes;
    private BlueGreen green;
    private OpsServer server;

    @BeforeEach
    void start() throws Exception {
        nodes = new TwoNodes(directory);
        BlueGreen blue = service(nodes.a, nodes.logA, "blue");
        green = service(nodes.b, nodes.logB, "green");
        nodes.modelA.blueGreen(blue, colour -> {
            SwitchPlan plan = SwitchPlan.to(colour).withBakeTime(Duration.ofMillis(200));
            return colour.equals("green")
                    ? plan.withApprovalBefore(Duration.ofMinutes(1), SwitchStep.SWITCH)
                    : plan.withApprovalBefore(Duration.ofMinutes(1), SwitchStep.COMMIT);
        });
        server = nodes.keep(OpsServer.builder(nodes.modelA).actions(TOKEN).start());
        TwoNodes.await(
                "blue is live, and green there",
                () -> status().contains("\"switch\"") && status().contains("blue is live"));
    }

    private BlueGreen service(HaNode node, ReplicatedLog log, String colour) {
        return nodes.keep(BlueGreen.builder(node, "shop")
                .colour(colour)
                .version(colour + "-1")
                .groups(log)
                .analysis(ThresholdAnalysis.defaults().withMinRequests(0))
                .tick(Duration.ofMillis(10))
                .start());
    }

    @AfterEach
    void stop() {
        nodes.close();
    }

    private String status() {
        return nodes.modelA.snapshot().toJson();
    }

    private HttpResponse<String> act(String name, String subject, String target, String confirm, boolean token)
            throws Exception {
        String form = "subject=" + subject + "&target=" + URLEncoder.encode(target, StandardCharsets.UTF_8)
                + "&confirm=" + confirm;
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + server.address().getPort() + "/actions/" + name))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(form));
        if (token) {
            request.header("Authorization", "Bearer " + TOKEN);
        }
        return HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private String done(String name, String subject, String target) throws Exception {
        HttpResponse<String> response = act(name, subject, target, subject, true);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return response.body().strip();
    }

    private void awaitStep(SwitchStep step) throws InterruptedException {
        TwoNodes.await(step + " is seen", () -> green.status().step() == step && status().contains(step + " to "));
    }

    @Test
    void shouldSwitchApproveAndTakeBackForWhoKnowsTheTokenAndConfirms() throws Exception {
        assertThat(act("switch", "shop", "green", "shop", false).statusCode()).isEqualTo(401);
        assertThat(act("switch", "shop", "green", "sho", true).body()).contains("not confirmed");
        assertThat(act("switch", "shop", "red", "shop", true).body()).contains("none of [green]");
        assertThat(act("abort", "shop", "", "shop", true).body()).contains("is not offered");
        assertThat(green.status().step()).as("nothing was begun").isNull();

        assertThat(done("rehearse", "shop", "")).contains("the switch to green is in step PREPARE, blue is live");
        awaitStep(SwitchStep.REHEARSED);
        TwoNodes.await("the next may begin", () -> status().contains("\"switch\""));
        assertThat(done("switch", "shop", "green")).contains("PREPARE");
        TwoNodes.await("it waits for an approval", () -> green.status().reason().contains("SWITCH waits"));
        TwoNodes.await("and may be approved", () -> status().contains("\"approve\""));
        assertThat(act("switch", "shop", "green", "shop", true).body()).contains("is not offered");
        assertThat(done("approve", "shop", "")).isEqualTo("SWITCH is approved");
        awaitStep(SwitchStep.COMMITTED);
        TwoNodes.await("green leads", () -> nodes.logB.status().role() == Role.LEADER);
        assertThat(status()).contains("green is live", "COMMITTED to green, green is live");

        TwoNodes.await("the way back is another switch", () -> status().contains("\"targets\":[\"blue\"]"));
        done("switch", "shop", "blue");
        TwoNodes.await("blue leads", () -> nodes.logA.status().role() == Role.LEADER);
        TwoNodes.await("it is watched", () -> green.status().step() == SwitchStep.BAKE);
        TwoNodes.await("and may be taken back", () -> status().contains("\"abort\""));
        assertThat(done("abort", "shop", "")).contains("ROLL_BACK, green is live");
        awaitStep(SwitchStep.ROLLED_BACK);
        TwoNodes.await("green leads again", () -> nodes.logB.status().role() == Role.LEADER);
    }

    private Partitions partitions(HaNode node) {
        return nodes.keep(Partitions.builder(node, "counters", 4)
                .stateMachines(partition -> command -> new byte[0])
                .interval(Duration.ofMillis(20))
                .start());
    }

    @Test
    void shouldDrainPartitionsAndLetThemComeBack() throws Exception {
        Partitions a = partitions(nodes.a);
        Partitions b = partitions(nodes.b);
        nodes.keep(nodes.modelA.partitions(a)::close);
        TwoNodes.await(
                "two for each", () -> a.balance().led() == 2 && b.balance().led() == 2);
        TwoNodes.await(
                "settled", () -> status().contains("\"name\":\"counters\",\"level\":\"ok\",\"state\":\"settled\""));
        assertThat(act("drain", "counters", "", "counters", false).statusCode()).isEqualTo(401);
        assertThat(done("drain", "counters", "")).isEqualTo("leads no partition any more");
        TwoNodes.await("b leads all", () -> b.balance().led() == 4);
        TwoNodes.await("it is shown", () -> status().contains("draining [a]"));
        assertThat(act("drain", "counters", "", "counters", true).body()).contains("is not offered");
        assertThat(done("resume", "counters", "")).startsWith("gets its share again");
        TwoNodes.await(
                "two for each again",
                () -> a.balance().led() == 2 && b.balance().led() == 2);
    }

    @Test
    void shouldDrainANodeAndLetItLeadAgain() throws Exception {
        green.close(); // it would give back to blue what is transferred
        assertThat(done("transfer", "g", "b")).startsWith("b leads epoch");
        assertThat(act("drain", "a", "", "b", true).body()).contains("not confirmed");
        assertThat(nodes.a.isDraining()).isFalse();
        assertThat(done("drain", "a", "")).isEqualTo("leads no group any more");
        assertThat(nodes.a.isDraining()).isTrue();
        assertThat(act("drain", "a", "", "a", true).body()).contains("is not offered");
        assertThat(done("resume", "a", "")).isEqualTo("may lead again");
        assertThat(nodes.a.isDraining()).isFalse();
    }

    /** What an operator sees and clicks. */
    private static final class Screen implements AutoCloseable {
        private final Playwright playwright = Playwright.create(
                new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        private final List<String> complaints = new ArrayList<>();
        private final Page page;

        Screen(int port) {
            BrowserContext context = playwright
                    .chromium()
                    .launch(new BrowserType.LaunchOptions()
                            .setExecutablePath(CHROMIUM)
                            .setArgs(List.of("--no-sandbox"))) // tests may run as root, in a container
                    .newContext();
            context.setDefaultTimeout(SOON_MILLIS);
            page = context.newPage();
            page.onPageError(complaints::add);
            page.navigate("http://127.0.0.1:" + port + "/");
        }

        Locator card(String key) {
            return page.locator("article[data-key='" + key + "']");
        }

        void sees(String key, String badge) {
            PlaywrightAssertions.assertThat(card(key).locator(".badge"))
                    .containsText(badge, new LocatorAssertions.ContainsTextOptions().setTimeout(SOON_MILLIS));
        }

        /** Asks for it as an operator does, with what is chosen at first. */
        void asks(String key, String subject, String action, String chosen, String outcome) {
            card(key).locator("button[data-action='" + action + "']").click();
            PlaywrightAssertions.assertThat(page.locator("#target")).hasValue(chosen);
            page.locator("#token").fill(TOKEN);
            page.locator("#confirm").fill(subject);
            page.locator("#go").click();
            PlaywrightAssertions.assertThat(page.locator("#outcome"))
                    .containsText(
                            "Done: " + outcome, new LocatorAssertions.ContainsTextOptions().setTimeout(SOON_MILLIS));
            page.locator("#cancel").click();
        }

        @Override
        public void close() {
            playwright.close(); // and with it the browser
            assertThat(complaints).isEmpty();
        }
    }

    @Test
    void shouldLetAnOperatorSwitchTakeBackPauseAndSeeGuardsInABrowser() throws Exception {
        assumeTrue(Files.isExecutable(CHROMIUM), CHROMIUM + " is not there: apt-get install chromium");
        Billing billing = new Billing();
        nodes.keep(nodes.modelA.election("billing", billing)::close);
        GuardRegistry guards = GuardRegistry.create();
        Guard.named("stock").in(guards).bulkhead(1).build();
        nodes.keep(nodes.modelA.items(OpsGuards.guards(guards))::close);
        String shop = "services shop";
        try (Screen screen = new Screen(server.address().getPort())) {
            screen.sees(shop, "blue is live");
            screen.sees("guards stock", "closed");
            screen.asks(shop, "shop", "rehearse", "green", "the switch to green is in step PREPARE, blue is live");
            awaitStep(SwitchStep.REHEARSED);
            screen.asks(shop, "shop", "switch", "green", "the switch to green is in step PREPARE, blue is live");
            screen.asks(shop, "shop", "approve", "SWITCH", "SWITCH is approved");
            screen.sees(shop, "green is live");
            awaitStep(SwitchStep.COMMITTED);
            screen.asks(shop, "shop", "switch", "blue", "the switch to blue is in step PREPARE, green is live");
            screen.sees(shop, "blue is live, BAKE to blue");
            screen.asks(shop, "shop", "abort", "", "the switch to blue is in step ROLL_BACK, green is live");
            screen.sees(shop, "green is live");
            awaitStep(SwitchStep.ROLLED_BACK);

            screen.asks("election billing", "billing", "pause", "10m", "nobody leads until ");
            screen.asks("election billing", "billing", "resume", "", "the pause has ended");
            assertThat(billing.paused()).isEmpty();
        }
    }

    /** A leadership that can be paused, and by whom it is. */
    private static final class Billing implements Pausable {
        private final AtomicReference<String> paused = new AtomicReference<>();
        private final AtomicReference<Instant> until = new AtomicReference<>();

        @Override
        public Leadership current() {
            return new Leadership.Following("b", 3);
        }

        @Override
        public Registration listen(Consumer<? super Leadership> listener) {
            return () -> {};
        }

        @Override
        public CompletableFuture<Void> pause(String owner, String reason, Instant expiry) {
            paused.set(owner + ": " + reason);
            until.set(expiry);
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public CompletableFuture<Void> resume(String owner) {
            assertThat(paused.getAndSet(null)).startsWith(owner);
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public Optional<String> paused() {
            return Optional.ofNullable(paused.get());
        }
    }

    @Test
    void shouldPauseAnElectionForATimeAndResumeIt() throws Exception {
        Billing billing = new Billing();
        Registration shown = nodes.modelA.election("billing", billing);
        assertThat(act("pause", "billing", "1h", "billing", false).statusCode()).isEqualTo(401);
        assertThat(act("resume", "billing", "", "billing", true).body()).contains("is not offered");
        assertThat(act("pause", "billing", "9h", "billing", true).body()).contains("none of [10m, 1h, 8h]");
        assertThat(billing.paused()).isEmpty();
        assertThat(done("pause", "billing", "1h")).startsWith("nobody leads until ");
        assertThat(billing.until.get())
                .isBetween(Instant.now().plusSeconds(3500), Instant.now().plusSeconds(3600));
        assertThat(status()).contains("operator: asked for by an operator");
        assertThat(done("resume", "billing", "")).isEqualTo("the pause has ended");
        assertThat(billing.paused()).isEmpty();
        shown.close();
        assertThat(act("pause", "billing", "1h", "billing", true).body()).contains("is not offered");
    }
}
