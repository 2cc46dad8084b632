package dev.handover.spring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.NodeId;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.election.LeaderElection;
import dev.handover.election.zookeeper.EmbeddedZooKeeper;
import dev.handover.guard.GuardMetrics;
import dev.handover.guard.GuardRegistry;
import dev.handover.metrics.HandoverMetrics;
import dev.handover.ops.OpsModel;
import dev.handover.replication.HaNode;
import dev.handover.replication.transport.Transport;
import io.micrometer.observation.ObservationRegistry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.availability.ApplicationAvailabilityAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionEvaluationReport;
import org.springframework.boot.autoconfigure.condition.ConditionEvaluationReport.ConditionAndOutcome;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.web.context.servlet.AnnotationConfigServletWebApplicationContext;
import org.springframework.context.support.GenericApplicationContext;

/** Every condition of the starter is seen to hold and not to hold, as Spring Boot's own report of them says. */
@Timeout(120)
class ConditionsTest {
    @TempDir
    Path directory;

    private Memory memory;
    /** Where the condition is, and which; whether it held. */
    private final Map<String, Set<Boolean>> outcomes = new TreeMap<>();

    @BeforeEach
    void begin() {
        memory = new Memory(directory);
    }

    @AfterEach
    void end() {
        memory.close();
    }

    private static ApplicationContextRunner plain() {
        return plain(new ApplicationContextRunner());
    }

    private static ApplicationContextRunner plain(ApplicationContextRunner runner) {
        return runner.withConfiguration(AutoConfigurations.of(
                HandoverAutoConfiguration.class,
                HandoverActuatorAutoConfiguration.class,
                HandoverGuardsAutoConfiguration.class,
                HandoverMethodsAutoConfiguration.class));
    }

    /** With a node, and all that the starter has for it. */
    private ApplicationContextRunner full(String node) {
        return full(plain(), node);
    }

    private ApplicationContextRunner full(ApplicationContextRunner plain, String node) {
        return plain.withConfiguration(AutoConfigurations.of(ApplicationAvailabilityAutoConfiguration.class))
                .withBean("store", ConfigurationStore.class, memory.store::connect)
                .withBean("transport", Transport.class, memory.network::transport)
                .withBean(ObservationRegistry.class, ObservationRegistry::create)
                .withPropertyValues(
                        "handover.node-id=" + node,
                        "handover.data-directory=" + directory.resolve(node),
                        "management.endpoints.web.exposure.include=handover");
    }

    private void record(AssertableApplicationContext context) {
        assertThat(context).hasNotFailed();
        ConditionEvaluationReport.get(context.getSourceApplicationContext().getBeanFactory())
                .getConditionAndOutcomesBySource()
                .forEach((source, all) -> {
                    if (source.startsWith("dev.handover.")) {
                        for (ConditionAndOutcome one : all) {
                            if (one.getCondition().getClass().getSimpleName().equals("AncestorsMatchedCondition")) {
                                continue; // not a condition: says that one of the enclosing class did not hold
                            }
                            outcomes.computeIfAbsent(
                                            source + " "
                                                    + one.getCondition()
                                                            .getClass()
                                                            .getSimpleName(),
                                            key -> new TreeSet<>())
                                    .add(one.getOutcome().isMatch());
                        }
                    }
                });
    }

    @Test
    void shouldSeeBothSidesOfEveryCondition() throws Exception {
        full("a").withBean("orderBook", StateMachinesTest.OrderBook.class).run(context -> {
            record(context);
            assertThat(context)
                    .hasSingleBean(HaNode.class)
                    .hasSingleBean(OpsModel.class)
                    .hasSingleBean(HandoverEndpoint.class)
                    .hasSingleBean(GroupsHealth.class)
                    .hasBean("handoverLeaderHealthContributor")
                    .hasBean("handoverInSyncHealthContributor")
                    .hasSingleBean(HandoverMetrics.class)
                    .hasSingleBean(NodeObservations.class)
                    .hasSingleBean(GuardMetrics.class)
                    .hasSingleBean(ReadinessGate.class)
                    .hasBean("handoverLeaderOnlyMeters")
                    .doesNotHaveBean(PageEvents.class)
                    .doesNotHaveBean(LeaderElection.class)
                    .doesNotHaveBean(EmbeddedZooKeeper.class);
        });
        plain().run(context -> {
            record(context);
            assertThat(context)
                    .doesNotHaveBean(HandoverProperties.class)
                    .doesNotHaveBean(HaNode.class)
                    .doesNotHaveBean(LeadershipSources.class)
                    .hasSingleBean(GuardRegistry.class);
        });
        full("b").withPropertyValues("handover.enabled=false").run(context -> {
            record(context);
            assertThat(context)
                    .doesNotHaveBean(HandoverProperties.class)
                    .doesNotHaveBean(HaNode.class)
                    .doesNotHaveBean(GuardRegistry.class)
                    .doesNotHaveBean(OpsModel.class);
        });
        plain().withPropertyValues(
                        "handover.zookeeper.embedded=true",
                        "handover.zookeeper.data-directory=" + directory.resolve("zookeeper"),
                        "handover.election.path=/jobs/billing",
                        "handover.election.candidate=me")
                .run(context -> {
                    record(context);
                    assertThat(context)
                            .as("only an election")
                            .hasSingleBean(EmbeddedZooKeeper.class)
                            .hasSingleBean(LeaderElection.class)
                            .doesNotHaveBean(HaNode.class)
                            .doesNotHaveBean(OpsModel.class)
                            .doesNotHaveBean(ReadinessGate.class)
                            .doesNotHaveBean(NodeObservations.class);
                });
        full("c")
                .withClassLoader(new FilteredClassLoader(
                        "org.springframework.boot.actuate", "org.springframework.boot.health", "io.micrometer.core"))
                .withPropertyValues("handover.readiness=false")
                .run(context -> {
                    record(context);
                    assertThat(context)
                            .hasSingleBean(HaNode.class)
                            .doesNotHaveBean(OpsModel.class)
                            .doesNotHaveBean(HandoverMetrics.class)
                            .doesNotHaveBean(GuardMetrics.class)
                            .doesNotHaveBean(ReadinessGate.class)
                            .hasBean("handoverNoMeters");
                });
        full("d").withPropertyValues("management.health.handover.enabled=false").run(context -> {
            record(context);
            assertThat(context)
                    .hasSingleBean(OpsModel.class)
                    .doesNotHaveBean(GroupsHealth.class)
                    .doesNotHaveBean(AnswersHealth.class);
        });
        full(plain(new ApplicationContextRunner(AnnotationConfigServletWebApplicationContext::new)), "e")
                .run(context -> {
                    record(context);
                    assertThat(context).hasSingleBean(PageEvents.class);
                });
        try (EmbeddedZooKeeper own = EmbeddedZooKeeper.builder()
                .dataDirectory(directory.resolve("own"))
                .start()) {
            giveWay(own);
        }
        assertThat(outcomes).as("conditions that were looked at").hasSizeGreaterThan(25);
        Set<Boolean> both = Set.of(true, false);
        Map<String, Set<Boolean>> oneSided = new HashMap<>(outcomes);
        oneSided.values().removeIf(both::equals);
        assertThat(oneSided)
                .as("conditions of which one side is not tried here")
                .isEmpty();
    }

    /** To everything of which the application has its own. */
    private void giveWay(EmbeddedZooKeeper own) throws Exception {
        HandoverMetrics[] metrics = new HandoverMetrics[1];
        LeaderElection election =
                LeaderElection.builder("127.0.0.1:1", "/own").candidate("own").start();
        HealthIndicator health = () -> Health.up().build();
        plain().withPropertyValues(
                        "handover.zookeeper.embedded=true",
                        "handover.election.path=/jobs/billing",
                        "handover.data-directory=" + directory.resolve("offered"))
                .withBean(EmbeddedZooKeeper.class, () -> own)
                .withBean("ownStore", ConfigurationStore.class, memory.store::connect)
                .withBean("ownTransport", Transport.class, memory.network::transport)
                .withBean("ownElection", LeaderElection.class, () -> election)
                .withBean("ownRegistry", GuardRegistry.class, GuardRegistry::create)
                .withBean("ownGuardMetrics", GuardMetrics.class, () -> new GuardMetrics(GuardRegistry.create()))
                .withBean("handoverHealthContributor", HealthIndicator.class, () -> health)
                .withInitializer(context -> {
                    GenericApplicationContext beans = (GenericApplicationContext) context;
                    beans.registerBean("ownNode", HaNode.class, () -> HaNode.builder(NodeId.of("own"))
                            .configurationStore(beans.getBean(ConfigurationStore.class))
                            .transport(beans.getBean(Transport.class))
                            .dataDirectory(directory.resolve("node"))
                            .start());
                    beans.registerBean("ownModel", OpsModel.class, () -> OpsModel.of(beans.getBean(HaNode.class)));
                    beans.registerBean(
                            "ownMetrics",
                            HandoverMetrics.class,
                            () -> metrics[0] = new HandoverMetrics(beans.getBean(HaNode.class)));
                })
                .run(context -> {
                    record(context);
                    List<String> names = new ArrayList<>();
                    for (Class<?> type : List.of(
                            EmbeddedZooKeeper.class,
                            ConfigurationStore.class,
                            Transport.class,
                            HaNode.class,
                            LeaderElection.class,
                            GuardRegistry.class,
                            GuardMetrics.class,
                            OpsModel.class,
                            HandoverMetrics.class)) {
                        assertThat(context).hasSingleBean(type);
                        names.addAll(List.of(context.getBeanNamesForType(type)));
                    }
                    assertThat(names).as("all the application's").noneMatch(name -> name.startsWith("handover"));
                    assertThat(context.getBean(HandoverMetrics.class)).isSameAs(metrics[0]);
                    assertThat(context.getBean("handoverHealthContributor")).isSameAs(health);
                });
    }
}
