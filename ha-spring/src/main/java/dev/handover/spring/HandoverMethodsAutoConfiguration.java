package dev.handover.spring;

import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingClass;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Role;
import org.springframework.core.Ordered;

/** What {@link LeaderOnly} and {@link Fenced} do. The order, from the outside: leadership, everything else (a transaction, say), fence, method. */
@AutoConfiguration(after = HandoverAutoConfiguration.class)
@ConditionalOnBean(HandoverProperties.class)
public final class HandoverMethodsAutoConfiguration {
    /** Called by Spring. */
    public HandoverMethodsAutoConfiguration() {}

    @Bean
    static LeaderOnlyScheduling.Replacement handoverScheduling() {
        return new LeaderOnlyScheduling.Replacement();
    }

    @Bean
    @Role(BeanDefinition.ROLE_INFRASTRUCTURE)
    static AnnotationAdvice handoverLeaderOnlyAdvice(
            ObjectProvider<LeadershipSources> sources, ObjectProvider<LeaderOnlyInterceptor.Counts> counts) {
        return new AnnotationAdvice(
                LeaderOnly.class,
                new LeaderOnlyInterceptor(sources::getObject, counts::getObject),
                true,
                Ordered.LOWEST_PRECEDENCE);
    }

    @Bean
    @Role(BeanDefinition.ROLE_INFRASTRUCTURE)
    static AnnotationAdvice handoverFencedAdvice(BeanFactory beans) {
        return new AnnotationAdvice(Fenced.class, new FencedInterceptor(beans), false, Ordered.LOWEST_PRECEDENCE);
    }

    @Bean
    LeadershipSources handoverLeadershipSources(ListableBeanFactory beans) {
        return new LeadershipSources(beans);
    }

    /** Counts in the application's registry, if it has one. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(MeterRegistry.class)
    static class Counted {
        @Bean
        LeaderOnlyInterceptor.Counts handoverLeaderOnlyMeters(ObjectProvider<MeterRegistry> registry) {
            return new LeaderOnlyMeters(registry);
        }
    }

    /** Without Micrometer. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnMissingClass("io.micrometer.core.instrument.MeterRegistry")
    static class Uncounted {
        @Bean
        LeaderOnlyInterceptor.Counts handoverNoMeters() {
            return (name, method, ran) -> {};
        }
    }
}
