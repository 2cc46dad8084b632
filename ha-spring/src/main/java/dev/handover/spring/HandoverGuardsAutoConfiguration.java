package dev.handover.spring;

import dev.handover.guard.GuardMetrics;
import dev.handover.guard.GuardRegistry;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.BindableRuntimeHintsRegistrar;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.handler.NoUnboundElementsBindHandler;
import org.springframework.boot.context.properties.source.UnboundElementsSourceFilter;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.ImportRuntimeHints;
import org.springframework.context.annotation.Role;
import org.springframework.core.Ordered;
import org.springframework.core.env.Environment;

/** What {@link Guarded} does. It needs no node. */
@AutoConfiguration(before = HandoverMethodsAutoConfiguration.class)
@ConditionalOnBooleanProperty(name = "handover.enabled", matchIfMissing = true)
@ImportRuntimeHints(HandoverGuardsAutoConfiguration.Hints.class)
public final class HandoverGuardsAutoConfiguration {
    /** Called by Spring. */
    public HandoverGuardsAutoConfiguration() {}

    /** Inside of {@link LeaderOnly}, whose advice is put around later. */
    @Bean
    @Role(BeanDefinition.ROLE_INFRASTRUCTURE)
    static AnnotationAdvice handoverGuardedAdvice(ObjectProvider<GuardBeans> guards) {
        return new AnnotationAdvice(
                Guarded.class, new GuardedInterceptor(guards::getObject), true, Ordered.LOWEST_PRECEDENCE - 1);
    }

    @Bean
    @ConditionalOnMissingBean
    GuardRegistry handoverGuardRegistry() {
        return GuardRegistry.create();
    }

    @Bean
    GuardBeans handoverGuardBeans(ListableBeanFactory beans, GuardRegistry registry, Environment environment) {
        Map<String, GuardProperties> configured = Binder.get(environment)
                .bind(
                        GuardProperties.PREFIX,
                        Bindable.mapOf(String.class, GuardProperties.class),
                        new NoUnboundElementsBindHandler(BindHandler.DEFAULT, new UnboundElementsSourceFilter()))
                .orElse(Map.of());
        return new GuardBeans(beans, registry, configured);
    }

    /** The properties of guards are bound without a properties bean, since they need no node. */
    static final class Hints implements RuntimeHintsRegistrar {
        @Override
        public void registerHints(RuntimeHints hints, @Nullable ClassLoader loader) {
            BindableRuntimeHintsRegistrar.forTypes(GuardProperties.class).registerHints(hints);
        }
    }

    /** Resilience4j's meters, where the application has its binding. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(
            name = {
                "io.micrometer.core.instrument.binder.MeterBinder",
                "io.github.resilience4j.micrometer.tagged.TaggedCircuitBreakerMetrics"
            })
    static class Metrics {
        @Bean
        @ConditionalOnMissingBean
        GuardMetrics handoverGuardMetrics(GuardRegistry registry) {
            return new GuardMetrics(registry);
        }
    }
}
