package dev.handover.ops;

import dev.handover.takeover.partition.BalanceStatus;
import dev.handover.takeover.partition.Partitions;
import java.time.Duration;
import java.util.List;
import java.util.TreeMap;

/** Partitions for operators, as this instance sees them; {@code drain} gives away what it leads, {@code resume} lets it have its share again. */
record OpsPartitions(Partitions partitions) implements OpsService {
    /** Below the 30 s for which an operator's request is waited for, so that he hears why. */
    private static final Duration DRAIN_TIMEOUT = Duration.ofSeconds(20);

    @Override
    public OpsItem item() {
        BalanceStatus balance = partitions.balance();
        TreeMap<String, Double> figures = new TreeMap<>();
        figures.put("led here", (double) balance.led());
        figures.put("to move", (double) balance.left());
        figures.put("imbalance %", 100 * balance.imbalance());
        String state = (balance.settled() ? "settled" : "spreading")
                + (balance.awaited().isEmpty() ? "" : ", awaits " + balance.awaited())
                + (balance.draining().isEmpty() ? "" : ", draining " + balance.draining());
        return new OpsItem(
                "services", partitions.name(), balance.settled() ? OpsLevel.OK : OpsLevel.WARN, state, figures);
    }

    @Override
    public List<OpsHandler> handlers() {
        if (partitions.isDraining()) {
            return List.of(new OpsHandler(
                    new OpsAction("resume", partitions.name(), List.of(), "lets this instance lead its share again"),
                    target -> partitions.resume().thenApply(done -> "gets its share again; the table tells when")));
        }
        return List.of(new OpsHandler(
                new OpsAction(
                        "drain",
                        partitions.name(),
                        List.of(),
                        "gives away what this instance leads, and takes none until resumed or restarted"),
                target -> partitions.drain(DRAIN_TIMEOUT).thenApply(done -> "leads no partition any more")));
    }
}
