package dev.handover.netty.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.Registration;
import dev.handover.Role;
import dev.handover.event.HaEvent.SwitchStep;
import dev.handover.leadership.Leadership;
import dev.handover.leadership.Pausable;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import dev.handover.takeover.bluegreen.BlueGreen;
import dev.handover.takeover.bluegreen.SwitchPlan;
import dev.handover.takeover.bluegreen.ThresholdAnalysis;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Blue-green switches and pauses over the operations port. */
@Timeout(120)
class OpsActionsTest {
    private static final String TOKEN = "0123456789abcdef";
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
