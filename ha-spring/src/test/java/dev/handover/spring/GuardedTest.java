package dev.handover.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.guard.Guard;
import dev.handover.guard.GuardFullException;
import dev.handover.guard.GuardMetrics;
import dev.handover.guard.GuardOpenException;
import dev.handover.guard.GuardRegistry;
import io.github.resilience4j.core.IntervalFunction;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** {@link Guarded} on methods of beans, and whose guards they are. */
@Timeout(60)
class GuardedTest {
    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(HandoverGuardsAutoConfiguration.class))
            .withBean(Inventory.class);

    static class Inventory {
        final AtomicInteger calls = new AtomicInteger();
        Runnable inside = () -> {};
        Exception failure;

        @Guarded("inventory")
        public int stock() throws Exception {
            return count();
        }

        @Guarded(value = "inventory", idempotent = true)
        public int stockAgain() throws Exception {
            return count();
        }

        @Guarded(value = "inventory", control = true)
        public int control() throws Exception {
            return count();
        }

        @Guarded(value = "inventory", idempotent = true)
        public CompletableFuture<Integer> later() {
            try {
                return CompletableFuture.completedFuture(count());
            } catch (Exception e) {
                return CompletableFuture.failedFuture(e);
            }
        }

        @Guarded
        public int only() throws Exception {
            return count();
        }

        public int calls() { // the proxy's own fields are not these
            return calls.get();
        }

        public void fails(Exception with) {
            failure = with;
        }

        public void does(Runnable task) {
            inside = task;
        }

        private int count() throws Exception {
            int call = calls.incrementAndGet();
            inside.run();
            if (failure != null && call < 3) {
                throw failure;
            }
            return call;
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnGuard {
        @Bean
        Guard own(GuardRegistry registry) {
            return Guard.named("inventory")
                    .in(registry)
                    .bulkhead(1)
                    .controlReserve(1)
                    .retry(settings -> settings.maxAttempts(3).intervalFunction(IntervalFunction.of(1)))
                    .build();
        }
    }

    @Test
    void shouldMakeAGuardWithTheDefaultsWhereTheApplicationHasNone() {
        runner.run(context -> {
            assertThat(context.getBean(Inventory.class).stock()).isEqualTo(1);
            Guard guard = context.getBean(GuardRegistry.class).find("inventory").orElseThrow();
            assertThat(guard.retry()).isEmpty();
            guard.circuitBreaker().orElseThrow().transitionToForcedOpenState();
            assertThatThrownBy(() -> context.getBean(Inventory.class).stock()).isInstanceOf(GuardOpenException.class);
            assertThat(context.getBean(Inventory.class).calls()).isEqualTo(1);
        });
    }

    @Test
    void shouldUseTheApplicationsGuard() {
        runner.withUserConfiguration(OwnGuard.class).run(context -> {
            Inventory inventory = context.getBean(Inventory.class);
            assertThat(context.getBean(GuardRegistry.class).guards()).hasSize(1);
            AtomicInteger refused = new AtomicInteger();
            inventory.does(() -> {
                inventory.does(() -> {});
                assertThatThrownBy(inventory::stock).isInstanceOf(GuardFullException.class);
                refused.incrementAndGet();
                assertThat(org.assertj.core.api.Assertions.catchThrowable(inventory::control))
                        .isNull();
            });
            assertThat(inventory.stock()).isEqualTo(1);
            assertThat(refused).hasValue(1);
            assertThat(inventory.calls()).isEqualTo(2);
            assertThat(inventory.only()).isEqualTo(3);
        });
    }

    @Test
    void shouldRetryOnlyWhatIsIdempotent() {
        runner.withUserConfiguration(OwnGuard.class).run(context -> {
            Inventory inventory = context.getBean(Inventory.class);
            inventory.fails(new IOException("down"));
            assertThatThrownBy(inventory::stock).isInstanceOf(IOException.class).hasMessage("down");
            assertThat(inventory.calls()).isEqualTo(1);
            assertThat(inventory.stockAgain()).isEqualTo(3);
        });
        runner.withUserConfiguration(OwnGuard.class).run(context -> {
            Inventory inventory = context.getBean(Inventory.class);
            inventory.fails(new IOException("down"));
            assertThat(inventory.later().get(20, TimeUnit.SECONDS)).isEqualTo(3);
        });
    }

    @Test
    void shouldSayWhatIsMissingWhereNoNameIsGiven() {
        runner.run(context -> assertThatThrownBy(context.getBean(Inventory.class)::only)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("exactly one bean of type Guard, and there are 0"));
    }

    @Test
    void shouldBackOffToTheApplicationsRegistryAndToItsWish() {
        GuardRegistry own = GuardRegistry.create();
        runner.withBean(GuardRegistry.class, () -> own).run(context -> {
            context.getBean(Inventory.class).stock();
            assertThat(context).hasSingleBean(GuardRegistry.class);
            assertThat(own.find("inventory")).isPresent();
        });
        runner.withPropertyValues("handover.enabled=false")
                .run(context -> assertThat(context).doesNotHaveBean(GuardRegistry.class));
    }

    @Test
    void shouldShowMetersWhereTheirBindingIs() {
        runner.run(context -> {
            SimpleMeterRegistry meters = new SimpleMeterRegistry();
            context.getBean(GuardMetrics.class).bindTo(meters);
            context.getBean(Inventory.class).stock();
            assertThat(meters.get("resilience4j.circuitbreaker.calls")
                            .tag("name", "inventory")
                            .tag("kind", "successful")
                            .timer()
                            .count())
                    .isEqualTo(1);
        });
        new ApplicationContextRunner() // without the proxied bean, whose class another loader could not see
                .withConfiguration(AutoConfigurations.of(HandoverGuardsAutoConfiguration.class))
                .withClassLoader(new FilteredClassLoader("io.github.resilience4j.micrometer"))
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(GuardMetrics.class));
    }
}
