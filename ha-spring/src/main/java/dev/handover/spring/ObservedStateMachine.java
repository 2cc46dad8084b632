package dev.handover.spring;

import dev.handover.GroupId;
import dev.handover.replication.Command;
import dev.handover.replication.StateMachine;
import dev.handover.replication.StateSnapshot;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Takes commands out of their envelopes, and goes on with the trace that they bring; the application's state machine sees what was submitted. */
final class ObservedStateMachine implements StateMachine {
    static final String APPLY = "handover.apply";

    /** What is applied so much later is a start that reads the log, and no part of a trace. */
    private static final long FRESH_MILLIS = 60_000;

    private final GroupId group;
    private final StateMachine machine;
    private final Supplier<ObservationRegistry> registries;

    ObservedStateMachine(GroupId group, StateMachine machine, Supplier<ObservationRegistry> registries) {
        this.group = group;
        this.machine = machine;
        this.registries = registries;
    }

    @Override
    public byte[] apply(Command command) {
        if (!CommandEnvelope.is(command.payload())) {
            return machine.apply(command);
        }
        CommandEnvelope envelope = CommandEnvelope.open(command.payload());
        Command inner = new Command(command.index(), command.epoch(), command.timestampMillis(), envelope.command());
        ObservationRegistry registry = registries.get();
        if (registry.isNoop()
                || envelope.trace().isEmpty()
                || System.currentTimeMillis() - command.timestampMillis() > FRESH_MILLIS) {
            return machine.apply(inner);
        }
        return Objects.requireNonNull(
                Observation.createNotStarted(APPLY, () -> TraceHeaders.received(envelope.trace()), registry)
                        .lowCardinalityKeyValue("group", group.value())
                        .observe(() -> machine.apply(inner)));
    }

    @Override
    public byte[] query(byte[] query) {
        return machine.query(query);
    }

    @Override
    public @Nullable StateSnapshot snapshot() {
        return machine.snapshot();
    }

    @Override
    public void restore(InputStream in) throws IOException {
        machine.restore(in);
    }

    @Override
    public void onLeader(long epoch) {
        machine.onLeader(epoch);
    }

    @Override
    public void onFollower(long epoch) {
        machine.onFollower(epoch);
    }
}
