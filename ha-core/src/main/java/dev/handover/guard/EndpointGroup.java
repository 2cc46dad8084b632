package dev.handover.guard;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Several instances of the same thing, each behind a {@link Guard} of its own:
 *
 * <pre>{@code
 * EndpointGroup<Client> stock = EndpointGroup.<Client>named("stock")
 *         .endpoint("a", clientA).endpoint("b", clientB).endpoint("c", clientC)
 *         .selection(Selection.ROUND_ROBIN)
 *         .build();
 * int tea = stock.idempotent().call(client -> client.stock("tea"));
 * }</pre>
 *
 * <p>A call goes to one endpoint. What that one's guard refuses goes to the next one. After a failure an {@link #idempotent} call goes to the next one, too; others only if they were surely not carried out. Such further attempts are at most one in ten
 * calls (beyond ten). Endpoints that fail or are slow are left out for a while ({@link OutlierEjection}); then one call at a time, or the group's own probe, finds out whether they are well.
 *
 * <p>With hedging, a {@link #stage} of an idempotent call that is not answered in time is asked of a second endpoint as well, the first answer wins, and the other one is cancelled (Dean and Barroso, "The Tail at Scale", 2013): at most one in twenty
 * calls (beyond ten).
 *
 * <p>For any number of threads; has none of its own. Close it when it has a probe.
 */
public final class EndpointGroup<T> implements AutoCloseable {
    /** What all views of a group share. */
    static final class Shared<T> {
        final String name;
        final Time time;
        final List<Endpoint<T>> endpoints;
        final OutlierDetector detector;
        final Selection selection;
        final Supplier<@Nullable String> leader;
        final Budget failOvers = new Budget(GuardBuilder.RETRY_PERCENT);
        final Budget hedges = new Budget(EndpointGroupBuilder.HEDGE_PERCENT);
        final @Nullable Deadlines hedging;
        private final AtomicInteger turn = new AtomicInteger();
        private final Runnable onClose;

        Shared(
                String name,
                Time time,
                List<Endpoint<T>> endpoints,
                OutlierDetector detector,
                Selection selection,
                Supplier<@Nullable String> leader,
                @Nullable Duration hedgeAfter,
                Runnable onClose) {
            this.name = name;
            this.time = time;
            this.endpoints = List.copyOf(endpoints);
            this.detector = detector;
            this.selection = selection;
            this.leader = leader;
            this.onClose = onClose;
            hedging = hedgeAfter == null ? null : new Deadlines(time, hedgeAfter.toNanos());
        }

        /** Those that look open, in the order in which they should be tried. */
        List<Endpoint<T>> order() {
            List<Endpoint<T>> open = new ArrayList<>(endpoints.size());
            for (Endpoint<T> endpoint : endpoints) {
                if (detector.looksOpen(endpoint.number)) {
                    open.add(endpoint);
                }
            }
            if (selection == Selection.FAIL_OVER || open.size() < 2) {
                return open;
            }
            int first = Math.floorMod(turn.getAndIncrement(), open.size());
            List<Endpoint<T>> order = new ArrayList<>(open.size());
            order.addAll(open.subList(first, open.size()));
            order.addAll(open.subList(0, first));
            if (selection == Selection.LEAST_LOADED) {
                order.sort(Comparator.comparingInt(endpoint -> endpoint.underWay.get()));
            } else if (selection == Selection.LEADER_FIRST) {
                String leading = leader.get();
                order.sort(Comparator.comparing(endpoint -> !endpoint.name.equals(leading)));
            }
            return order;
        }

        NoEndpointException none(@Nullable GuardRefusedException refusal) {
            Duration soonest = refusal == null ? null : refusal.retryAfter();
            for (Endpoint<T> endpoint : endpoints) {
                if (detector.isEjected(endpoint.number)) {
                    Duration probed = Duration.ofNanos(detector.probedInNanos(endpoint.number));
                    soonest = soonest == null || probed.compareTo(soonest) < 0 ? probed : soonest;
                }
            }
            Duration millisecond = Duration.ofMillis(1);
            return new NoEndpointException(
                    name,
                    soonest == null || soonest.compareTo(millisecond) < 0 ? millisecond : soonest,
                    detector.ejected() + " of " + endpoints.size() + " are ejected"
                            + (refusal == null ? "" : ", and " + refusal.getMessage()));
        }
    }

    /** A call to an endpoint on the caller's thread. */
    @FunctionalInterface
    public interface Call<T, R extends @Nullable Object> {
        /** Makes it. */
        R with(T endpoint) throws Exception;
    }

    private final Shared<T> shared;
    private final boolean idempotent;

    EndpointGroup(Shared<T> shared, boolean idempotent) {
        this.shared = shared;
        this.idempotent = idempotent;
    }

    /** Begins one with safe defaults: see {@link EndpointGroupBuilder}. */
    public static <T> EndpointGroupBuilder<T> named(String name) {
        return new EndpointGroupBuilder<>(name);
    }

    /** Its name. */
    public String name() {
        return shared.name;
    }

    /** The same group for calls that do no harm when they are made twice: only these are made again elsewhere after whatever failure, and hedged. */
    public EndpointGroup<T> idempotent() {
        return idempotent ? this : new EndpointGroup<>(shared, true);
    }

    /**
     * Makes the call on this thread, at one endpoint after the other until one answers; see {@link Guard#call}.
     *
     * @throws NoEndpointException it was not made anywhere
     * @throws Exception what the last endpoint that was asked throws
     */
    public <R extends @Nullable Object> R call(Call<? super T, ? extends R> call) throws Exception {
        shared.failOvers.called();
        Exception last = null;
        GuardRefusedException refusal = null;
        for (Endpoint<T> endpoint : shared.order()) {
            if (last != null && !shared.failOvers.spend()) {
                break;
            }
            Endpoint<T>.Use use = endpoint.begin();
            if (use == null) {
                giveBack(last);
                continue;
            }
            try {
                R result = endpoint.guard.<R>call(() -> call.with(endpoint.target));
                use.succeeded();
                return result;
            } catch (GuardRefusedException e) {
                if (!e.guard().equals(endpoint.guard.name())) { // of a guard within the call
                    use.failed(e);
                    throw e;
                }
                use.refused();
                giveBack(last);
                refusal = sooner(refusal, e);
            } catch (InterruptedException e) {
                use.abandoned(false);
                throw e;
            } catch (Exception e) {
                use.failed(e);
                if (!Layers.mayRetry(e, idempotent)) {
                    throw e;
                }
                last = e;
            } catch (Error e) {
                use.failed(e);
                throw e;
            }
        }
        if (last != null) {
            throw last;
        }
        throw shared.none(refusal);
    }

    private void giveBack(@Nullable Exception last) {
        if (last != null) {
            shared.failOvers.giveBack();
        }
    }

    static GuardRefusedException sooner(@Nullable GuardRefusedException one, GuardRefusedException other) {
        return one == null || other.retryAfter().compareTo(one.retryAfter()) < 0 ? other : one;
    }

    /** Makes a call that answers later, at one endpoint after the other until one answers, and at two at the same time if it is hedged. Never blocks. Cancelling the result cancels what is under way. See {@link Guard#stage}. */
    public <R extends @Nullable Object> CompletableFuture<R> stage(
            Function<? super T, ? extends CompletionStage<R>> call) {
        return new EndpointCall<T, R>(shared, idempotent, call).start();
    }

    /** The guard of an endpoint. */
    public Optional<Guard> guard(String endpoint) {
        return shared.endpoints.stream()
                .filter(known -> known.name.equals(endpoint))
                .map(known -> known.guard)
                .findFirst();
    }

    /** What is known of each endpoint, in the order in which they were given. */
    public List<EndpointStatus> endpoints() {
        return shared.endpoints.stream()
                .map(endpoint -> new EndpointStatus(
                        endpoint.name,
                        shared.detector.isEjected(endpoint.number),
                        shared.detector.isEjected(endpoint.number)
                                ? Duration.ofNanos(shared.detector.probedInNanos(endpoint.number))
                                : Duration.ZERO,
                        endpoint.underWay.get(),
                        shared.detector.latency(endpoint.number),
                        shared.detector.ejections(endpoint.number)))
                .toList();
    }

    /** Ends the group's probes and takes its guards out of their registry. Calls go on. Twice is fine. */
    @Override
    public void close() {
        shared.onClose.run();
    }

    @Override
    public String toString() {
        return "EndpointGroup[" + shared.name + ", " + endpoints() + "]";
    }
}
