package dev.handover.ops;

import dev.handover.takeover.partition.BalanceStatus;
import dev.handover.takeover.partition.Partitions;
import java.util.List;
import java.util.TreeMap;

/** Partitions for operators, as this instance sees them; {@code drain} gives away what it leads, {@code resume} lets it have its share again. */
record OpsPartitions(Partitions partitions) implements OpsService {
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
        return OpsDrains.of(partitions);
    }
}
