package dev.handover.ops;

import dev.handover.guard.EndpointGroup;
import dev.handover.guard.EndpointStatus;
import dev.handover.guard.GuardRegistry;
import dev.handover.guard.GuardStatus;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * Guards and endpoints as the operations page shows them:
 *
 * <pre>{@code
 * model.items(OpsGuards.guards(registry));
 * model.items(OpsGuards.endpoints(stock));
 * }</pre>
 */
public final class OpsGuards {
    private static final String OPEN = "open";

    private OpsGuards() {}

    /** All guards of a registry, those registered later included. */
    public static Supplier<List<OpsItem>> guards(GuardRegistry registry) {
        return () ->
                registry.guards().stream().map(guard -> item(guard.status())).toList();
    }

    /** The endpoints of a group. */
    public static Supplier<List<OpsItem>> endpoints(EndpointGroup<?> group) {
        return () -> group.endpoints().stream()
                .map(endpoint -> item(group.name(), endpoint))
                .toList();
    }

    /** A guard: bad while its breaker refuses, and worth a look while it probes or has no permit left. */
    public static OpsItem item(GuardStatus guard) {
        TreeMap<String, Double> figures = new TreeMap<>();
        if (guard.limit() > 0) {
            figures.put("permits in use", (double) guard.inUse());
            figures.put("permits", (double) guard.limit());
        }
        figures.put("refused: open", (double) guard.refusedOpen());
        figures.put("refused: full", (double) guard.refusedFull());
        figures.put("retries left", guard.retriesLeft());
        figures.put("retries refused", (double) guard.retriesRefused());
        boolean full = guard.limit() > 0 && guard.inUse() >= guard.limit();
        OpsLevel level =
                switch (guard.breaker()) {
                    case OPEN, "forced open" -> OpsLevel.BAD;
                    case "half open" -> OpsLevel.WARN;
                    default -> full ? OpsLevel.WARN : OpsLevel.OK;
                };
        String state = guard.breaker().equals("none") ? "no breaker" : guard.breaker();
        if (guard.breaker().equals(OPEN)) {
            state += " for " + seconds(guard.openFor());
        }
        return new OpsItem("guards", guard.name(), level, full ? state + ", full" : state, figures);
    }

    /** An endpoint of a group: worth a look while it is left out. */
    public static OpsItem item(String group, EndpointStatus endpoint) {
        TreeMap<String, Double> figures = new TreeMap<>();
        figures.put("latency ms", endpoint.latency().toNanos() / 1e6);
        figures.put("under way", (double) endpoint.underWay());
        figures.put("times left out", (double) endpoint.ejections());
        String state = !endpoint.ejected()
                ? "healthy"
                : endpoint.probedIn().isZero() ? "left out, probed" : "left out for " + seconds(endpoint.probedIn());
        return new OpsItem(
                "endpoints",
                group + "/" + endpoint.name(),
                endpoint.ejected() ? OpsLevel.WARN : OpsLevel.OK,
                state,
                figures);
    }

    private static String seconds(Duration time) {
        return String.format(Locale.ROOT, "%.1f s", time.toMillis() / 1e3);
    }
}
