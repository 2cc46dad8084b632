package dev.handover.replication.simulator;

/** Runs inside the class loader of a mutant. */
public final class MutantHunt {
    private MutantHunt() {}

    /** Tries seeds until one fails. */
    public static String hunt(long seeds, long steps) {
        for (long seed = 1; seed <= seeds; seed++) {
            Simulation.Result result = Simulation.run(seed, steps);
            if (result.failure() != null) {
                String message =
                        result.failure().getMessage().lines().findFirst().orElse("");
                return String.format(
                        "seed %d, step %d, %s",
                        seed, result.steps(), message.length() <= 110 ? message : message.substring(0, 110) + "...");
            }
        }
        return "";
    }
}
