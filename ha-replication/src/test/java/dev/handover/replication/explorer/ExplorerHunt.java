package dev.handover.replication.explorer;

/** Runs inside the class loader of a mutant. */
public final class ExplorerHunt {
    private ExplorerHunt() {}

    /**
     * Searches one scenario after the other until one shows a violation.
     *
     * @param maxStates of each
     * @param scenario number of the only one; negative for all
     */
    public static String hunt(long maxStates, long scenario) {
        for (int i = 0; i < Scenario.ALL.size(); i++) {
            if (scenario >= 0 && scenario != i) {
                continue;
            }
            Explorer.Result result = new Explorer(Scenario.ALL.get(i), Integer.MAX_VALUE, (int) maxStates, 1e6).run();
            if (result.violation() != null) {
                String message = result.violation();
                return String.format(
                        "%s, step %d, %d states, %.1f s, %s",
                        result.scenario(),
                        result.depth() + 1,
                        result.states(),
                        result.seconds(),
                        message.length() <= 250 ? message : message.substring(0, 250) + "...");
            }
        }
        return "";
    }
}
