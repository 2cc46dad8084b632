package dev.handover.spring;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.election.zookeeper.EmbeddedZooKeeper;
import dev.handover.replication.ReplicatedLog;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Two applications, as somebody would write them, over a real ZooKeeper and real sockets and disks. */
class ReplicatedApplicationTest {
    @TempDir
    Path directory;

    @Test
    @Timeout(120)
    void shouldReplicateBetweenTwoApplicationsAndSurviveTheEndOfOne() throws Exception {
        try (EmbeddedZooKeeper zooKeeper = EmbeddedZooKeeper.builder()
                .dataDirectory(directory.resolve("zookeeper"))
                .clientAddress("127.0.0.1", 0)
                .start()) {
            zooKeeper.awaitServing(Duration.ofSeconds(30));
            try (ConfigurableApplicationContext b = start(zooKeeper, "b")) {
                try (ConfigurableApplicationContext a = start(zooKeeper, "a")) {
                    awaitInSync(a);
                    awaitInSync(b);
                    assertThat(submit(a, "one")).isEqualTo("one");
                    assertThat(submit(b, "two")).isEqualTo("one,two");
                }
                assertThat(submit(b, "three")).isEqualTo("one,two,three");
            }
        }
    }

    private ConfigurableApplicationContext start(EmbeddedZooKeeper zooKeeper, String node) {
        SpringApplication application = new SpringApplication(Application.class);
        application.setWebApplicationType(WebApplicationType.NONE);
        return application.run(
                "--handover.zookeeper.connect-string=" + zooKeeper.connectString(),
                "--handover.node-id=" + node,
                "--handover.data-directory=" + directory.resolve(node),
                "--handover.cluster=spring-test",
                "--handover.transport.host=127.0.0.1",
                "--handover.transport.port=0");
    }

    private static void awaitInSync(ConfigurableApplicationContext context) throws Exception {
        context.getBean(ReplicatedLog.class).awaitInSync(Duration.ofSeconds(30)).get(30, SECONDS);
    }

    private static String submit(ConfigurableApplicationContext context, String word) throws Exception {
        ReplicatedLog words = context.getBean(ReplicatedLog.class);
        return new String(words.submit(word.getBytes(UTF_8)).get(10, SECONDS), UTF_8);
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Application {
        @Bean
        @HandoverGroup("words")
        Words words() {
            return new Words();
        }
    }
}
