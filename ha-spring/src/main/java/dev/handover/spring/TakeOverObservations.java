package dev.handover.spring;

import dev.handover.GroupId;
import dev.handover.Registration;
import dev.handover.event.HaEvent;
import dev.handover.replication.HaNode;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.springframework.beans.factory.DisposableBean;

/** Observes take-overs by this node, from suspicion to serving, with their steps as events. On the node's event thread. */
final class TakeOverObservations implements DisposableBean {
    static final String TAKE_OVER = "handover.leadership.takeover";

    private final ObservationRegistry registry;
    private final Map<GroupId, Observation> running = new HashMap<>();
    private final Registration events;

    TakeOverObservations(HaNode node, ObservationRegistry registry) {
        this.registry = registry;
        events = node.events().subscribe(this::accept);
    }

    private void accept(HaEvent event) {
        if (event instanceof HaEvent.TakeOver step) {
            Observation observation = step.step() == HaEvent.TakeOverStep.SUSPECTED
                    ? running.computeIfAbsent(step.group(), this::begin)
                    : running.get(step.group());
            if (observation != null) {
                String name = step.step().name().toLowerCase(Locale.ROOT);
                observation.event(Observation.Event.of(name, name + " in epoch " + step.epoch()));
                if (step.step() == HaEvent.TakeOverStep.SERVING || step.step() == HaEvent.TakeOverStep.LOST) {
                    running.remove(step.group());
                    observation.lowCardinalityKeyValue("outcome", name).stop();
                }
            }
        }
    }

    private Observation begin(GroupId group) {
        return Observation.createNotStarted(TAKE_OVER, registry)
                .lowCardinalityKeyValue("group", group.value())
                .start();
    }

    @Override
    public void destroy() {
        events.close();
    }
}
