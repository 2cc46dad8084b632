package dev.handover.replication;

import static dev.handover.replication.TestCluster.GROUP;
import static dev.handover.replication.TestCluster.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.NodeId;
import dev.handover.Redundancy;
import dev.handover.RedundancyException;
import dev.handover.event.HaEvent;
import dev.handover.metrics.HandoverMetrics;
import dev.handover.replication.TestCluster.Running;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How many copies there are is told as an event, in the status, and as meters. */
@Timeout(120)
class RedundancyTest {
    private final TestCluster cluster = new TestCluster();

    @AfterEach
    void close() {
        cluster.close();
    }

    private static List<Redundancy> told(Running node) {
        return node.events().stream()
                .filter(HaEvent.RedundancyChanged.class::isInstance)
                .map(event -> ((HaEvent.RedundancyChanged) event).redundancy())
                .toList();
    }

    private static Redundancy redundancy(
            Redundancy.Level level, int minInSync, List<String> inSync, String... missing) {
        return new Redundancy(
                level,
                inSync.stream().map(NodeId::of).toList(),
                minInSync,
                List.of(missing).stream().map(NodeId::of).toList());
    }

    @Test
    void shouldTellWhoIsMissingAndThatAllAreBack() throws Exception {
        Running a = cluster.startInSync("a", "b", "c").get(0);
        cluster.crash("c");
        TestCluster.await(
                "two are left", () -> a.log().status().redundancy().inSync().size() == 2);
        cluster.crash("b");
        TestCluster.await(
                "one is left", () -> a.log().status().redundancy().inSync().size() == 1);
        cluster.start("c");
        cluster.start("b");
        TestCluster.await("all are back", () -> a.log().status().redundancy().level() == Redundancy.Level.FULL);
        TestCluster.await("it is told", () -> told(a).size() >= 7);

        assertThat(told(a).subList(0, 5))
                .containsExactly(
                        redundancy(Redundancy.Level.LAST_COPY, 1, List.of("a")),
                        redundancy(Redundancy.Level.FULL, 1, List.of("a", "b")),
                        redundancy(Redundancy.Level.FULL, 1, List.of("a", "b", "c")),
                        redundancy(Redundancy.Level.REDUCED, 1, List.of("a", "b"), "c"),
                        redundancy(Redundancy.Level.LAST_COPY, 1, List.of("a"), "b", "c"));
        assertThat(a.events()).anySatisfy(event -> assertThat(event)
                .isInstanceOfSatisfying(HaEvent.RedundancyChanged.class, changed -> assertThat(changed.reason())
                        .contains("removed [c/")));
    }

    @Test
    void shouldRefuseWritesAtOneCopyWhenTwoAreAskedFor() throws Exception {
        cluster.settings = builder -> builder.minInSync(2);
        cluster.start("a");
        cluster.start("b");
        Running a = cluster.running.get("a");
        a.log().awaitInSync(TestCluster.LONG).get(30, TimeUnit.SECONDS);
        cluster.running.get("b").log().awaitInSync(TestCluster.LONG).get(30, TimeUnit.SECONDS);
        a.log().submit(bytes("x")).get(20, TimeUnit.SECONDS);

        cluster.crash("b");
        TestCluster.await(
                "a is alone", () -> a.log().status().redundancy().inSync().size() == 1);
        assertThat(a.log().status().redundancy())
                .isEqualTo(redundancy(Redundancy.Level.REFUSING, 2, List.of("a"), "b"));
        assertThatThrownBy(() -> a.log().submit(bytes("y")).get(20, TimeUnit.SECONDS))
                .hasCauseInstanceOf(RedundancyException.class);
    }

    @Test
    void shouldShowItInMetersAndRemoveThemOnClose() throws Exception {
        Running a = cluster.startInSync("a", "b").get(0);
        MeterRegistry registry = new SimpleMeterRegistry();
        HandoverMetrics metrics = new HandoverMetrics(a.node());
        metrics.bindTo(registry);
        assertThat(names(registry)).isEqualTo(documented());
        a.log().submit(bytes("x")).get(20, TimeUnit.SECONDS);

        assertThat(gauge(registry, "handover.redundancy")).isEqualTo(3);
        assertThat(gauge(registry, "handover.in.sync")).isEqualTo(2);
        assertThat(gauge(registry, "handover.leads")).isEqualTo(1);
        assertThat(registry.get("handover.role").tag("role", "leader").gauge().value())
                .isEqualTo(1);
        assertThat(gauge(registry, "handover.commit.index")).isGreaterThan(1);
        TestCluster.await("b's lag is known", () -> gauge(registry, "handover.follower.lag") == 0);
        TestCluster.await("b is counted", () -> gauge(registry, "handover.followers") == 1);

        cluster.crash("b");
        TestCluster.await("it is seen", () -> gauge(registry, "handover.redundancy") == 1);
        assertThat(gauge(registry, "handover.missing")).isEqualTo(1);
        TestCluster.await(
                "it was counted",
                () -> registry.get("handover.configuration.changes").counter().count() >= 1
                        && registry.get("handover.connections.lost").counter().count() >= 1);

        metrics.close();
        metrics.close();
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void shouldMeasureTakeOversAndForgetGroupsThatAreLeft() throws Exception {
        List<Running> nodes = cluster.startInSync("a", "b");
        Running b = nodes.get(1);
        MeterRegistry registry = new SimpleMeterRegistry();
        try (HandoverMetrics metrics = new HandoverMetrics(b.node())) {
            metrics.bindTo(registry);
            cluster.crash("a");
            TestCluster.await(
                    "a take-over was measured",
                    () -> registry.get("handover.takeover").timer().count() == 1);
            assertThat(registry.get("handover.takeover").timer().totalTime(TimeUnit.MILLISECONDS))
                    .isPositive();
            b.log().close();
            assertThat(b.node().groups()).isEmpty();
            cluster.start("a"); // its connection is news, and news are when meters are swept
            ReplicatedLog other = b.node().join(dev.handover.GroupId.of("other"), cluster.machines.get());
            other.awaitLeader(TestCluster.LONG).get(30, TimeUnit.SECONDS);
            TestCluster.await(
                    "the group's meters are gone, the other's are there",
                    () -> registry.find("handover.epoch")
                                    .tag("group", GROUP.value())
                                    .meters()
                                    .isEmpty()
                            && registry.find("handover.epoch").meters().size() == 1);
        }
        assertThat(registry.getMeters()).isEmpty();
    }

    private static double gauge(MeterRegistry registry, String name) {
        return registry.get(name).gauge().value();
    }

    private static Set<String> names(MeterRegistry registry) {
        return registry.getMeters().stream()
                .map(Meter::getId)
                .map(Meter.Id::getName)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Those of partitions are no node's, but of {@code PartitionMetrics}. */
    private static Set<String> documented() throws IOException {
        return Pattern.compile("(?m)^\\| `([^`]*)`")
                .matcher(Files.readString(Path.of("../docs/metrics.md")))
                .results()
                .map(row -> row.group(1))
                .filter(name -> !name.startsWith("handover.partitions."))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
