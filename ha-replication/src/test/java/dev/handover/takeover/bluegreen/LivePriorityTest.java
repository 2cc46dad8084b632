package dev.handover.takeover.bluegreen;

import static dev.handover.event.HaEvent.SwitchStep.COMMITTED;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.Configuration;
import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.event.HaEvent.SwitchStep;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Instances of different priorities (R23): the live colour leads whatever they are, and among its instances they decide. */
@Timeout(120)
class LivePriorityTest {
    /** Ten of these after it is in sync a preferred node is given the leadership. */
    private static final Duration FAILURE_TIMEOUT = Duration.ofMillis(250);

    private final TestService service = new TestService();

    @AfterEach
    void end() {
        service.close();
    }

    private void start(String name, int priority) throws Exception {
        service.settings = builder -> builder.priority(priority).failureTimeout(FAILURE_TIMEOUT);
        service.start(name);
    }

    private String leader(GroupId group) {
        return service.store.configuration(group).orElseThrow().leader().node().value();
    }

    /** Every leadership of those groups that began within that time: group and epoch, and why. */
    private Map<String, String> leadershipsDuring(Duration time) throws Exception {
        Map<String, String> seen = new TreeMap<>();
        Map<GroupId, Long> before = new TreeMap<>();
        TestService.GROUPS.forEach(group -> before.put(
                group, service.store.configuration(group).orElseThrow().epoch()));
        long end = System.nanoTime() + time.toNanos();
        TestService.await("time passes", () -> {
            for (GroupId group : TestService.GROUPS) {
                Configuration now = service.store.configuration(group).orElseThrow();
                boolean takeOver = now.reason().startsWith("take-over"); // of a busy machine
                if (now.epoch() > before.getOrDefault(group, 0L) && !takeOver) {
                    seen.put(group + " " + now.epoch(), now.reason());
                }
            }
            return System.nanoTime() - end > 0;
        });
        return seen;
    }

    @Test
    void shouldBeLedByTheLiveColourThoughTheOtherHasTheHigherPriority() throws Exception {
        start("b1", 9);
        start("g1", 0);
        start("g2", 5);
        service.awaitLive("blue");
        SwitchPlan plan = SwitchPlan.to("green").withBakeTime(Duration.ofMillis(300));
        for (SwitchStep step : SwitchStep.values()) {
            if (!step.isLast() && step != SwitchStep.BAKE) {
                plan = plan.withTimeout(step, Duration.ofSeconds(20));
            }
        }
        SwitchResult result =
                service.instances.get("b1").blueGreen.switchTo(plan).get(60, TimeUnit.SECONDS);
        assertThat(result.outcome()).as(result.reason()).isEqualTo(COMMITTED);
        TestService.await("the green one of the higher priority leads", () -> TestService.GROUPS.stream()
                .allMatch(group -> leader(group).equals("g2")));

        assertThat(leadershipsDuring(FAILURE_TIMEOUT.multipliedBy(14)))
                .as("nobody gives the leadership away")
                .isEmpty();

        service.kill("g2");
        service.awaitLedBy("green");
        assertThat(leadershipsDuring(FAILURE_TIMEOUT.multipliedBy(14)))
                .as("nor after a take-over")
                .isEmpty();
    }

    @Test
    void shouldFavourTheLiveColourInItsOtherGroupsThoughItHasLeftOne() throws Exception {
        start("b1", 0);
        start("g1", 0);
        service.awaitLive("blue");
        TestService.One green = service.instances.get("g1");
        green.logs.get(0).close();
        start("b2", 0);
        TestService.await("b2 is favoured", () -> {
            Map<NodeId, Integer> ranks = green.node.leaderRanks(TestService.GROUPS.get(1));
            return ranks.getOrDefault(NodeId.of("b2"), 0) > ranks.getOrDefault(NodeId.of("g1"), 0);
        });
    }
}
