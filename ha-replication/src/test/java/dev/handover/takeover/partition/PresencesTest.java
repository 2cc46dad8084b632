package dev.handover.takeover.partition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.NodeId;
import dev.handover.takeover.partition.PartitionHost.Presence;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class PresencesTest {
    private final Presences presences = new Presences(100);

    private Map<String, Presence> at(long nanos, List<String> announced, Map<String, Integer> inSync) {
        TreeMap<NodeId, Presences.Traits> traits = new TreeMap<>();
        announced.forEach(name -> traits.put(NodeId.of(name), new Presences.Traits("z", 2)));
        Map<NodeId, Integer> counts = new HashMap<>();
        inSync.forEach((name, count) -> counts.put(NodeId.of(name), count));
        Map<String, Presence> seen = new TreeMap<>();
        presences
                .hosts(nanos, traits, counts, 4)
                .forEach(host -> seen.put(host.node().value(), host.presence()));
        return seen;
    }

    @Test
    void shouldWaitForWhoWasLostAndForgetItAfterTheDelay() {
        assertThat(at(-50, List.of("a", "b"), Map.of("a", 4, "b", 4)))
                .isEqualTo(Map.of("a", Presence.READY, "b", Presence.READY));
        assertThat(at(0, List.of("a"), Map.of("a", 4))).isEqualTo(Map.of("a", Presence.READY, "b", Presence.AWAY));
        assertThat(at(99, List.of("a"), Map.of("a", 4))).isEqualTo(Map.of("a", Presence.READY, "b", Presence.AWAY));
        assertThat(at(100, List.of("a"), Map.of("a", 4))).isEqualTo(Map.of("a", Presence.READY));
    }

    @Test
    void shouldWaitForWhoComesBackAsLongAsTheDelayOnlyAndBeginAnewWhenItWasThere() {
        at(0, List.of("a", "b"), Map.of("a", 4, "b", 3));
        assertThat(at(90, List.of("a", "b"), Map.of("a", 4, "b", 1))).containsEntry("b", Presence.AWAY);
        assertThat(at(110, List.of("a", "b"), Map.of("a", 4, "b", 3))).containsEntry("b", Presence.READY);
        assertThat(at(120, List.of("a", "b"), Map.of("a", 4, "b", 4))).containsEntry("b", Presence.READY);
        assertThat(at(130, List.of("a", "b"), Map.of("a", 4, "b", 3))).containsEntry("b", Presence.AWAY);
    }

    @Test
    void shouldGiveNothingToWhoIsInSyncByTheConfigurationButNotAnnouncedAnyMore() {
        at(0, List.of("a"), Map.of("a", 4, "b", 4));
        assertThat(at(100, List.of("a"), Map.of("a", 4, "b", 4))).containsEntry("b", Presence.DRAINING);
    }
}
