package dev.handover.examples.kv.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.assertions.LocatorAssertions;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import com.microsoft.playwright.options.ColorScheme;
import dev.handover.examples.kv.KvCluster;
import dev.handover.examples.kv.KvNode;
import dev.handover.examples.kv.RawClient;
import dev.handover.examples.kv.Waiting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Who watches two nodes: a browser, and a Prometheus, both Debian's. With {@code -Dhandover.screenshots=true} the pictures of docs/ops.md are made anew; else they go to {@code target/screenshots}.
 */
@Timeout(120)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class) // the last one leaves a single node
class WatchIT {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    /** The path of a sparkline of which a point is above its foot, which is at 30. */
    private static final Pattern RISEN = Pattern.compile("[ML][0-9.]+ [12]?[0-9][.][0-9]");

    @TempDir
    private static Path directory;

    private static KvCluster cluster;
    private static Tool prometheus;
    private static int prometheusPort;
    private static Playwright playwright;
    private static Browser browser;

    @BeforeAll
    static void start() throws Exception {
        Tool.need("prometheus", "prometheus");
        Tool.need("chromium", "chromium");
        cluster = KvCluster.in(directory.resolve("cluster")).nodes(2).opsPorts().start();
        try (RawClient client = cluster.leader().client()) { // something to look at
            for (int i = 0; i < 500; i++) {
                client.call("SET", "key-" + i, "value");
            }
        }
    }

    @AfterAll
    static void stop() {
        if (playwright != null) {
            playwright.close(); // and with it the browser
        }
        if (prometheus != null) {
            prometheus.close();
        }
        if (cluster != null) {
            cluster.close();
        }
    }

    private static KvNode other(KvNode node) {
        return cluster.nodes().stream().filter(each -> each != node).findFirst().orElseThrow();
    }

    // ---- Prometheus

    private static JsonObject ask(String path) throws IOException, InterruptedException {
        URI uri = URI.create("http://127.0.0.1:" + prometheusPort + "/api/v1/" + path);
        String answer = HTTP.send(
                        HttpRequest.newBuilder(uri)
                                .timeout(Duration.ofSeconds(5))
                                .build(),
                        BodyHandlers.ofString())
                .body();
        JsonObject json = JsonParser.parseString(answer).getAsJsonObject();
        assertThat(json.get("status").getAsString()).as(answer).isEqualTo("success");
        return json.getAsJsonObject("data");
    }

    /** Values of a query, by the node that gave them. */
    private static Map<String, Double> query(String promql) throws IOException, InterruptedException {
        Map<String, Double> values = new TreeMap<>();
        ask("query?query=" + URLEncoder.encode(promql, StandardCharsets.UTF_8))
                .getAsJsonArray("result")
                .forEach(each -> values.put(
                        each.getAsJsonObject()
                                .getAsJsonObject("metric")
                                .get("node")
                                .getAsString(),
                        each.getAsJsonObject().getAsJsonArray("value").get(1).getAsDouble()));
        return values;
    }

    @Test
    @Order(1)
    void shouldBeScrapedByPrometheus() throws Exception {
        prometheusPort = KvCluster.freePort();
        Path configuration = Files.writeString(
                directory.resolve("prometheus.yml"),
                """
                global: {scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms}
                rule_files: ['%s']
                scrape_configs:
                  - job_name: handover
                    static_configs: [{targets: ['127.0.0.1:%d', '127.0.0.1:%d']}]
                """
                        .formatted(
                                Path.of("../../docs/prometheus/handover-rules.yml")
                                        .toRealPath(),
                                cluster.node("a").opsPort(),
                                cluster.node("b").opsPort()));
        prometheus = Tool.start(
                directory.resolve("prometheus.log"),
                List.of(
                        "prometheus",
                        "--config.file=" + configuration,
                        "--storage.tsdb.path=" + directory.resolve("prometheus"),
                        "--web.listen-address=127.0.0.1:" + prometheusPort));
        KvNode leader = cluster.leader();
        KvNode follower = other(leader);
        Waiting.until("Prometheus knows who leads; it says: " + prometheus.output(), SOON, () -> query(
                        "handover_leads{group=\"kv\"}")
                .equals(Map.of(leader.id(), 1.0, follower.id(), 0.0)));
        assertThat(query("handover_role{group=\"kv\",role=\"follower\"} == 1")).containsOnlyKeys(follower.id());
        assertThat(query("handover_commit_index_entries{group=\"kv\"}").get(leader.id()))
                .isGreaterThanOrEqualTo(500);
        assertThat(query("handover_in_sync_replicas{group=\"kv\"}").get(leader.id()))
                .isEqualTo(2);
        Waiting.until("the rules were evaluated and are in order", SOON, () -> {
            JsonArray groups = ask("rules").getAsJsonArray("groups");
            assertThat(groups).isNotEmpty();
            groups.forEach(
                    group -> group.getAsJsonObject().getAsJsonArray("rules").forEach(rule -> assertThat(
                                    rule.getAsJsonObject().get("health").getAsString())
                            .as("%s", rule)
                            .isNotEqualTo("err")));
            return groups.get(0).getAsJsonObject().getAsJsonArray("rules").asList().stream()
                    .allMatch(rule ->
                            rule.getAsJsonObject().get("health").getAsString().equals("ok"));
        });
    }

    // ---- browser

    private static void openBrowser() {
        playwright = Playwright.create(new Playwright.CreateOptions()
                .setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))); // Debian's is driven
        browser = playwright
                .chromium()
                .launch(new BrowserType.LaunchOptions()
                        .setExecutablePath(Path.of("/usr/bin/chromium"))
                        .setArgs(List.of("--no-sandbox"))); // tests may run as root, in a container
    }

    /** A page that has said nothing wrong yet: what the browser's console says, a violated content policy too, goes into the list. */
    private static Page open(KvNode node, Browser.NewContextOptions how, List<String> complaints) {
        BrowserContext context = browser.newContext(how);
        context.setDefaultTimeout(SOON.toMillis());
        Page page = context.newPage();
        page.onPageError(complaints::add);
        page.onConsoleMessage(message -> {
            if (message.type().equals("error") && !message.text().startsWith("Failed to load resource")) {
                complaints.add(message.text());
            }
        });
        page.navigate("http://127.0.0.1:" + node.opsPort() + "/");
        return page;
    }

    private static void picture(Page page, String name) {
        Path into =
                Path.of(Boolean.getBoolean("handover.screenshots") ? "../../docs/images" : "target/screenshots", name);
        page.screenshot(new Page.ScreenshotOptions().setPath(into).setFullPage(true));
        assertThat(into).isNotEmptyFile();
    }

    private static LocatorAssertions that(Locator locator) {
        return PlaywrightAssertions.assertThat(locator);
    }

    private static LocatorAssertions.HasTextOptions soon() {
        return new LocatorAssertions.HasTextOptions().setTimeout(SOON.toMillis());
    }

    private static LocatorAssertions.ContainsTextOptions within() {
        return new LocatorAssertions.ContainsTextOptions().setTimeout(SOON.toMillis());
    }

    private static Locator row(Page page, String name) {
        return page.locator("article[data-key='group kv'] dd[data-row='" + name + "']");
    }

    private static Locator figure(Page page, String label) {
        return page.locator("article[data-key='group kv'] .figure")
                .filter(new Locator.FilterOptions().setHasText(label));
    }

    private static LocatorAssertions.HasAttributeOptions soonDrawn() {
        return new LocatorAssertions.HasAttributeOptions().setTimeout(SOON.toMillis());
    }

    /** One after the other. */
    private static void write(KvNode node, AtomicBoolean enough) {
        try (RawClient client = node.client()) {
            while (!enough.get()) {
                client.call("SET", "key", "value");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    @Order(2)
    void shouldShowTransferAndDeathOfALeaderToSomebodyWithAPhoneInTheDark() throws Exception {
        openBrowser();
        List<String> complaints = new ArrayList<>();
        KvNode first = cluster.leader();
        KvNode next = other(first);
        Page wide = open(
                first,
                new Browser.NewContextOptions().setViewportSize(1200, 800).setColorScheme(ColorScheme.LIGHT),
                complaints);
        Page phone = open(
                first,
                new Browser.NewContextOptions()
                        .setViewportSize(390, 844)
                        .setDeviceScaleFactor(2)
                        .setIsMobile(true)
                        .setHasTouch(true)
                        .setColorScheme(ColorScheme.DARK),
                complaints);
        that(phone.locator("#link")).hasText("live", soon());
        that(row(phone, "leader")).hasText(first.id(), soon());
        that(row(phone, "in sync")).hasText("a, b", soon());
        assertThat(phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))
                .as("nothing sticks out of a phone")
                .isEqualTo(true);
        assertThat(brightness(phone)).as("dark").isLessThan(60);
        assertThat(brightness(wide)).as("light").isGreaterThan(200);

        // while somebody writes, figures and sparklines move
        AtomicBoolean enough = new AtomicBoolean();
        CompletableFuture<Void> writes = CompletableFuture.runAsync(() -> write(first, enough));
        try {
            that(figure(phone, "commits per second").locator(".value"))
                    .hasText(Pattern.compile("[1-9][0-9.]*( k)?|0[.][0-9]*[1-9][0-9]*"), soon());
            that(figure(phone, "commits per second").locator("svg path")).hasAttribute("d", RISEN, soonDrawn());
            that(figure(phone, "lag, entries").locator("svg path")).hasAttribute("d", RISEN, soonDrawn());
        } finally {
            enough.set(true);
            writes.get(SOON.toSeconds(), TimeUnit.SECONDS);
        }
        that(figure(phone, "commits per second").locator(".value")).hasText("0", soon());
        that(figure(phone, "lag, entries").locator(".value")).hasText("0", soon());

        // an operator gives the leadership away, and has to know the token and to confirm
        phone.locator("article[data-key='group kv'] button[data-action='transfer']")
                .tap();
        phone.locator("#target").selectOption(next.id());
        phone.locator("#token").fill("wrong-wrong-wrong-wrong");
        phone.locator("#confirm").fill("kv");
        phone.locator("#go").tap();
        that(phone.locator("#outcome")).containsText("Not done (401)", within());
        phone.locator("#token").fill(KvNode.OPS_TOKEN);
        phone.locator("#confirm").fill("vk");
        phone.locator("#go").tap();
        that(phone.locator("#outcome")).containsText("not confirmed", within());
        picture(phone, "ops-transfer.png");
        that(row(phone, "leader")).hasText(first.id(), soon());
        phone.locator("#confirm").fill("kv");
        phone.locator("#go").tap();
        that(phone.locator("#outcome")).containsText("Done: " + next.id() + " leads epoch", within());
        that(row(phone, "leader")).hasText(next.id(), soon());
        phone.locator("#cancel").tap();
        that(phone.locator("#timeline")).containsText("transfer", within());

        // the new leader dies, and the page of the one who is left changes by itself
        next.kill();
        that(row(phone, "leader")).hasText(first.id(), soon());
        that(row(phone, "missing")).hasText(next.id(), soon());
        that(phone.locator("article[data-key='group kv'] .badge")).hasText("leader here", soon());
        that(phone.locator("#timeline li").filter(new Locator.FilterOptions().setHasText("take-over")))
                .not()
                .hasCount(0);
        that(row(wide, "leader")).hasText(first.id(), soon());
        picture(phone, "ops-phone-dark.png");
        picture(wide, "ops-wide-light.png");
        assertThat(complaints).isEmpty();
    }

    /** Of the page's background, 0 to 255. */
    private static double brightness(Page page) {
        Object sum = page.evaluate(
                "getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0)");
        return ((Number) sum).doubleValue() / 3;
    }
}
