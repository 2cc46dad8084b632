package dev.handover.spring;

import dev.handover.coordination.ConfigurationStore;
import dev.handover.replication.transport.Transport;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.BeanDefinitionCustomizer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.MapPropertySource;
import org.springframework.test.context.ContextConfigurationAttributes;
import org.springframework.test.context.ContextCustomizer;
import org.springframework.test.context.ContextCustomizerFactory;
import org.springframework.test.context.MergedContextConfiguration;
import org.springframework.test.context.TestContextAnnotationUtils;

/** Puts the cluster of a {@link HandoverTest} into its context, before the auto-configuration looks what is there. */
final class HandoverTestCustomizers implements ContextCustomizerFactory {
    HandoverTestCustomizers() {}

    @Override
    public @Nullable ContextCustomizer createContextCustomizer(
            Class<?> testClass, List<ContextConfigurationAttributes> attributes) {
        HandoverTest test = TestContextAnnotationUtils.findMergedAnnotation(testClass, HandoverTest.class);
        return test == null ? null : new Customizer(test.peers());
    }

    /** Equal ones share a context. */
    private record Customizer(int peers) implements ContextCustomizer {
        @Override
        public void customizeContext(ConfigurableApplicationContext context, MergedContextConfiguration merged) {
            if (!(context instanceof GenericApplicationContext beans)) {
                throw new IllegalStateException("@HandoverTest needs a GenericApplicationContext, not " + context);
            }
            HandoverCluster cluster = new HandoverCluster(peers, beans);
            context.getEnvironment()
                    .getPropertySources()
                    .addFirst(new MapPropertySource(
                            "handover-test",
                            Map.of(
                                    "handover.enabled",
                                    true,
                                    "handover.node-id",
                                    HandoverCluster.APPLICATION,
                                    "handover.data-directory",
                                    cluster.directory(HandoverCluster.APPLICATION),
                                    "handover.zookeeper.embedded",
                                    false)));
            beans.registerBean("handoverCluster", HandoverCluster.class, () -> cluster);
            BeanDefinitionCustomizer afterCluster = definition -> definition.setDependsOn("handoverCluster");
            beans.registerBean(
                    "handoverTestStore",
                    ConfigurationStore.class,
                    () -> cluster.connect(HandoverCluster.APPLICATION),
                    afterCluster);
            beans.registerBean(
                    "handoverTestTransport",
                    Transport.class,
                    () -> cluster.transport(HandoverCluster.APPLICATION),
                    afterCluster);
        }
    }
}
