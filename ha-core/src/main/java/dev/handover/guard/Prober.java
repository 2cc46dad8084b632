package dev.handover.guard;

import dev.handover.guard.OutlierDetector.Admission;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Asks ejected endpoints whether they are well again, when their time has come, on the threads of {@link Time}. */
final class Prober<T> {
    private final Time time;
    private final Guard limit;
    private final Function<? super T, ? extends CompletionStage<?>> question;
    private final List<Endpoint<T>> endpoints;
    private final AtomicBoolean closed;

    /** Set before anything is scheduled. */
    @Nullable
    OutlierDetector detector;

    Prober(
            String group,
            Time time,
            Function<? super T, ? extends CompletionStage<?>> question,
            List<Endpoint<T>> endpoints,
            AtomicBoolean closed) {
        this.time = time;
        this.question = question;
        this.endpoints = endpoints;
        this.closed = closed;
        limit = Guard.named(group + ".probe")
                .time(time)
                .withoutCircuitBreaker()
                .withoutBulkhead()
                .build();
    }

    void schedule(int endpoint, Duration after) {
        time.after(after.toNanos(), () -> probe(endpoints.get(endpoint)));
    }

    private void probe(Endpoint<T> endpoint) {
        OutlierDetector known = detector;
        if (known == null || closed.get() || known.admitProbe(endpoint.number) != Admission.PROBE) {
            return;
        }
        long begin = time.nanos();
        limit.stage(() -> question.apply(endpoint.target).thenApply(answer -> true))
                .whenComplete((well, failure) -> {
                    if (failure == null) {
                        endpoint.foundWell();
                        known.succeeded(endpoint.number, time.nanos() - begin, true);
                    } else {
                        known.failed(
                                endpoint.number,
                                true,
                                Guard.unwrapped(failure).toString()); // which schedules the next one
                    }
                });
    }
}
