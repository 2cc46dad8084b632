package dev.handover.ops;

import dev.handover.event.HaEvent.SwitchStep;
import dev.handover.takeover.bluegreen.BlueGreen;
import dev.handover.takeover.bluegreen.SwitchPlan;
import dev.handover.takeover.bluegreen.SwitchStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A blue-green service for operators: what is live, and what may be done now. With no switch open that is {@code switch} and {@code rehearse}; with one that may still be taken back, {@code abort}, and
 * {@code approve} where the plan asks for it.
 */
record OpsBlueGreen(BlueGreen service, Function<String, SwitchPlan> plans) implements OpsService {
    @Override
    public OpsItem item() {
        SwitchStatus status = service.status();
        boolean open = status.isSwitching();
        TreeMap<String, Double> figures = new TreeMap<>();
        figures.put("generation", (double) status.generation());
        String live = status.live() == null ? "not known yet" : status.live() + " is live";
        String state = open ? live + ", " + status.step() + " to " + status.to() : live;
        return new OpsItem("services", service.service(), open ? OpsLevel.WARN : OpsLevel.OK, state, figures);
    }

    @Override
    public List<OpsHandler> handlers() {
        SwitchStatus status = service.status();
        List<OpsHandler> all = new ArrayList<>();
        if (status.mayAbort()) {
            all.add(handler(
                    "abort",
                    List.of(),
                    "ends the switch to " + status.to() + "; " + status.from() + " is live afterwards",
                    target -> service.abort("asked for by an operator").thenApply(OpsBlueGreen::told)));
            if (!status.approvals().isEmpty()) {
                List<String> steps =
                        status.approvals().stream().map(SwitchStep::name).toList();
                all.add(handler("approve", steps, "lets the switch begin this step", target -> approve(steps, target)));
            }
        } else if (status.live() != null && !status.isSwitching()) {
            List<String> others = service.colours().stream()
                    .filter(colour -> !colour.equals(status.live()))
                    .toList();
            if (!others.isEmpty()) {
                all.add(handler(
                        "switch",
                        others,
                        "makes this colour live while everybody is served; goes back by itself if it is worse",
                        target -> begin(others, target, plans)));
                all.add(handler(
                        "rehearse",
                        others,
                        "does all of a switch up to its gate, and switches nothing",
                        target -> begin(
                                others, target, colour -> plans.apply(colour).asDryRun())));
            }
        }
        return all;
    }

    private OpsHandler handler(
            String name, List<String> targets, String help, Function<@Nullable String, CompletionStage<String>> run) {
        return new OpsHandler(new OpsAction(name, service.service(), targets, help), run);
    }

    private CompletionStage<String> begin(
            List<String> offered, @Nullable String target, Function<String, SwitchPlan> plan) {
        String colour = theOnly(offered, target);
        return colour == null
                ? CompletableFuture.failedFuture(new IllegalArgumentException("choose one of " + offered))
                : service.begin(plan.apply(colour)).thenApply(OpsBlueGreen::told);
    }

    private CompletionStage<String> approve(List<String> offered, @Nullable String target) {
        String step = theOnly(offered, target);
        return step == null
                ? CompletableFuture.failedFuture(new IllegalArgumentException("choose one of " + offered))
                : service.approve(SwitchStep.valueOf(step)).thenApply(status -> step + " is approved");
    }

    private static @Nullable String theOnly(List<String> offered, @Nullable String target) {
        return target == null && offered.size() == 1 ? offered.get(0) : target;
    }

    private static String told(SwitchStatus status) {
        return "the switch to " + status.to() + " is in step " + status.step() + ", " + status.live()
                + " is live; the timeline tells the rest";
    }
}
