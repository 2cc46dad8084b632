package dev.handover.netty.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.Registration;
import dev.handover.Role;
import dev.handover.guard.BreakerSettings;
import dev.handover.guard.EndpointGroup;
import dev.handover.guard.Guard;
import dev.handover.guard.GuardBuilder;
import dev.handover.guard.GuardFullException;
import dev.handover.guard.GuardOpenException;
import dev.handover.guard.GuardRegistry;
import dev.handover.guard.Selection;
import dev.handover.ops.OpsGuards;
import dev.handover.ops.OpsLevel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class OpsServerTest {
    private static final String TOKEN = "0123456789abcdef";

    @TempDir
    private static Path directory;

    private static TwoNodes nodes;
    private static OpsServer a;
    private static OpsServer b;
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    @BeforeAll
    static void start() throws Exception {
        nodes = new TwoNodes(directory);
        a = nodes.keep(OpsServer.builder(nodes.modelA)
                .metrics(() -> "answer 42\n")
                .actions(TOKEN)
                .start());
        b = nodes.keep(OpsServer.builder(nodes.modelB).start());
    }

    @AfterAll
    static void stop() {
        if (nodes != null) {
            nodes.close();
        }
    }

    private static URI uri(OpsServer server, String path) {
        return URI.create("http://127.0.0.1:" + server.address().getPort() + path);
    }

    private static HttpResponse<String> get(OpsServer server, String path) throws Exception {
        return HTTP.send(HttpRequest.newBuilder(uri(server, path)).build(), BodyHandlers.ofString());
    }

    private static HttpRequest.Builder action(OpsServer server, String name, String form) {
        return HttpRequest.newBuilder(uri(server, "/actions/" + name))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(form));
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return HTTP.send(request.build(), BodyHandlers.ofString());
    }

    /** Sends bytes as they are, and gives all that comes until the server closes the connection. */
    private static String raw(OpsServer server, String... parts) throws IOException {
        try (Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), server.address().getPort())) {
            socket.setSoTimeout(20_000);
            for (String part : parts) {
                socket.getOutputStream().write(part.getBytes(StandardCharsets.US_ASCII));
            }
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static OpsServer leader() {
        return nodes.logA.status().role() == Role.LEADER ? a : b;
    }

    @Test
    void shouldAnswerLoadBalancers() throws Exception {
        OpsServer leader = leader();
        OpsServer follower = leader == a ? b : a;
        assertThat(get(leader, "/leader?group=g").statusCode()).isEqualTo(200);
        assertThat(get(leader, "/leader").body()).contains("leader epoch=");
        assertThat(get(follower, "/leader?group=g").statusCode()).isEqualTo(503);
        assertThat(get(follower, "/leader?group=g").body()).contains("follower");
        assertThat(get(follower, "/leader?group=h").statusCode()).isEqualTo(503);
        for (String path : List.of(
                "/in-sync?group=g", "/in-sync?group=g&lag=0", "/in-sync?lag=2s", "/ready", "/ready?group=g", "/live")) {
            assertThat(get(follower, path).statusCode()).as(path).isEqualTo(200);
        }
        for (String lag : List.of("x", "-1", "1h", "99999999999", "0s")) {
            assertThat(get(follower, "/in-sync?lag=" + lag).statusCode())
                    .as(lag)
                    .isEqualTo(400);
        }
        HttpResponse<String> head = HTTP.send(
                HttpRequest.newBuilder(uri(leader, "/leader"))
                        .method("HEAD", HttpRequest.BodyPublishers.noBody())
                        .build(),
                BodyHandlers.ofString());
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.body()).isEmpty();
        // as HAProxy's option httpchk asks by itself
        assertThat(raw(leader, "GET /leader?group=g HTTP/1.0\r\n\r\n")).startsWith("HTTP/1.1 200 ");
    }

    @Test
    void shouldServePageSnapshotAndMetrics() throws Exception {
        HttpResponse<String> page = get(a, "/");
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.headers().firstValue("content-type")).contains("text/html; charset=utf-8");
        assertThat(page.headers().firstValue("content-security-policy").orElseThrow())
                .contains("default-src 'none'");
        assertThat(page.headers().firstValue("x-content-type-options")).contains("nosniff");
        assertThat(page.headers().firstValue("cache-control")).contains("no-store");
        assertThat(get(a, "/status.json").body()).contains("\"node\":\"a\"", "\"group\":\"g\"");
        assertThat(get(a, "/metrics").body()).isEqualTo("answer 42\n");
        assertThat(get(b, "/metrics").statusCode()).isEqualTo(404);
        assertThat(get(a, "/nothing").statusCode()).isEqualTo(404);
        assertThat(send(HttpRequest.newBuilder(uri(a, "/leader")).DELETE()).statusCode())
                .isEqualTo(405);
    }

    @Test
    void shouldSendEventsWhileTheyHappen() throws Exception {
        HttpResponse<Stream<String>> events =
                HTTP.send(HttpRequest.newBuilder(uri(a, "/events")).build(), BodyHandlers.ofLines());
        assertThat(events.headers().firstValue("content-type")).contains("text/event-stream");
        LinkedBlockingQueue<String> lines = new LinkedBlockingQueue<>();
        Thread reader = new Thread(() -> {
            try (Stream<String> body = events.body()) {
                body.forEach(lines::add);
            } catch (UncheckedIOException e) {
                lines.add("the server ends");
            }
        });
        reader.setDaemon(true);
        reader.start();
        assertThat(lines.poll(10, TimeUnit.SECONDS)).startsWith("data: {\"at\":");
        String text = "said at " + System.nanoTime();
        nodes.modelA.report(OpsLevel.OK, "note", "g", text, null);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        String line = "";
        while (!line.contains(text)) {
            line = lines.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            assertThat(line).isNotNull();
        }
    }

    @Test
    void shouldShowGuardsAndEndpointsAsTheyChange() throws Exception {
        GuardRegistry guards = GuardRegistry.create();
        Guard stock = Guard.named("stock")
                .in(guards)
                .bulkhead(1)
                .timeLimit(Duration.ofMinutes(1))
                .circuitBreaker(new BreakerSettings(50, 100, null, 2, 2, 1, Duration.ofMinutes(1)))
                .build();
        EndpointGroup<String> prices = EndpointGroup.<String>named("prices")
                .endpoint("x", "x")
                .endpoint("y", "y")
                .selection(Selection.FAIL_OVER)
                .guard(GuardBuilder::withoutCircuitBreaker)
                .build();
        Registration shown = nodes.modelA.items(OpsGuards.guards(guards));
        Registration shownToo = nodes.modelA.items(OpsGuards.endpoints(prices));
        HttpResponse<InputStream> events =
                HTTP.send(HttpRequest.newBuilder(uri(a, "/events")).build(), BodyHandlers.ofInputStream());
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(events.body(), StandardCharsets.UTF_8))) {
            awaitEvent(
                    lines,
                    "\"name\":\"stock\",\"level\":\"ok\",\"state\":\"closed\",\"figures\":{\"permits\":1.0,\"permits in use\":0.0,",
                    "\"name\":\"prices/x\",\"level\":\"ok\",\"state\":\"healthy\"");
            CompletableFuture<String> pending = new CompletableFuture<>();
            CompletableFuture<String> answer = stock.stage(() -> pending);
            assertThatThrownBy(() -> stock.call(() -> "no room")).isInstanceOf(GuardFullException.class);
            awaitEvent(lines, "\"state\":\"closed, full\"", "\"permits in use\":1.0", "\"refused: full\":1.0");
            pending.completeExceptionally(new IOException("down"));
            assertThat(answer).isCompletedExceptionally();
            assertThatThrownBy(() -> stock.call(() -> {
                        throw new IOException("down");
                    }))
                    .isInstanceOf(IOException.class);
            assertThatThrownBy(() -> stock.call(() -> "refused")).isInstanceOf(GuardOpenException.class);
            for (int i = 0; i < 5; i++) {
                assertThatThrownBy(() -> prices.call(endpoint -> {
                            throw new IOException("down: " + endpoint);
                        }))
                        .isInstanceOf(IOException.class);
            }
            awaitEvent(
                    lines,
                    "\"level\":\"bad\",\"state\":\"open for ",
                    "\"refused: open\":1.0",
                    "\"name\":\"prices/x\",\"level\":\"warn\",\"state\":\"left out",
                    "\"name\":\"prices/y\",\"level\":\"ok\",\"state\":\"healthy\"");
        } finally {
            shown.close();
            shownToo.close();
        }
        assertThat(get(a, "/status.json").body()).contains("\"items\":[]");
    }

    private static void awaitEvent(BufferedReader lines, String... parts) throws IOException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(15);
        String line = "";
        while (!Stream.of(parts).allMatch(line::contains)) {
            assertThat(System.nanoTime() - end)
                    .as("%s in %s", List.of(parts), line)
                    .isNegative();
            String next = lines.readLine();
            assertThat(next).as("the stream goes on").isNotNull();
            line = next.isEmpty() ? line : next;
        }
    }

    @Test
    void shouldActOnlyForWhoKnowsTheTokenAndConfirms() throws Exception {
        String form = "subject=g&target=&confirm=g";
        assertThat(send(action(b, "transfer", form).header("Authorization", "Bearer " + TOKEN))
                        .statusCode())
                .isEqualTo(403); // off
        assertThat(send(action(a, "transfer", form)).statusCode()).isEqualTo(401);
        assertThat(send(action(a, "transfer", form).header("Authorization", "Bearer 0123456789abcdeg"))
                        .statusCode())
                .isEqualTo(401);
        assertThat(send(action(a, "transfer", form)
                                .header("Authorization", "Bearer " + TOKEN)
                                .header("Origin", "http://elsewhere.example"))
                        .statusCode())
                .isEqualTo(403);
        assertThat(send(action(a, "transfer", form)
                                .header("Authorization", "Bearer " + TOKEN)
                                .header("Sec-Fetch-Site", "cross-site"))
                        .statusCode())
                .isEqualTo(403);
        assertThat(send(action(a, "transfer", form)
                                .header("Authorization", "Bearer " + TOKEN)
                                .setHeader("Content-Type", "text/plain"))
                        .statusCode())
                .isEqualTo(415);
        assertThat(get(a, "/actions/transfer").statusCode()).isEqualTo(404);
        if (nodes.logA.status().role() != Role.LEADER) {
            nodes.logB.handOver().get(10, TimeUnit.SECONDS);
        }
        TwoNodes.await("a leads", () -> nodes.logA.status().role() == Role.LEADER);
        HttpResponse<String> unconfirmed =
                send(action(a, "transfer", "subject=g&target=b").header("Authorization", "Bearer " + TOKEN));
        assertThat(unconfirmed.statusCode()).isEqualTo(400);
        assertThat(unconfirmed.body()).contains("not confirmed");
        assertThat(send(action(a, "explode", form).header("Authorization", "Bearer " + TOKEN))
                        .statusCode())
                .isEqualTo(400);
        assertThat(nodes.logA.status().role()).isEqualTo(Role.LEADER);
        HttpResponse<String> done = send(action(a, "transfer", "subject=g&target=b&confirm=g")
                .header("Origin", "http://127.0.0.1:" + a.address().getPort())
                .header("Authorization", "Bearer " + TOKEN));
        assertThat(done.body()).startsWith("b leads epoch");
        assertThat(done.statusCode()).isEqualTo(200);
        TwoNodes.await("b leads", () -> nodes.logB.status().role() == Role.LEADER);
    }

    @Test
    void shouldRefuseNamesThatWereMadeToPointHere() throws Exception {
        assertThat(raw(a, "GET /status.json HTTP/1.1\r\nHost: evil.example:80\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 421 ");
        for (String host : List.of("127.0.0.1:1", "localhost", "[::1]:9", "LOCALHOST:80")) {
            assertThat(raw(a, "GET /live HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n"))
                    .as(host)
                    .startsWith("HTTP/1.1 200 ");
        }
    }

    @Test
    void shouldAnswerWhatWasSentAheadInItsOrder() throws Exception {
        String answers = raw(
                a,
                "GET /live HTTP/1.1\r\n\r\nGET /nothing HTTP/1.1\r\n\r\n"
                        + "GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\nGET /live HTTP/1.1\r\n\r\n");
        List<String> codes = answers.lines()
                .filter(line -> line.startsWith("HTTP/1.1 "))
                .map(line -> line.substring(9, 12))
                .toList();
        assertThat(codes).containsExactly("200", "404", "200");
    }

    @Test
    void shouldRefuseWhatIsTooLargeOrNoRequest() throws Exception {
        assertThat(refusal("GET /" + "x".repeat(5000) + " HTTP/1.1\r\n\r\n")).startsWith("HTTP/1.1 4");
        assertThat(refusal("GET / HTTP/1.1\r\nX: " + "x".repeat(9000) + "\r\n\r\n"))
                .startsWith("HTTP/1.1 4");
        assertThat(refusal("POST /actions/transfer HTTP/1.1\r\nConnection: close\r\nContent-Length: 100000\r\n\r\n"))
                .startsWith("HTTP/1.1 413 ");
        assertThat(raw(a, "nonsense\r\n\r\n")).startsWith("HTTP/1.1 400 ");
    }

    /** What is answered; a reset, because more was sent than was read, may swallow it. */
    private static String refusal(String request) throws IOException {
        try {
            return raw(a, request);
        } catch (SocketException e) {
            return "HTTP/1.1 4xx " + e.getMessage();
        }
    }

    @Test
    void shouldBoundConnectionsAndTheirTime() throws Exception {
        try (OpsServer small = OpsServer.builder(nodes.modelA)
                .maxConnections(2)
                .maxViewers(0)
                .timeout(Duration.ofMillis(300))
                .start()) {
            assertThat(raw(small, "GET /li")).isEmpty(); // closed after the time-out
            List<Socket> open = new ArrayList<>();
            try {
                for (int i = 0; i < 2; i++) {
                    Socket socket = new Socket(
                            InetAddress.getLoopbackAddress(), small.address().getPort());
                    open.add(socket);
                    socket.getOutputStream().write("GET /live HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                    assertThat(new BufferedReader(
                                            new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))
                                    .readLine())
                            .startsWith("HTTP/1.1 200");
                }
                try (Socket third = new Socket(
                        InetAddress.getLoopbackAddress(), small.address().getPort())) {
                    third.setSoTimeout(10_000);
                    assertThat(third.getInputStream().read()).isEqualTo(-1);
                }
            } finally {
                for (Socket socket : open) {
                    socket.close();
                }
            }
            TwoNodes.await("room again", () -> {
                try {
                    return get(small, "/events").statusCode() == 503;
                } catch (Exception e) {
                    return false; // the closed ones are not noticed yet
                }
            });
        }
    }

    @Test
    void shouldEndItsThreadsAndFreeItsPort() throws Exception {
        OpsServer server =
                OpsServer.builder(nodes.modelA).metrics(() -> "x 1\n").start();
        int port = server.address().getPort();
        assertThat(get(server, "/metrics").statusCode()).isEqualTo(200);
        assertThatThrownBy(() -> OpsServer.builder(nodes.modelA)
                        .listen("127.0.0.1", port)
                        .start())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("the operations port cannot listen on /127.0.0.1:" + port);
        server.close();
        server.close();
        OpsServer.builder(nodes.modelA).listen("127.0.0.1", port).start().close();
        assertThatThrownBy(() -> OpsServer.builder(nodes.modelA).actions("short"))
                .hasMessageContaining("has 5 characters");
    }
}
