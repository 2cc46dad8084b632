package dev.handover.spring;

import dev.handover.coordination.ConfigurationStore;
import dev.handover.election.LeaderElection;
import dev.handover.election.zookeeper.EmbeddedZooKeeper;
import dev.handover.election.zookeeper.ZooKeeperConfigurationStore;
import dev.handover.netty.NettyTransport;
import dev.handover.replication.HaNode;
import dev.handover.replication.StateMachine;
import dev.handover.replication.storage.StorageOptions;
import dev.handover.replication.transport.Transport;
import io.micrometer.observation.ObservationRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.availability.ApplicationAvailabilityAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.AnyNestedCondition;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.PropertyMapper;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Lazy;
import org.springframework.core.env.Environment;
import org.springframework.util.unit.DataSize;

/**
 * Gives the application a {@link HaNode}, and a {@link dev.handover.replication.ReplicatedLog} for every {@link StateMachine} bean:
 *
 * <pre>{@code
 * handover.node-id=orders-1
 * handover.data-directory=/var/lib/orders
 * handover.zookeeper.connect-string=zk1:2181,zk2:2181,zk3:2181
 * handover.transport.host=10.0.0.1
 * handover.transport.port=7101
 * }</pre>
 *
 * <pre>{@code
 * @Component
 * @HandoverGroup("orders")
 * class OrderBook implements StateMachine { ... }
 * }</pre>
 *
 * <p>Only when {@code handover.zookeeper.connect-string} is set, or {@code handover.zookeeper.embedded=true} for development, or the application brings a {@link ConfigurationStore} or a {@code HaNode}. Each bean
 * gives way to one of the application's. The node listens, and announces itself, when its bean is made; groups are joined when the application is ready, and handed over before
 * anything else stops. The node is closed with the context, after the beans that depend on it, and closes store and transport, whoever made them.
 */
@AutoConfiguration(after = {ApplicationAvailabilityAutoConfiguration.class, SslAutoConfiguration.class})
@ConditionalOnBooleanProperty(name = "handover.enabled", matchIfMissing = true)
@Conditional(HandoverAutoConfiguration.OnCoordination.class)
@EnableConfigurationProperties(HandoverProperties.class)
public final class HandoverAutoConfiguration {
    private static final Duration EMBEDDED_START = Duration.ofSeconds(30);

    /** Called by Spring. */
    public HandoverAutoConfiguration() {}

    @Bean
    static ReplicatedLogRegistrar handoverReplicatedLogRegistrar(Environment environment) {
        return new ReplicatedLogRegistrar(environment);
    }

    @Bean
    @ConditionalOnMissingBean
    @ConditionalOnBooleanProperty("handover.zookeeper.embedded")
    EmbeddedZooKeeper handoverZooKeeper(HandoverProperties properties)
            throws IOException, InterruptedException, TimeoutException {
        HandoverProperties.Zookeeper settings = properties.zookeeper();
        EmbeddedZooKeeper zooKeeper = EmbeddedZooKeeper.builder()
                .dataDirectory(settings.directory())
                .clientAddress("127.0.0.1", settings.port() == null ? 0 : settings.port())
                .start();
        try {
            zooKeeper.awaitServing(EMBEDDED_START);
            return zooKeeper;
        } catch (IOException | InterruptedException | TimeoutException | RuntimeException e) {
            zooKeeper.close();
            throw e;
        }
    }

    @Bean
    @Lazy // made for those that connect, if a bundle is named
    ZooKeeperBundle handoverZooKeeperBundle(HandoverProperties properties, ObjectProvider<SslBundles> bundles)
            throws IOException {
        String name = String.valueOf(properties.zookeeper().ssl().bundle());
        return new ZooKeeperBundle(
                NamedBundle.of(ZooKeeperBundle.KEY, name, bundles.getIfAvailable()), Duration.ofHours(1));
    }

    @Bean
    @Lazy // an application with a HaNode of its own may need none, and none is to connect then
    @ConditionalOnMissingBean
    ConfigurationStore handoverConfigurationStore(
            HandoverProperties properties,
            ObjectProvider<EmbeddedZooKeeper> embedded,
            ObjectProvider<ZooKeeperBundle> bundle) {
        ZooKeeperConfigurationStore.Builder builder =
                ZooKeeperConfigurationStore.builder(connectString(properties, embedded));
        PropertyMapper map = PropertyMapper.get();
        map.from(properties::cluster).to(builder::cluster);
        map.from(properties.zookeeper()::sessionTimeout).to(builder::sessionTimeout);
        map.from(properties.zookeeper().ssl()::bundle)
                .to(name -> builder.tls(bundle.getObject().tls()));
        return checked("handover.zookeeper.connect-string", builder::build);
    }

    @Bean
    @Lazy // as above
    @ConditionalOnMissingBean
    Transport handoverTransport(HandoverProperties properties, ObjectProvider<SslBundles> bundles) {
        HandoverProperties.Transport transport = properties.transport();
        boolean development = properties.zookeeper().embedded();
        NettyTransport.Builder builder =
                NettyTransport.builder(transport.requiredHost(development), transport.requiredPort(development));
        String advertisedHost = transport.advertisedHost();
        Integer advertisedPort = transport.advertisedPort();
        if (advertisedHost != null) {
            builder.advertisedAddress(advertisedHost, advertisedPort == null ? 0 : advertisedPort);
        }
        PropertyMapper.get()
                .from(transport::maxFrameSize)
                .as(HandoverAutoConfiguration::intBytes)
                .to(builder::maxFrameBytes);
        String bundle = properties.ssl().bundle();
        if (bundle == null) {
            return checked("handover.transport.host", builder::build);
        }
        TransportTls tls = new TransportTls(bundle, bundles.getIfAvailable());
        builder.tls(tls.options());
        NettyTransport made = checked("handover.transport.host", builder::build);
        tls.renew(made);
        return made;
    }

    @Bean
    @Conditional(OnNodeWanted.class)
    @ConditionalOnMissingBean
    HaNode handoverNode(HandoverProperties properties, ConfigurationStore store, Transport transport) {
        HaNode.Builder builder = HaNode.builder(properties.requiredNodeId())
                .dataDirectory(properties.requiredDataDirectory())
                .configurationStore(store)
                .transport(transport);
        settings(properties, builder);
        try {
            return checked("handover", builder::start);
        } catch (UncheckedIOException e) {
            throw new InvalidPropertyException(
                    "handover.transport.port",
                    e,
                    "Choose a free port, and in handover.transport.host an address of this host; or stop who has the port.");
        }
    }

    @Bean
    @Lazy // stands when the application is ready
    @ConditionalOnProperty("handover.election.path")
    @ConditionalOnMissingBean
    LeaderElection handoverElection(
            HandoverProperties properties,
            ObjectProvider<EmbeddedZooKeeper> embedded,
            ObjectProvider<ZooKeeperBundle> zooKeeperBundle,
            ObjectProvider<SslBundles> bundles)
            throws IOException {
        HandoverProperties.Election settings = properties.election();
        LeaderElection.Builder builder = checked(
                "handover.election.path",
                () -> LeaderElection.builder(connectString(properties, embedded), String.valueOf(settings.path())));
        PropertyMapper map = PropertyMapper.get();
        map.from(settings::fastTakeOverAddress)
                .to(address -> checked("handover.election.fast-take-over", () -> {
                    String bundle = properties.ssl().bundle();
                    return bundle == null
                            ? builder.fastTakeOver(address)
                            : builder.fastTakeOver(
                                    address, new TransportTls(bundle, bundles.getIfAvailable()).contexts());
                }));
        map.from(properties.zookeeper()::sessionTimeout)
                .to(timeout -> checked("handover.zookeeper.session-timeout", () -> builder.sessionTimeout(timeout)));
        map.from(properties.zookeeper().ssl()::bundle)
                .to(name -> builder.tls(zooKeeperBundle.getObject().tls()));
        String candidate = settings.candidate();
        checked(
                "handover.election.candidate",
                () -> builder.candidate(
                        candidate != null
                                ? candidate
                                : properties.requiredNodeId().value()));
        return builder.priority(settings.priority()).zone(settings.zone()).start();
    }

    @Bean
    LogObservations handoverLogObservations(
            ObjectProvider<ObservationRegistry> registry, HandoverProperties properties) {
        return new LogObservations(registry, properties.tracing().propagate());
    }

    @Bean
    HandoverLifecycle handoverLifecycle(
            ApplicationContext context,
            HandoverProperties properties,
            ObjectProvider<ManagedLog> logs,
            ObjectProvider<LeaderElection> elections) {
        return new HandoverLifecycle(context, properties, logs, elections);
    }

    @Bean
    @ConditionalOnBean(ApplicationAvailability.class)
    @ConditionalOnBooleanProperty(name = "handover.readiness", matchIfMissing = true)
    ReadinessGate handoverReadinessGate(
            ApplicationContext context,
            ApplicationAvailability availability,
            ObjectProvider<ManagedLog> logs,
            HandoverProperties properties) {
        return new ReadinessGate(context, availability, logs, properties);
    }

    /** What the properties say, but who the node is and where. */
    static void settings(HandoverProperties properties, HaNode.Builder builder) {
        PropertyMapper map = PropertyMapper.get();
        map.from(properties::cluster).to(builder::cluster);
        map.from(properties::commandTimeout).to(builder::commandTimeout);
        map.from(properties::sessionTimeout).to(builder::sessionTimeout);
        map.from(properties::drainTimeout).to(builder::drainTimeout);
        map.from(properties::failureTimeout).to(builder::failureTimeout);
        map.from(properties::heartbeat).to(builder::heartbeat);
        map.from(properties::minInSync).to(builder::minInSync);
        map.from(properties::learner).to(builder::learner);
        map.from(properties::readLeases).to(builder::readLeases);
        map.from(properties::maxFeatureLevel).to(builder::maxFeatureLevel);
        map.from(properties::maxCommandSize)
                .as(HandoverAutoConfiguration::intBytes)
                .to(builder::maxCommandBytes);
        map.from(properties::maxPendingCommands).to(builder::maxPendingCommands);
        map.from(properties::maxPendingSize).as(DataSize::toBytes).to(builder::maxPendingBytes);
        map.from(properties::snapshotSize).as(DataSize::toBytes).to(builder::snapshotBytes);
        map.from(properties::snapshotInterval).to(builder::snapshotInterval);
        builder.storage(checked("handover.storage", () -> storage(properties.storage())));
    }

    private static String connectString(HandoverProperties properties, ObjectProvider<EmbeddedZooKeeper> embedded) {
        EmbeddedZooKeeper zooKeeper = embedded.getIfAvailable();
        return zooKeeper != null
                ? zooKeeper.connectString()
                : properties.zookeeper().requiredConnectString();
    }

    private static StorageOptions storage(HandoverProperties.Storage settings) {
        StorageOptions options = StorageOptions.defaults();
        if (settings.segmentSize() != null) {
            options = options.withSegmentBytes(settings.segmentSize().toBytes());
        }
        return settings.reserve() == null
                ? options
                : options.withReserveBytes(settings.reserve().toBytes());
    }

    private static int intBytes(DataSize size) {
        return Math.toIntExact(size.toBytes());
    }

    /** The builders check what they are given; what they object to came from a property. */
    private static <T> T checked(String key, Supplier<T> build) {
        return PropertyNames.checked(key, PropertyNames.NODE, build);
    }

    /** There is a place where the groups' configurations are kept. */
    static final class OnCoordination extends AnyNestedCondition {
        OnCoordination() {
            super(ConfigurationPhase.REGISTER_BEAN);
        }

        @ConditionalOnProperty("handover.zookeeper.connect-string")
        static final class Connected {}

        @ConditionalOnBooleanProperty("handover.zookeeper.embedded")
        static final class Embedded {}

        @ConditionalOnBean(ConfigurationStore.class)
        static final class OwnStore {}

        @ConditionalOnBean(HaNode.class)
        static final class OwnNode {}
    }

    /** Who asks for an election only needs no node: no state machine, and no directory for logs. */
    static final class OnNodeWanted extends AnyNestedCondition {
        OnNodeWanted() {
            super(ConfigurationPhase.REGISTER_BEAN);
        }

        @ConditionalOnBean(StateMachine.class)
        static final class StateMachines {}

        @ConditionalOnProperty("handover.data-directory")
        static final class Directory {}

        @ConditionalOnProperty(name = "handover.election.path", matchIfMissing = true, havingValue = "false")
        static final class NoElection {}
    }
}
