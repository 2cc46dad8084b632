package dev.handover.spring;

import dev.handover.Registration;
import dev.handover.event.EventBus;
import dev.handover.event.HaEvent;
import dev.handover.event.HaEvent.TakeOverStep;
import dev.handover.event.HaEvent.TransferStep;
import dev.handover.replication.HaNode;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.transport.SenderContext;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.springframework.beans.factory.DisposableBean;

/**
 * Observes what this node has to tell of changes of the leader, with their steps as events: take-overs by it, from suspicion to serving; transfers from it, from the request to where the new leader serves; and blue-green switches of its
 * services, from the first step that it hears of to the end. Transfers and switches are part of what was observed where they were asked for, a request say; for switches that holds on every instance. On the node's event thread.
 */
final class NodeObservations implements DisposableBean, EventBus.Callers {
    static final String TAKE_OVER = "handover.leadership.takeover";
    static final String TRANSFER = "handover.leadership.transfer";
    static final String SWITCH = "handover.bluegreen.switch";
    static final String ASK = "handover.bluegreen.ask";
    static final Set<String> NAMES = Set.of(TAKE_OVER, TRANSFER, SWITCH, ASK);

    /** Of what was still going on when the context was closed. */
    private static final String CLOSED = "closed";

    private final ObservationRegistry registry;
    private final Map<Subject, Observation> running = new HashMap<>();
    private final Registration events;
    private final Registration callers;
    /** Where an event is delivered, or something is done, of what was asked for elsewhere: what came from there. */
    private final ThreadLocal<Map<String, String>> elsewhere = new ThreadLocal<>();

    private boolean closed;

    NodeObservations(HaNode node, ObservationRegistry registry) {
        this.registry = registry;
        callers = node.events().callers(this);
        events = node.events().subscribe(this::accept);
    }

    /** What is observed where it is asked for is the parent of what is observed of it here. */
    @Override
    public UnaryOperator<Runnable> caller() {
        Observation current = registry.getCurrentObservation();
        if (current != null) {
            return task -> () -> current.scoped(task);
        }
        Map<String, String> headers = elsewhere.get();
        return headers == null ? EventBus.NOBODY : arrived(headers);
    }

    @Override
    public Map<String, String> carried() {
        if (registry.getCurrentObservation() == null) {
            return Map.of();
        }
        SenderContext<Map<String, String>> context = TraceHeaders.sent();
        Observation.start(ASK, () -> context, registry).stop();
        return Objects.requireNonNull(context.getCarrier());
    }

    @Override
    public UnaryOperator<Runnable> arrived(Map<String, String> carried) {
        return task -> () -> {
            elsewhere.set(carried);
            try {
                task.run();
            } finally {
                elsewhere.remove();
            }
        };
    }

    /** One observation runs for each. */
    private record Subject(String observation, String key, String value) {}

    private synchronized void accept(HaEvent event) {
        if (closed) {
            return;
        }
        if (event instanceof HaEvent.TakeOver step) {
            boolean first = step.step() == TakeOverStep.SUSPECTED;
            boolean last = step.step() == TakeOverStep.SERVING || step.step() == TakeOverStep.LOST;
            step(subject(TAKE_OVER, step), first, last, step.step(), "in epoch " + step.epoch());
        } else if (event instanceof HaEvent.Transfer step) {
            transfer(step);
        } else if (event instanceof HaEvent.ColourSwitch step) {
            Subject subject = new Subject(SWITCH, "service", step.service());
            boolean last = step.step().isLast();
            String told =
                    "from " + step.from() + " to " + step.to() + ", " + step.live() + " is live: " + step.detail();
            step(subject, !last, last, step.step(), told);
        }
    }

    private void transfer(HaEvent.Transfer step) {
        Subject subject = subject(TRANSFER, step);
        String told = (step.target() == null ? "" : "to " + step.target() + ", ") + "in epoch " + step.epoch() + ": "
                + step.detail();
        if (step.step() == TransferStep.REFUSED) { // of which there may be many while one is under way
            end(begin(subject), step.step(), told);
        } else {
            step(subject, step.step() == TransferStep.ASKED, step.step().isLast(), step.step(), told);
        }
    }

    private static Subject subject(String observation, HaEvent event) {
        return new Subject(observation, "group", event.group().value());
    }

    private void step(Subject subject, boolean first, boolean last, Enum<?> step, String told) {
        Observation observation = first ? running.computeIfAbsent(subject, this::begin) : running.get(subject);
        if (observation == null) {
            return; // it had begun before this node's context was there
        }
        if (last) {
            running.remove(subject);
            end(observation, step, told);
        } else {
            tell(observation, step, told);
        }
    }

    private Observation begin(Subject subject) {
        Map<String, String> headers = elsewhere.get();
        return (headers == null
                        ? Observation.createNotStarted(subject.observation, registry)
                        : Observation.createNotStarted(
                                subject.observation, () -> TraceHeaders.received(headers), registry))
                .lowCardinalityKeyValue(subject.key, subject.value)
                .start();
    }

    private static void end(Observation observation, Enum<?> step, String told) {
        tell(observation, step, told);
        observation.lowCardinalityKeyValue("outcome", name(step)).stop();
    }

    private static void tell(Observation observation, Enum<?> step, String told) {
        observation.event(Observation.Event.of(name(step), name(step) + " " + told));
    }

    private static String name(Enum<?> step) {
        return step.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public synchronized void destroy() {
        closed = true;
        callers.close();
        events.close();
        running.values()
                .forEach(observation ->
                        observation.lowCardinalityKeyValue("outcome", CLOSED).stop());
        running.clear();
    }
}
