package dev.handover.guard;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A call to a group that answers later: one attempt at a time, and a second one beside it if it is hedged. */
final class EndpointCall<T, R extends @Nullable Object> {
    private record Running<T, R extends @Nullable Object>(Endpoint<T>.Use use, CompletableFuture<R> stage) {}

    private final EndpointGroup.Shared<T> shared;
    private final boolean idempotent;
    private final Function<? super T, ? extends CompletionStage<R>> call;
    private final CompletableFuture<R> result = new CompletableFuture<>();
    private final Iterator<Endpoint<T>> order;
    private final List<Running<T, R>> running = new ArrayList<>(2);
    private @Nullable Throwable last;
    private @Nullable GuardRefusedException refusal;
    private int starting;

    EndpointCall(
            EndpointGroup.Shared<T> shared,
            boolean idempotent,
            Function<? super T, ? extends CompletionStage<R>> call) {
        this.shared = shared;
        this.idempotent = idempotent;
        this.call = call;
        order = shared.order().iterator();
    }

    CompletableFuture<R> start() {
        shared.failOvers.called();
        next();
        if (!result.isDone()) {
            result.whenComplete((value, failure) -> cancelOthers(failure == null));
            if (idempotent && shared.hedging != null) {
                shared.hedges.called();
                shared.hedging.enter(new Hedge());
            }
        }
        return result;
    }

    /** When the answer is late a second endpoint is asked. */
    private final class Hedge extends Deadlines.Timed {
        @Override
        boolean isEnded() {
            return result.isDone();
        }

        @Override
        void expire() {
            if (!result.isDone() && shared.hedges.spend() && !next()) {
                shared.hedges.giveBack();
            }
        }
    }

    /** Asks the next endpoint that lets it; if there is none and nothing is under way, that is the end. */
    private boolean next() {
        while (!result.isDone()) {
            Endpoint<T> endpoint;
            synchronized (this) {
                if (!order.hasNext()) {
                    break;
                }
                endpoint = order.next();
                starting++;
            }
            if (asks(endpoint)) {
                return true;
            }
        }
        giveUpIfIdle();
        return false;
    }

    private boolean asks(Endpoint<T> endpoint) {
        Endpoint<T>.Use use = endpoint.begin();
        if (use == null) {
            started(null);
            return false;
        }
        CompletableFuture<R> stage = endpoint.guard.stage(() -> call.apply(endpoint.target));
        GuardRefusedException refused = refusalOf(stage, endpoint);
        if (refused != null) {
            use.refused();
            synchronized (this) {
                refusal = EndpointGroup.sooner(refusal, refused);
            }
            started(null);
            return false;
        }
        Running<T, R> attempt = new Running<>(use, stage);
        started(attempt);
        stage.whenComplete((value, failure) -> ended(attempt, value, failure));
        if (result.isDone()) {
            stage.cancel(true); // somebody else was faster than we were here
        }
        return true;
    }

    private static @Nullable GuardRefusedException refusalOf(CompletableFuture<?> stage, Endpoint<?> endpoint) {
        if (!stage.isCompletedExceptionally()) {
            return null;
        }
        Throwable failure = stage.handle((value, e) -> Guard.unwrapped(e)).join();
        return failure instanceof GuardRefusedException refused
                        && refused.guard().equals(endpoint.guard.name())
                ? refused
                : null;
    }

    private synchronized void started(@Nullable Running<T, R> attempt) {
        starting--;
        if (attempt != null) {
            running.add(attempt);
        }
    }

    private void ended(Running<T, R> attempt, @Nullable R value, @Nullable Throwable failure) {
        synchronized (this) {
            if (!running.remove(attempt)) {
                return; // cancelled by cancelOthers, which has told so
            }
        }
        if (failure == null) {
            attempt.use.succeeded();
            @SuppressWarnings("NullAway") // null only where R says so
            R given = value;
            result.complete(given);
            return;
        }
        if (result.isDone()) {
            attempt.use.abandoned(false);
            return;
        }
        Throwable cause = Guard.unwrapped(failure);
        attempt.use.failed(cause);
        synchronized (this) {
            last = cause;
        }
        if (Layers.mayRetry(cause, idempotent) && shared.failOvers.spend()) {
            if (!next()) {
                shared.failOvers.giveBack();
            }
        } else {
            giveUpIfIdle();
        }
    }

    private void giveUpIfIdle() {
        Throwable failure;
        synchronized (this) {
            if (!running.isEmpty() || starting > 0) {
                return; // which may still answer
            }
            failure = last == null ? shared.none(refusal) : last;
        }
        result.completeExceptionally(failure);
    }

    private void cancelOthers(boolean beaten) {
        List<Running<T, R>> others;
        synchronized (this) {
            others = List.copyOf(running);
            running.clear();
        }
        for (Running<T, R> other : others) {
            other.use.abandoned(beaten);
            other.stage.cancel(true);
        }
    }
}
