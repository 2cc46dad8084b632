package dev.handover.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.ReplicaClosedException;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.election.LeaderElection;
import dev.handover.election.zookeeper.EmbeddedZooKeeper;
import dev.handover.election.zookeeper.ZooKeeperConfigurationStore;
import dev.handover.leadership.Leadership;
import dev.handover.netty.NettyTransport;
import dev.handover.replication.HaNode;
import dev.handover.replication.InMemoryConfigurationStore;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.transport.Transport;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.context.annotation.ImportCandidates;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

class HandoverAutoConfigurationTest {
    /** Nobody listens there, and a store does not mind. */
    private static final String CONNECT = "handover.zookeeper.connect-string=127.0.0.1:1";

    @TempDir
    Path directory;

    private final ApplicationContextRunner plain =
            new ApplicationContextRunner().withConfiguration(AutoConfigurations.of(HandoverAutoConfiguration.class));
    private final ApplicationContextRunner connected = plain.withPropertyValues(CONNECT);

    private ApplicationContextRunner complete() {
        return connected.withPropertyValues(
                "handover.node-id=a",
                "handover.data-directory=" + directory,
                "handover.transport.host=127.0.0.1",
                "handover.transport.port=0");
    }

    @Test
    void shouldBeFoundBySpringBoot() {
        assertThat(ImportCandidates.load(AutoConfiguration.class, getClass().getClassLoader()))
                .contains(HandoverAutoConfiguration.class.getName());
    }

    @Test
    void shouldDoNothingWithoutConnectString() {
        plain.withPropertyValues("handover.node-id=a").run(context -> assertThat(context)
                .hasNotFailed()
                .doesNotHaveBean(HandoverProperties.class)
                .doesNotHaveBean(ConfigurationStore.class)
                .doesNotHaveBean(Transport.class)
                .doesNotHaveBean(HaNode.class));
    }

    @Test
    void shouldDoNothingWhenItIsSwitchedOff() {
        complete().withPropertyValues("handover.enabled=false").run(context -> assertThat(context)
                .hasNotFailed()
                .doesNotHaveBean(HandoverProperties.class)
                .doesNotHaveBean(HaNode.class));
    }

    @Test
    void shouldNeedNothingElseWithTheEmbeddedZooKeeper() {
        plain.withPropertyValues(
                        "handover.zookeeper.embedded=true",
                        "handover.zookeeper.data-directory=" + directory.resolve("zookeeper"),
                        "handover.data-directory=" + directory.resolve("node"))
                .withBean("orderBook", StateMachinesTest.OrderBook.class)
                .run(context -> {
                    assertThat(context).hasNotFailed().hasSingleBean(EmbeddedZooKeeper.class);
                    Memory.inSync(context.getBean(ReplicatedLog.class));
                    assertThat(context.getBean(HaNode.class).id()).isEqualTo(NodeId.of("local"));
                });
    }

    @Test
    void shouldUseTheEmbeddedZooKeeperOfTheApplication() throws Exception {
        try (EmbeddedZooKeeper own = EmbeddedZooKeeper.builder()
                .dataDirectory(directory.resolve("own"))
                .start()) {
            plain.withPropertyValues(
                            "handover.zookeeper.embedded=true", "handover.data-directory=" + directory.resolve("node"))
                    .withBean(EmbeddedZooKeeper.class, () -> own)
                    .run(context -> assertThat(context)
                            .hasNotFailed()
                            .hasSingleBean(EmbeddedZooKeeper.class)
                            .hasSingleBean(HaNode.class));
        }
    }

    @Test
    void shouldGiveAnElectionAndNoNodeWhereOnlyThatIsAskedFor() {
        plain.withPropertyValues(
                        "handover.zookeeper.embedded=true",
                        "handover.zookeeper.data-directory=" + directory.resolve("zookeeper"),
                        "handover.election.path=/jobs/billing",
                        "handover.election.candidate=me")
                .run(context -> {
                    assertThat(context).hasNotFailed().doesNotHaveBean(HaNode.class);
                    LeaderElection election = context.getBean(LeaderElection.class);
                    assertThat(election.candidate()).isEqualTo("me");
                    Await.until("leads", () -> election.current() instanceof Leadership.Leading);
                    context.stop();
                    context.start();
                    Await.until("leads again", () -> election.current() instanceof Leadership.Leading);
                });
    }

    @Test
    void shouldUseTheElectionOfTheApplication() throws Exception {
        LeaderElection own =
                LeaderElection.builder("127.0.0.1:1", "/own").candidate("own").start();
        complete()
                .withPropertyValues("handover.election.path=/jobs/billing")
                .withBean(LeaderElection.class, () -> own)
                .run(context -> assertThat(context)
                        .hasNotFailed()
                        .hasSingleBean(HaNode.class)
                        .getBean(LeaderElection.class)
                        .isSameAs(own));
        assertThat(own.current()).isNotInstanceOf(Leadership.Leading.class);
    }

    @Test
    void shouldGiveNoElectionWithoutAPath() {
        complete().run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(LeaderElection.class));
    }

    @Test
    void shouldGiveANodeThatListens() {
        complete().run(context -> {
            assertThat(context).hasNotFailed();
            assertThat(context.getBean(ConfigurationStore.class)).isInstanceOf(ZooKeeperConfigurationStore.class);
            assertThat(context.getBean(Transport.class)).isInstanceOf(NettyTransport.class);
            HaNode node = context.getBean(HaNode.class);
            assertThat(node.id()).isEqualTo(NodeId.of("a"));
            assertThat(node.address().getPort()).isPositive();
        });
    }

    @Test
    void shouldCloseTheNodeWithTheContext() {
        HaNode[] node = new HaNode[1];
        complete()
                .withUserConfiguration(Doubles.OwnStore.class)
                .run(context -> node[0] = context.getBean(HaNode.class));

        assertThatThrownBy(() -> node[0].join(GroupId.of("g"), command -> new byte[0]))
                .isInstanceOf(ReplicaClosedException.class);
    }

    @Test
    void shouldUseTheStoreOfTheApplication() {
        complete().withUserConfiguration(Doubles.OwnStore.class).run(context -> assertThat(context)
                .hasSingleBean(HaNode.class)
                .getBean(ConfigurationStore.class)
                .isNotInstanceOf(ZooKeeperConfigurationStore.class)
                .isSameAs(context.getBean("ownStore")));
    }

    @Test
    void shouldUseTheTransportOfTheApplicationAndNeedNoAddressThen() {
        connected
                .withPropertyValues("handover.node-id=a", "handover.data-directory=" + directory)
                .withUserConfiguration(Doubles.OwnTransport.class)
                .run(context -> {
                    assertThat(context).hasNotFailed().hasSingleBean(Transport.class);
                    assertThat(context.getBean(HaNode.class).address())
                            .isEqualTo(context.getBean(Transport.class).address());
                });
    }

    @Test
    void shouldUseTheNodeOfTheApplicationAndMakeNothingForIt() {
        connected
                .withUserConfiguration(OwnNode.class)
                .withPropertyValues("test.directory=" + directory)
                .run(context -> {
                    assertThat(context)
                            .hasNotFailed()
                            .hasSingleBean(HaNode.class)
                            .hasBean("ownNode");
                    // made when asked for, and nobody does
                    assertThat(context.getBeanFactory().containsSingleton("handoverConfigurationStore"))
                            .isFalse();
                    assertThat(context.getBeanFactory().containsSingleton("handoverTransport"))
                            .isFalse();
                });
    }

    @Test
    void shouldOfferStoreAndTransportToANodeOfTheApplication() {
        complete().withUserConfiguration(NodeFromOffer.class).run(context -> assertThat(context)
                .hasNotFailed()
                .getBean(HaNode.class)
                .extracting(HaNode::id)
                .isEqualTo(NodeId.of("mine")));
    }

    @Test
    void shouldSayWhichAddressIsTaken() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            complete()
                    .withPropertyValues("handover.transport.port=" + taken.getLocalPort())
                    .run(context -> assertThat(context)
                            .getFailure()
                            .hasStackTraceContaining("cannot listen on 127.0.0.1:" + taken.getLocalPort()));
        }
    }

    @Configuration(proxyBeanMethods = false)
    @Import(Doubles.OwnMemory.class)
    static class OwnNode {
        @Bean
        HaNode ownNode(InMemoryConfigurationStore memory, @Value("${test.directory}") Path directory) {
            return HaNode.builder(NodeId.of("own"))
                    .configurationStore(memory.connect())
                    .transport(NettyTransport.listen("127.0.0.1", 0))
                    .dataDirectory(directory)
                    .start();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class NodeFromOffer {
        @Bean
        HaNode mine(ConfigurationStore store, Transport transport, HandoverProperties properties) {
            return HaNode.builder(NodeId.of("mine"))
                    .configurationStore(store)
                    .transport(transport)
                    .dataDirectory(properties.requiredDataDirectory())
                    .maxCommandBytes(1024)
                    .start();
        }
    }
}
