package dev.handover.election.zookeeper;

import dev.handover.HouseRules;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** {@link HouseRules#checkLinksNothing}. */
class TakeOverPathTest {
    private static final Map<String, List<String>> PATH = Map.of(
            "dev.handover.election.zookeeper.ZooKeeperConfigurationStore", List.of("compareAndSet"),
            "dev.handover.election.zookeeper.ConfigurationCodec", List.of("text"),
            "dev.handover.election.zookeeper.CompareAndSet", List.of("update", "processResult"));

    @Test
    void shouldHaveNoLambdaInIt() {
        HouseRules.checkLinksNothing(HouseRules.productionClasses(), PATH);
    }
}
