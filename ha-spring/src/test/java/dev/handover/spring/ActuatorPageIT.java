package dev.handover.spring;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.assertions.LocatorAssertions;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.transport.Transport;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Principal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;

/** The operations page of the actuator in Debian's chromium: it is told of changes, and has buttons for somebody whom the application knows. */
@Timeout(120)
class ActuatorPageIT {
    private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
    private static final double SOON_MILLIS = 30_000;

    @TempDir
    Path directory;

    private final List<String> asked = Collections.synchronizedList(new ArrayList<>());
    private final List<String> complaints = Collections.synchronizedList(new ArrayList<>());

    @EnableAutoConfiguration
    static class Application {}

    /** Stands for the application's security: knows who shows a certain header. */
    static final class Known implements Filter {
        static final Map<String, String> HEADER = Map.of("Authorization", "operator");

        @Override
        public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
                throws IOException, ServletException {
            String name = ((HttpServletRequest) request).getHeader("Authorization");
            Principal principal = name == null ? null : () -> name;
            chain.doFilter(
                    new HttpServletRequestWrapper((HttpServletRequest) request) {
                        @Override
                        public Principal getUserPrincipal() {
                            return principal;
                        }
                    },
                    response);
        }
    }

    private ConfigurableApplicationContext application(Memory memory) {
        SpringApplication application = new SpringApplication(Application.class);
        application.addInitializers((GenericApplicationContext context) -> {
            context.registerBean("store", ConfigurationStore.class, memory.store::connect);
            context.registerBean("transport", Transport.class, memory.network::transport);
            context.registerBean(StateMachinesTest.OrderBook.class);
            context.registerBean(Known.class);
        });
        return application.run(
                "--handover.node-id=a",
                "--handover.data-directory=" + directory.resolve("a"),
                "--server.port=0",
                "--server.address=127.0.0.1",
                "--spring.datasource.url=jdbc:h2:mem:page",
                "--management.endpoints.web.exposure.include=handover",
                "--management.endpoint.handover.access=unrestricted");
    }

    private Page open(Browser browser, ConfigurableApplicationContext application, Map<String, String> headers) {
        BrowserContext context = browser.newContext(new Browser.NewContextOptions().setExtraHTTPHeaders(headers));
        context.setDefaultTimeout(SOON_MILLIS);
        Page page = context.newPage();
        page.onPageError(complaints::add);
        page.onConsoleMessage(message -> {
            if (message.type().equals("error") && !message.text().startsWith("Failed to load resource")) {
                complaints.add(message.text()); // a violated content policy, too
            }
        });
        page.onRequest(request -> asked.add(request.url().replaceFirst(".*/", "")));
        int port = ((WebServerApplicationContext) application).getWebServer().getPort();
        page.navigate("http://127.0.0.1:" + port + "/actuator/handover/page");
        return page;
    }

    private static LocatorAssertions that(Locator locator) {
        return PlaywrightAssertions.assertThat(locator);
    }

    private static Locator row(Page page, String name) {
        return page.locator("article[data-key='group orders'] dd[data-row='" + name + "']");
    }

    private static LocatorAssertions.HasTextOptions soon() {
        return new LocatorAssertions.HasTextOptions().setTimeout(SOON_MILLIS);
    }

    private static LocatorAssertions.ContainsTextOptions within() {
        return new LocatorAssertions.ContainsTextOptions().setTimeout(SOON_MILLIS);
    }

    @Test
    void shouldBeToldOfChangesAndHaveButtonsForWhoIsKnown() throws Exception {
        assumeTrue(Files.isExecutable(CHROMIUM), "chromium is not installed: apt-get install chromium");
        try (Memory memory = new Memory(directory);
                ConfigurableApplicationContext application = application(memory);
                Playwright playwright = Playwright.create(new Playwright.CreateOptions()
                        .setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))); // Debian's is driven
                Browser browser = playwright
                        .chromium()
                        .launch(new BrowserType.LaunchOptions()
                                .setExecutablePath(CHROMIUM)
                                .setArgs(List.of("--no-sandbox")))) { // tests may run as root, in a container
            ReplicatedLog log = application.getBean(ReplicatedLog.class);
            Memory.inSync(log);
            ReplicatedLog other = memory.join("b", "orders", new Words());
            Page stranger = open(browser, application, Map.of());
            Page operator = open(browser, application, Known.HEADER);
            that(stranger.locator("#link")).hasText("live", soon());
            that(row(stranger, "in sync")).hasText("a, b", soon());
            Locator transfer = operator.locator("article[data-key='group orders'] button[data-action='transfer']");
            transfer.click();
            that(operator.locator("#tokens")).isHidden();
            operator.locator("#target").selectOption("b");
            operator.locator("#confirm").fill("order");
            operator.locator("#go").click();
            that(operator.locator("#outcome")).containsText("Not done (400): not confirmed", within());
            assertThat(log.status().leader()).hasToString("a");
            operator.locator("#confirm").fill("orders");
            operator.locator("#go").click();
            that(operator.locator("#outcome")).containsText("Done: b leads epoch", within());
            operator.locator("#cancel").click();
            that(row(operator, "leader")).hasText("b", soon());
            that(row(stranger, "leader")).hasText("b", soon());
            that(transfer).hasCount(0); // it is asked of the node that leads

            other.transferTo(log.status().self().node()).get(30, SECONDS);
            that(row(stranger, "leader")).hasText("a", soon());
            that(transfer).hasCount(1);
            transfer.click();
            operator.locator("#confirm").fill("orders"); // nobody chosen: to the best
            operator.locator("#go").click();
            that(operator.locator("#outcome")).containsText("Done: b leads epoch", within());
            log.submit("one".getBytes(UTF_8)).get(30, SECONDS);
            that(row(stranger, "committed"))
                    .containsText(", applied " + other.status().appliedIndex(), within());
            that(stranger.locator("button[data-action]")).hasCount(0); // nobody knows who looks
            assertThat(Collections.frequency(asked, "status.json"))
                    .as("each page asks once, and is told the rest: " + asked)
                    .isEqualTo(2);
            assertThat(complaints).isEmpty();
        }
    }
}
