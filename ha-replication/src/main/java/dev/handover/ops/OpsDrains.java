package dev.handover.ops;

import dev.handover.replication.HaNode;
import dev.handover.takeover.partition.Partitions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** An operator lets an instance lead nothing, for as long as there is something to be done to it, and lets it lead again. */
final class OpsDrains {
    /** Below the 30 s for which an operator's request is waited for, so that he hears why. */
    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    private OpsDrains() {}

    static List<OpsHandler> of(HaNode node) {
        String name = node.id().value();
        return List.of(
                node.isDraining()
                        ? handler("resume", name, "lets this node lead again", target -> node.resume()
                                .thenApply(done -> "may lead again"))
                        : handler(
                                "drain",
                                name,
                                "lets this node lead no group that another can, until resumed or restarted",
                                target -> node.drain(TIMEOUT).thenApply(done -> "leads no group any more")));
    }

    static List<OpsHandler> of(Partitions partitions) {
        String name = partitions.name();
        return List.of(
                partitions.isDraining()
                        ? handler("resume", name, "lets this instance lead its share again", target -> partitions
                                .resume()
                                .thenApply(done -> "gets its share again; the table tells when"))
                        : handler(
                                "drain",
                                name,
                                "gives away what this instance leads, and takes none until resumed or restarted",
                                target -> partitions.drain(TIMEOUT).thenApply(done -> "leads no partition any more")));
    }

    private static OpsHandler handler(
            String action, String subject, String help, Function<@Nullable String, CompletionStage<String>> run) {
        return new OpsHandler(new OpsAction(action, subject, List.of(), help), run);
    }
}
