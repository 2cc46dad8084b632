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

    /** At both ends of it: before anybody suspects, and until the first answer. */
    private static final Map<String, List<String>> ENDS = Map.of(
            "dev.handover.netty.Hub", List.of("ended", "lost", "refused"),
            "dev.handover.netty.Peer", List.of("lost"),
            "dev.handover.replication.GroupApplier", List.of("apply", "leadership", "tellLeadership", "tell"),
            "dev.handover.replication.GroupApplier$Task", List.of("run"),
            "dev.handover.replication.Replica", List.of("reply", "sendReplies", "ofCallers"),
            "dev.handover.replication.Proposals", List.of("forwarded", "take", "refuse", "answer", "flush"));

    @Test
    void shouldHaveNoLambdaInIt() {
        HouseRules.checkLinksNothing(HouseRules.productionClasses(), PATH);
    }

    @Test
    void shouldHaveNoLambdaAtItsEnds() {
        HouseRules.checkLinksNothing(HouseRules.productionClasses(), ENDS);
    }
}
