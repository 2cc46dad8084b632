package dev.handover.fencing;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.descriptor.web.FilterDef;
import org.apache.tomcat.util.descriptor.web.FilterMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** In Tomcat. */
@Timeout(60)
class HttpFenceFilterTest {
    @TempDir
    Path directory;

    private final HttpClient client = HttpClient.newHttpClient();
    private final AtomicInteger shipped = new AtomicInteger();
    private final Tomcat tomcat = new Tomcat();

    /** What is protected. */
    private final class Ship extends HttpServlet {
        private static final long serialVersionUID = 1;

        @Override
        protected void doPost(HttpServletRequest request, HttpServletResponse response) {
            shipped.incrementAndGet();
        }
    }

    @BeforeEach
    void start() throws Exception {
        tomcat.setBaseDir(directory.toString());
        tomcat.setHostname("127.0.0.1");
        tomcat.setPort(0);
        tomcat.getConnector().setProperty("address", "127.0.0.1");
        Context context = tomcat.addContext("", directory.toString());
        Tomcat.addServlet(context, "ship", new Ship()).addMapping("/ship");
        FilterDef definition = new FilterDef();
        definition.setFilterName("fence");
        definition.setFilter(new HttpFenceFilter(new InMemoryFence("shelf", Duration.ofSeconds(1))));
        context.addFilterDef(definition);
        FilterMap map = new FilterMap();
        map.setFilterName("fence");
        map.addURLPattern("/*");
        context.addFilterMap(map);
        tomcat.start();
    }

    @AfterEach
    void stop() throws Exception {
        tomcat.stop();
        tomcat.destroy();
    }

    /** The status, and whether the request went on. */
    private String ask(String epoch) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + tomcat.getConnector().getLocalPort() + "/ship"))
                .timeout(Duration.ofSeconds(20))
                .POST(HttpRequest.BodyPublishers.noBody());
        if (epoch != null) {
            request.header(HttpFence.HEADER, epoch);
        }
        int before = shipped.get();
        HttpResponse<String> response = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        assertThat(response.body().isEmpty()).isEqualTo(response.statusCode() == 200);
        return response.statusCode() + (shipped.get() == before ? " refused" : " went on");
    }

    @Test
    void shouldLetTheNewestLeaderIn() throws Exception {
        assertThat(ask("7")).isEqualTo("200 went on");
        assertThat(ask("6")).isEqualTo("412 refused");
        assertThat(ask("7")).isEqualTo("200 went on");
        assertThat(ask("8")).isEqualTo("200 went on");
        assertThat(ask("7")).isEqualTo("412 refused");
        assertThat(ask(null)).isEqualTo("428 refused");
        assertThat(ask("x")).isEqualTo("400 refused");
    }
}
