package dev.handover.spring;

import dev.handover.GroupId;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.Session;
import dev.handover.replication.StateMachine;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.transport.SenderContext;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;
import org.springframework.beans.factory.ObjectProvider;

/** Observes what is asked of the logs, and puts the trace's context into commands if that is wanted. */
final class LogObservations {
    static final String SUBMIT = "handover.submit";
    static final String READ = "handover.read";

    private final Supplier<ObservationRegistry> registries;
    private final boolean propagate;

    LogObservations(ObjectProvider<ObservationRegistry> registry, boolean propagate) {
        registries = () -> registry.getIfUnique(() -> ObservationRegistry.NOOP);
        this.propagate = propagate;
    }

    /** A command, sealed if its trace is to go on where it is applied. */
    CompletableFuture<byte[]> submit(
            ReplicatedLog log, byte[] command, Function<byte[], CompletableFuture<byte[]>> call) {
        ObservationRegistry registry = registries.get();
        if (registry.isNoop()) {
            return call.apply(CommandEnvelope.seal(Map.of(), command));
        }
        SenderContext<Map<String, String>> context = TraceHeaders.sent();
        return observe(
                SUBMIT,
                log,
                context,
                registry,
                () -> call.apply(CommandEnvelope.seal(
                        propagate ? Objects.requireNonNull(context.getCarrier()) : Map.of(), command)));
    }

    /** A query or another read. */
    <T> CompletableFuture<T> read(ReplicatedLog log, Supplier<CompletableFuture<T>> call) {
        ObservationRegistry registry = registries.get();
        return registry.isNoop() ? call.get() : observe(READ, log, new Observation.Context(), registry, call);
    }

    Session session(ReplicatedLog log, Session session) {
        return new ObservedSession(log, session, this);
    }

    StateMachine stateMachine(GroupId group, StateMachine machine) {
        return new ObservedStateMachine(group, machine, registries);
    }

    private static <T> CompletableFuture<T> observe(
            String name,
            ReplicatedLog log,
            Observation.Context context,
            ObservationRegistry registry,
            Supplier<CompletableFuture<T>> call) {
        Observation observation = Observation.createNotStarted(name, () -> context, registry)
                .lowCardinalityKeyValue("group", log.group().value())
                .lowCardinalityKeyValue("path", log.status().role().leads() ? "local" : "forwarded")
                .start();
        CompletableFuture<T> asked;
        Observation.Scope scope = observation.openScope();
        try {
            asked = call.get();
        } catch (RuntimeException e) {
            observation.error(e).stop();
            throw e;
        } finally {
            scope.close();
        }
        return asked.whenComplete((result, failure) -> {
            if (failure != null) {
                observation.error(failure);
            }
            observation.stop();
        });
    }
}
