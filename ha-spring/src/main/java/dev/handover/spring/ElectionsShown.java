package dev.handover.spring;

import dev.handover.Registration;
import dev.handover.election.LeaderElection;
import dev.handover.ops.OpsAction;
import dev.handover.ops.OpsModel;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.context.ApplicationListener;

/** Shows the elections to operators, and lets them pause and give away, as soon as this instance stands. */
final class ElectionsShown implements ApplicationListener<HandoverLifecycle.Joined> {
    private static final Map<String, Duration> TIMES =
            Map.of("10m", Duration.ofMinutes(10), "1h", Duration.ofHours(1), "8h", Duration.ofHours(8));
    private static final String OWNER = "operator";

    private final OpsModel model;
    private final ListableBeanFactory beans;
    private final List<Registration> shown = new ArrayList<>();

    ElectionsShown(OpsModel model, ListableBeanFactory beans) {
        this.model = model;
        this.beans = beans;
    }

    @Override
    public synchronized void onApplicationEvent(HandoverLifecycle.Joined event) {
        shown.forEach(Registration::close);
        shown.clear();
        beans.getBeansOfType(LeaderElection.class).forEach(this::show);
    }

    private void show(String name, LeaderElection election) {
        shown.add(model.election(name, election));
        shown.add(model.action(
                new OpsAction("pause", name, TIMES.keySet().stream().sorted().toList(), "lets nobody lead for so long"),
                target -> pause(election, target)));
        shown.add(model.action(
                new OpsAction("resume", name, List.of(), "ends the pause of the operators"),
                target -> election.resume(OWNER).thenApply(done -> "the pause has ended")));
    }

    private static CompletionStage<String> pause(LeaderElection election, @Nullable String target) {
        String time = target == null ? "10m" : target;
        Instant end = Instant.now().plus(Objects.requireNonNull(TIMES.get(time)));
        return election.pause(OWNER, "asked for by an operator", end).thenApply(done -> "nobody leads until " + end);
    }
}
