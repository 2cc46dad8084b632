package dev.handover.replication.explorer;

import dev.handover.ReplicaId;
import dev.handover.Role;
import dev.handover.replication.protocol.Effect;
import dev.handover.replication.protocol.Event;
import dev.handover.replication.protocol.ProtocolOptions;
import dev.handover.replication.protocol.RecoveredReplica;
import dev.handover.replication.protocol.ReplicaProtocol;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * The real core as an automaton that is found out step by step. A core does the same whenever it is in the same state and the same happens to it, so each pair of state and event is tried once, on a
 * core that is brought there by its history, and remembered. A state is known by its {@link Dump}.
 */
final class Automaton {
    /** A state, and what the world may see of it. */
    static final class State {
        final int number;
        private final State before;
        private final Event event;
        private final ReplicaId self;
        private final RecoveredReplica recovered;
        private final int boot;
        private final Map<Integer, Step> steps = new HashMap<>();
        /** The newest other way to it; null if there is none. */
        private State otherBefore;

        private Event otherEvent;

        Role role;
        long epoch;
        long commitIndex;
        long lastIndex;
        long configurationEpoch;

        private State(int number, State before, Event event, ReplicaId self, RecoveredReplica recovered, int boot) {
            this.number = number;
            this.before = before;
            this.event = event;
            this.self = self;
            this.recovered = recovered;
            this.boot = boot;
        }
    }

    /** What an event leads to. */
    record Step(State next, List<Effect> effects) {}

    /** Ids that are the same whenever a core is brought to the same state. */
    private static final class Ids implements Supplier<UUID> {
        private final long process;
        private long given;

        Ids(ReplicaId self, int boot) {
            process = (self.node().value().charAt(0) - 'a' + 1L) << 48 | (long) boot << 32;
        }

        @Override
        public UUID get() {
            return new UUID(process | ++given << 8, 1);
        }
    }

    private final ProtocolOptions options;
    private final Map<Dump.Key, State> states = new HashMap<>();
    private final Interner<Event> events = new Interner<>();
    /** Whether what a state does is compared with what it does when it was reached by another way. */
    private final boolean comparing;

    private long compared;

    Automaton(ProtocolOptions options, boolean comparing) {
        this.options = options;
        this.comparing = comparing;
    }

    int states() {
        return states.size();
    }

    /** How often that was. */
    long compared() {
        return compared;
    }

    /** The number of an event; equal ones have the same. */
    int number(Event event) {
        return events.number(event);
    }

    Event event(int number) {
        return events.value(number);
    }

    /** A process that has read its disk. */
    State start(ReplicaId self, RecoveredReplica recovered, int boot) {
        return known(create(self, recovered, boot), null, null, self, recovered, boot);
    }

    private ReplicaProtocol create(ReplicaId self, RecoveredReplica recovered, int boot) {
        return new ReplicaProtocol(options, self, recovered, new Ids(self, boot));
    }

    private State known(
            ReplicaProtocol core, State before, Event event, ReplicaId self, RecoveredReplica recovered, int boot) {
        Dump.Key key = Dump.of(core);
        State state = states.get(key);
        if (state == null) {
            state = new State(states.size() + 1, before, event, self, recovered, boot);
            state.role = core.role();
            state.epoch = core.epoch();
            state.commitIndex = core.commitIndex();
            state.lastIndex = core.lastIndex();
            state.configurationEpoch =
                    core.configuration() == null ? 0 : core.configuration().epoch();
            states.put(key, state);
        } else if (before != null && (before != state.before || event != state.event)) {
            state.otherBefore = before;
            state.otherEvent = event;
        }
        return state;
    }

    Step step(State state, int event) {
        Step step = state.steps.get(event);
        if (step == null) {
            ReplicaProtocol core = bringTo(state);
            Event happens = events.value(event);
            List<Effect> effects = core.step(happens);
            if (comparing && state.otherBefore != null) {
                compare(state, happens, core, effects);
            }
            step = new Step(known(core, state, happens, state.self, state.recovered, state.boot), effects);
            state.steps.put(event, step);
        }
        return step;
    }

    private ReplicaProtocol bringTo(State state) {
        Deque<Event> history = new ArrayDeque<>();
        for (State one = state; one.before != null; one = one.before) {
            history.push(one.event);
        }
        ReplicaProtocol core = create(state.self, state.recovered, state.boot);
        history.forEach(core::step);
        return core;
    }

    private void compare(State state, Event happens, ReplicaProtocol core, List<Effect> effects) {
        ReplicaProtocol other = bringTo(state.otherBefore);
        other.step(state.otherEvent);
        List<Effect> otherEffects = other.step(happens);
        compared++;
        if (!Dump.of(other).equals(Dump.of(core))
                || !Dump.of(important(otherEffects)).equals(Dump.of(important(effects)))) {
            throw new IllegalStateException("two cores with the same dump do not behave alike on " + happens + ": "
                    + effects + " and " + otherEffects);
        }
    }

    private static List<Effect> important(List<Effect> effects) {
        return effects.stream()
                .filter(effect -> !(effect instanceof Effect.StatusChanged))
                .toList();
    }
}
