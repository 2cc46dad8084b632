package dev.handover.spring;

import dev.handover.metrics.HandoverMetrics;
import dev.handover.ops.OpsModel;
import dev.handover.ops.OpsPage;
import dev.handover.replication.HaNode;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.observation.ObservationRegistry;
import org.jspecify.annotations.Nullable;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.EndpointAccessResolver;
import org.springframework.boot.actuate.endpoint.EndpointId;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.ImportRuntimeHints;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/** What operators and load balancers see: metrics, health, the actuator endpoint {@code handover}. Each part only where the application has what it is for. */
@AutoConfiguration(
        after = HandoverAutoConfiguration.class,
        afterName = "org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration")
@ConditionalOnBean({HandoverProperties.class, HaNode.class})
@ImportRuntimeHints(HandoverActuatorAutoConfiguration.Hints.class)
public final class HandoverActuatorAutoConfiguration {
    /** Called by Spring. */
    public HandoverActuatorAutoConfiguration() {}

    /** The operations page is a resource. */
    static final class Hints implements RuntimeHintsRegistrar {
        @Override
        public void registerHints(RuntimeHints hints, @Nullable ClassLoader loader) {
            hints.resources().registerPattern(OpsPage.RESOURCE.substring(1));
        }
    }

    /** Of Micrometer; the application's registries bind and close it. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(MeterRegistry.class)
    static class Metrics {
        @Bean
        @ConditionalOnMissingBean
        HandoverMetrics handoverMetrics(HaNode node) {
            return new HandoverMetrics(node);
        }

        @Bean
        ObservedMeters handoverObservedMeters(ObjectProvider<MeterRegistry> registries) {
            return new ObservedMeters(registries);
        }
    }

    /** Of take-overs, transfers and blue-green switches. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnBean(ObservationRegistry.class)
    static class Observations {
        @Bean
        NodeObservations handoverNodeObservations(HaNode node, ObservationRegistry registry) {
            return new NodeObservations(node, registry);
        }
    }

    /** What health and endpoint show. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(Endpoint.class)
    static class Model {
        @Bean
        @ConditionalOnMissingBean
        OpsModel handoverOpsModel(HaNode node) {
            return OpsModel.of(node);
        }

        @Bean
        OperationsShown handoverOperationsShown(OpsModel model, ListableBeanFactory beans) {
            return new OperationsShown(model, beans);
        }

        @Bean
        GuardsShown handoverGuardsShown(OpsModel model, ListableBeanFactory beans) {
            return new GuardsShown(model, beans);
        }

        @Bean
        @ConditionalOnAvailableEndpoint(HandoverEndpoint.class)
        HandoverEndpoint handoverEndpoint(
                OpsModel model, ObjectProvider<EndpointAccessResolver> resolver, ObjectProvider<PageEvents> events) {
            EndpointAccessResolver access = resolver.getIfAvailable(); // none without Spring Boot's own endpoints
            boolean acts = access != null
                    && access.accessFor(EndpointId.of("handover"), Access.READ_ONLY) == Access.UNRESTRICTED;
            return new HandoverEndpoint(model, acts, events);
        }
    }

    /** Where it is Spring MVC that serves the endpoint. Elsewhere the page asks. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass({Endpoint.class, SseEmitter.class})
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
    static class Events {
        @Bean
        PageEvents handoverPageEvents(OpsModel model) {
            return new PageEvents(model);
        }
    }

    /** Contributors and groups. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass({HealthContributor.class, Endpoint.class})
    static class GroupHealth {
        @Bean
        @ConditionalOnEnabledHealthIndicator("handover")
        @ConditionalOnMissingBean(name = "handoverHealthContributor")
        GroupsHealth handoverHealthContributor(HaNode node) {
            return new GroupsHealth(node);
        }

        @Bean
        @ConditionalOnEnabledHealthIndicator("handover")
        AnswersHealth handoverLeaderHealthContributor(HaNode node, OpsModel model) {
            return new AnswersHealth(node, group -> model.health().leader(group));
        }

        @Bean
        @ConditionalOnEnabledHealthIndicator("handover")
        AnswersHealth handoverInSyncHealthContributor(HaNode node, OpsModel model) {
            return new AnswersHealth(node, group -> model.health().inSync(group, -1));
        }

        @Bean
        static LoadBalancerGroups handoverLoadBalancerGroups() {
            return new LoadBalancerGroups();
        }
    }
}
