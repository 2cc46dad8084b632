package dev.handover.netty;

import dev.handover.HouseRules;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** {@link HouseRules#checkLinksNothing}. */
class TakeOverPathTest {
    private static final Map<String, List<String>> PATH = Map.of(
            "dev.handover.netty.GuardedListener", List.of("disconnected", "refused"),
            "dev.handover.replication.Peers", List.of("disconnected", "refused"),
            "dev.handover.replication.Peers$News", List.of("open"),
            "dev.handover.replication.Coordinator", List.of("compareAndSet", "heard"),
            "dev.handover.replication.Coordinator$Answer", List.of("accept", "compared"),
            "dev.handover.replication.protocol.Preference",
                    List.of("candidateWait", "isUnwell", "isCutOff", "reachesAny"),
            "dev.handover.replication.protocol.ReplicaProtocol",
                    List.of("disconnected", "refused", "suspectLeader", "considerTakeOver", "mustWaitForOthers"));

    @Test
    void shouldHaveNoLambdaInIt() {
        HouseRules.checkLinksNothing(HouseRules.productionClasses(), PATH);
    }
}
