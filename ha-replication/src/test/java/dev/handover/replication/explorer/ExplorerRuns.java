package dev.handover.replication.explorer;

import java.util.ArrayList;
import java.util.List;

/** Searches of all scenarios. */
final class ExplorerRuns {
    private ExplorerRuns() {}

    static List<Explorer.Result> fromProperties() {
        Integer depth = Integer.getInteger("explore.depth");
        Integer seconds = Integer.getInteger("explore.seconds");
        boolean bounded = depth != null || seconds != null;
        int states = Integer.getInteger("explore.states", bounded ? 100_000_000 : 20_000);
        String only = System.getProperty("explore.scenario");
        if (only != null) {
            Scenario.numberOf(only);
        }
        List<Explorer.Result> results = new ArrayList<>();
        for (Scenario scenario : Scenario.ALL) {
            if (only == null || only.equals(scenario.name())) {
                Explorer.Result result = new Explorer(
                                scenario,
                                depth == null ? Integer.MAX_VALUE : depth,
                                states,
                                seconds == null ? 1e6 : seconds)
                        .run();
                System.out.println(result);
                results.add(result);
            }
        }
        return results;
    }
}
