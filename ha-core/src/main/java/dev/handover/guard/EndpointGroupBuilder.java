package dev.handover.guard;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Builds an {@link EndpointGroup}. Without any setting: each in its turn, guards with their defaults, ejection with its defaults, no hedging, calls as probes. */
public final class EndpointGroupBuilder<T> {
    /** Hedges in a hundred calls. */
    static final int HEDGE_PERCENT = 5;

    private static final Logger LOG = LoggerFactory.getLogger(EndpointGroup.class);

    private final String name;
    private final Map<String, T> targets = new LinkedHashMap<>();
    private final List<Consumer<? super EndpointChange>> listeners = new ArrayList<>();
    private Time time = Time.SYSTEM;
    private Selection selection = Selection.ROUND_ROBIN;
    private Supplier<@Nullable String> leader = () -> null;
    private Consumer<GuardBuilder> guards = guard -> {};
    private OutlierEjection ejection = OutlierEjection.DEFAULTS;
    private @Nullable Duration hedgeAfter;
    private @Nullable Function<? super T, ? extends CompletionStage<?>> probe;
    private @Nullable GuardRegistry registry;

    EndpointGroupBuilder(String name) {
        if (name.isBlank() || name.length() > 32) {
            throw new IllegalArgumentException(
                    "group name '" + name + "' is blank or longer than 32; name what is called");
        }
        this.name = name;
    }

    /** One more endpoint; its guard is called {@code GROUP.NAME}. At least one. */
    public EndpointGroupBuilder<T> endpoint(String endpoint, T target) {
        if (endpoint.isBlank() || endpoint.length() > 30) {
            throw new IllegalArgumentException("endpoint name '" + endpoint + "' is blank or longer than 30");
        }
        if (targets.putIfAbsent(endpoint, target) != null) {
            throw new IllegalArgumentException("group '" + name + "' has an endpoint '" + endpoint + "' already");
        }
        return this;
    }

    /** In which order they are tried. Default: {@link Selection#ROUND_ROBIN}. */
    public EndpointGroupBuilder<T> selection(Selection order) {
        selection = order;
        return this;
    }

    /** {@link Selection#LEADER_FIRST}: asked at each call for the name of the endpoint that leads, which must be answered from memory; null if it is not known. */
    public EndpointGroupBuilder<T> leaderFirst(Supplier<@Nullable String> nameOfLeader) {
        selection = Selection.LEADER_FIRST;
        leader = nameOfLeader;
        return this;
    }

    /** Settings of each endpoint's guard. Leave its retries away: the group's next attempt goes to another endpoint, which is better. */
    public EndpointGroupBuilder<T> guard(Consumer<GuardBuilder> settings) {
        guards = settings;
        return this;
    }

    /** When endpoints are left out. */
    public EndpointGroupBuilder<T> outlierEjection(OutlierEjection rule) {
        ejection = rule;
        return this;
    }

    /** A second endpoint is asked when an idempotent {@link EndpointGroup#stage} has no answer after so long: best what 95 of 100 calls take at most. Too short, and the budget is spent on calls that need no help. Default: never. */
    public EndpointGroupBuilder<T> hedgeAfter(Duration delay) {
        if (delay.isNegative() || delay.isZero()) {
            throw new IllegalArgumentException("hedging after " + delay + " would ask two at once; use more than 0");
        }
        hedgeAfter = delay;
        return this;
    }

    /** How to find out whether an ejected endpoint is well again, beside the calls, so that no caller waits for one that is still dead. Given up after two seconds. Default: one call at a time is the probe. */
    public EndpointGroupBuilder<T> probe(Function<? super T, ? extends CompletionStage<?>> question) {
        probe = question;
        return this;
    }

    /** Told of every ejection and every return, on the thread of the call that decides it; be quick. */
    public EndpointGroupBuilder<T> onChange(Consumer<? super EndpointChange> listener) {
        listeners.add(listener);
        return this;
    }

    /** Registers the endpoints' guards there. Default: a registry of the group's own. */
    public EndpointGroupBuilder<T> in(GuardRegistry guardRegistry) {
        registry = guardRegistry;
        return this;
    }

    EndpointGroupBuilder<T> time(Time newTime) {
        time = newTime;
        return this;
    }

    /** Checks and builds. */
    public EndpointGroup<T> build() {
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("group '" + name + "' has no endpoint; add one at least");
        }
        GuardRegistry target = registry == null ? GuardRegistry.create() : registry;
        List<String> names = List.copyOf(targets.keySet());
        List<Endpoint<T>> endpoints = new ArrayList<>();
        AtomicBoolean closed = new AtomicBoolean();
        Prober<T> prober = probe == null ? null : new Prober<>(name, time, probe, endpoints, closed);
        OutlierDetector detector = new OutlierDetector(ejection, name, names, time, probe != null, change -> {
            tell(change);
            if (prober != null && change.ejected()) {
                prober.schedule(names.indexOf(change.endpoint()), change.leftOutFor());
            }
        });
        if (prober != null) {
            prober.detector = detector;
        }
        for (String endpoint : names) {
            GuardBuilder guard = Guard.named(name + "." + endpoint).time(time).in(target);
            guards.accept(guard);
            endpoints.add(new Endpoint<>(
                    endpoints.size(),
                    endpoint,
                    Objects.requireNonNull(targets.get(endpoint)),
                    guard.build(),
                    detector,
                    time));
        }
        return new EndpointGroup<>(
                new EndpointGroup.Shared<>(name, time, endpoints, detector, selection, leader, hedgeAfter, () -> {
                    closed.set(true);
                    names.forEach(endpoint -> target.remove(name + "." + endpoint));
                }),
                false);
    }

    private void tell(EndpointChange change) {
        if (change.ejected()) {
            LOG.warn(
                    "{}: endpoint {} is left out for {} ms: {}",
                    change.group(),
                    change.endpoint(),
                    change.leftOutFor().toMillis(),
                    change.reason());
        } else {
            LOG.info("{}: endpoint {} is back: {}", change.group(), change.endpoint(), change.reason());
        }
        for (Consumer<? super EndpointChange> listener : listeners) {
            try {
                listener.accept(change);
            } catch (RuntimeException e) {
                LOG.warn("{}: a listener failed on {}", name, change, e);
            }
        }
    }
}
