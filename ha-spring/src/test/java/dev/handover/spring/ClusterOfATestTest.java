package dev.handover.spring;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.Role;
import dev.handover.replication.Consistency;
import dev.handover.replication.ReplicatedLog;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What an application's test does with {@link HandoverTest}. */
@SpringBootTest(
        classes = ClusterOfATestTest.Application.class,
        webEnvironment = SpringBootTest.WebEnvironment.NONE,
        properties = {"spring.datasource.url=jdbc:h2:mem:cluster", "handover.cluster=from-the-application"})
@HandoverTest
@Timeout(120)
class ClusterOfATestTest {
    @Autowired
    HandoverCluster cluster;

    @Autowired
    ReplicatedLog log;

    @BeforeEach
    void whole() {
        cluster.heal();
        for (String peer : new String[] {"peer-1", "peer-2"}) {
            if (!cluster.nodes().contains(peer)) {
                cluster.restart(peer);
            }
        }
        cluster.awaitInSync();
    }

    private String submit(String word) throws Exception {
        String all = new String(log.submit(word.getBytes(UTF_8)).get(30, TimeUnit.SECONDS), UTF_8);
        return all.substring(all.lastIndexOf(',') + 1);
    }

    private String seenBy(String node) throws Exception {
        return new String(
                cluster.log(node, "orders")
                        .query(new byte[0], Consistency.LINEARIZABLE)
                        .get(30, TimeUnit.SECONDS),
                UTF_8);
    }

    @Test
    void shouldGoOnWhenTheLeaderIsKilledAndTakeItBack() throws Exception {
        cluster.transfer("orders", "peer-1");
        assertThat(log.status().role()).isEqualTo(Role.FOLLOWER);
        submit("before");
        assertThat(cluster.killLeader("orders")).isEqualTo("peer-1");
        assertThat(submit("after")).isEqualTo("after");
        assertThat(cluster.leader("orders")).isIn("app", "peer-2");
        assertThat(cluster.nodes()).containsExactlyInAnyOrder("app", "peer-2");

        cluster.restart("peer-1");
        cluster.awaitInSync();
        assertThat(seenBy("peer-1")).contains("before,after").isEqualTo(seenBy("peer-2"));
    }

    @Test
    void shouldGoOnWithoutAPeerThatIsCutOff() throws Exception {
        cluster.transfer("orders", "app");
        cluster.isolate("peer-2");
        assertThat(submit("cut")).isEqualTo("cut");
        Await.until("peer-2 is out", () -> log.status().redundancy().inSync().size() == 2);
        cluster.heal();
        cluster.awaitInSync();
        assertThat(seenBy("peer-2")).endsWith("cut");
    }

    @Test
    void shouldSayWhatThereIs() {
        assertThatThrownBy(() -> cluster.kill("nobody"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'nobody'")
                .hasMessageContaining("peer-1");
        assertThatThrownBy(() -> cluster.restart("peer-1")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> cluster.log("peer-1", "other")).isInstanceOf(IllegalArgumentException.class);
    }

    @Configuration
    @EnableAutoConfiguration
    static class Application {
        @Bean
        @HandoverGroup("orders")
        Words words() {
            return new Words();
        }
    }
}
