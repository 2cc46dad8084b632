package dev.handover.spring;

import dev.handover.coordination.ConfigurationStore;
import dev.handover.election.zookeeper.ZooKeeperConfigurationStore;
import dev.handover.netty.NettyTransport;
import dev.handover.replication.HaNode;
import dev.handover.replication.transport.Transport;
import java.util.function.Supplier;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.PropertyMapper;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Lazy;

/**
 * Gives the application a {@link HaNode}, which it joins groups with:
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
 * @Bean
 * ReplicatedLog orders(HaNode node, OrderBook book) {
 *     return node.join(GroupId.of("orders"), book);
 * }
 * }</pre>
 *
 * <p>Only when {@code handover.zookeeper.connect-string} is set. Each of the three beans gives way to one of the application's. The node listens, and announces
 * itself, when its bean is made; it is closed with the context, after the beans that depend on it, and closes store and transport, whoever made them.
 */
@AutoConfiguration
@ConditionalOnProperty("handover.zookeeper.connect-string")
@EnableConfigurationProperties(HandoverProperties.class)
public final class HandoverAutoConfiguration {
    /** Called by Spring. */
    public HandoverAutoConfiguration() {}

    @Bean
    @Lazy // an application with a HaNode of its own may need none, and none is to connect then
    @ConditionalOnMissingBean
    ConfigurationStore handoverConfigurationStore(HandoverProperties properties) {
        ZooKeeperConfigurationStore.Builder builder =
                ZooKeeperConfigurationStore.builder(properties.zookeeper().requiredConnectString());
        if (properties.cluster() != null) {
            builder.cluster(properties.cluster());
        }
        return checked("handover.zookeeper.connect-string", builder::build);
    }

    @Bean
    @Lazy // as above
    @ConditionalOnMissingBean
    Transport handoverTransport(HandoverProperties properties) {
        HandoverProperties.Transport transport = properties.transport();
        NettyTransport.Builder builder = NettyTransport.builder(transport.requiredHost(), transport.requiredPort());
        String advertisedHost = transport.advertisedHost();
        Integer advertisedPort = transport.advertisedPort();
        if (advertisedHost != null) {
            builder.advertisedAddress(advertisedHost, advertisedPort == null ? 0 : advertisedPort);
        }
        return checked("handover.transport.host", builder::build);
    }

    @Bean
    @ConditionalOnMissingBean
    HaNode handoverNode(HandoverProperties properties, ConfigurationStore store, Transport transport) {
        HaNode.Builder builder = HaNode.builder(properties.requiredNodeId())
                .dataDirectory(properties.requiredDataDirectory())
                .configurationStore(store)
                .transport(transport);
        PropertyMapper map = PropertyMapper.get();
        map.from(properties::cluster).to(builder::cluster);
        map.from(properties::commandTimeout).to(builder::commandTimeout);
        map.from(properties::failureTimeout).to(builder::failureTimeout);
        map.from(properties::minInSync).to(builder::minInSync);
        return checked("handover", builder::start);
    }

    /** The builders check what they are given; what they object to came from a property. */
    private static <T> T checked(String key, Supplier<T> build) {
        try {
            return build.get();
        } catch (IllegalArgumentException e) {
            throw new InvalidPropertyException(key, e);
        }
    }
}
