package dev.handover.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.springframework.aot.hint.predicate.RuntimeHintsPredicates.reflection;
import static org.springframework.aot.hint.predicate.RuntimeHintsPredicates.resource;

import dev.handover.coordination.ConfigurationStore;
import dev.handover.fencing.InMemoryFence;
import dev.handover.ops.OpsPage;
import dev.handover.replication.InMemoryConfigurationStore;
import dev.handover.replication.InMemoryNetwork;
import dev.handover.replication.StateMachine;
import dev.handover.replication.transport.Transport;
import java.lang.reflect.Constructor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.aot.generate.ClassNameGenerator;
import org.springframework.aot.generate.DefaultGenerationContext;
import org.springframework.aot.generate.GeneratedFiles.Kind;
import org.springframework.aot.generate.InMemoryGeneratedFiles;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.aot.ApplicationContextAotGenerator;
import org.springframework.javapoet.ClassName;

/** What ahead-of-time processing makes of an application with all of the starter; {@code spring-orders} runs with the result of its own. */
@Timeout(60)
class AotTest {
    private static final InMemoryGeneratedFiles FILES = new InMemoryGeneratedFiles();
    private static RuntimeHints hints = new RuntimeHints();

    /** Once: proxies that a class loader has already are not made again. */
    @BeforeAll
    static void process() {
        try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
            TestPropertyValues.of(
                            "handover.node-id=a",
                            "handover.data-directory=unused",
                            "handover.guards.inventory.retry.max-attempts=3",
                            "management.endpoints.web.exposure.include=handover")
                    .applyTo(context);
            context.register(Application.class);
            DefaultGenerationContext generation =
                    new DefaultGenerationContext(new ClassNameGenerator(ClassName.get(AotTest.class)), FILES);
            new ApplicationContextAotGenerator().processAheadOfTime(context, generation);
            generation.writeGeneratedContent();
            hints = generation.getRuntimeHints();
        }
    }

    @Test
    void shouldTakeTheOperationsPageAlong() {
        assertThat(resource().forResource(OpsPage.RESOURCE.substring(1)).test(hints))
                .isTrue();
        assertThat(resource().forResource("dev/handover/ops/other.html").test(hints))
                .isFalse();
    }

    @Test
    void shouldBindPropertiesOfNodesAndGuards() {
        List<String> missing = new ArrayList<>();
        for (Class<?> properties : List.of(HandoverProperties.class, GuardProperties.class)) {
            constructor(properties, missing);
            for (Class<?> nested : properties.getDeclaredClasses()) {
                if (nested.isRecord()) {
                    constructor(nested, missing);
                }
            }
        }
        assertThat(missing).as("what the binder could not make").isEmpty();
    }

    private static void constructor(Class<?> type, List<String> missing) {
        for (Constructor<?> constructor : type.getDeclaredConstructors()) {
            if (!reflection().onConstructorInvocation(constructor).test(hints)) {
                missing.add(constructor.toString());
            }
        }
    }

    @Test
    void shouldMakeProxiesAtBuildTimeAndCallTheMethodsBehindAnnotations() {
        for (Class<?> bean : List.of(Jobs.class, Stock.class, Shelf.class)) {
            assertThat(FILES.getGeneratedFiles(Kind.CLASS).keySet())
                    .as("proxy of %s", bean.getSimpleName())
                    .anyMatch(file -> file.endsWith("AotTest$" + bean.getSimpleName() + "$$SpringCGLIB$$0.class"));
        }
        assertThat(reflection().onMethodInvocation(Jobs.class, "bill").test(hints))
                .as("@LeaderOnly")
                .isTrue();
        assertThat(reflection().onMethodInvocation(Stock.class, "left").test(hints))
                .as("@Guarded")
                .isTrue();
        assertThat(reflection().onMethodInvocation(Shelf.class, "put").test(hints))
                .as("@Fenced")
                .isTrue();
    }

    @Test
    void shouldDefineTheLogsAtBuildTime() {
        assertThat(FILES.getGeneratedFiles(Kind.SOURCE).keySet())
                .as("the log of the group's state machine")
                .anyMatch(file -> file.endsWith("ManagedLog__BeanDefinitions.java"));
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({
        HandoverAutoConfiguration.class,
        HandoverActuatorAutoConfiguration.class,
        HandoverGuardsAutoConfiguration.class,
        HandoverMethodsAutoConfiguration.class
    })
    static class Application {
        @Bean
        @HandoverGroup("orders")
        StateMachine book() {
            return new Words();
        }

        @Bean
        ConfigurationStore store() {
            return new InMemoryConfigurationStore().connect();
        }

        @Bean
        Transport transport() {
            return new InMemoryNetwork().transport();
        }

        @Bean
        InMemoryFence shelfFence() {
            return new InMemoryFence("shelf", Duration.ofSeconds(1));
        }

        @Bean
        Jobs jobs() {
            return new Jobs();
        }

        @Bean
        Stock stock() {
            return new Stock();
        }

        @Bean
        Shelf shelf() {
            return new Shelf();
        }
    }

    static class Jobs {
        @LeaderOnly("orders")
        public void bill(@Epoch long epoch) {}
    }

    static class Stock {
        @Guarded("inventory")
        public int left() {
            return 1;
        }
    }

    static class Shelf {
        @Fenced("shelfFence")
        public void put(@Epoch long epoch) {}
    }
}
