package dev.handover.guard;

import dev.handover.guard.OutlierDetector.Admission;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** One of a group: the target, its guard, and what it does to the group's knowledge of it. */
final class Endpoint<T> {
    final int number;
    final String name;
    final T target;
    final Guard guard;
    final AtomicInteger underWay = new AtomicInteger();
    private final OutlierDetector detector;
    private final Time time;

    Endpoint(int number, String name, T target, Guard guard, OutlierDetector detector, Time time) {
        this.number = number;
        this.name = name;
        this.target = target;
        this.guard = guard;
        this.detector = detector;
        this.time = time;
    }

    /** Begins a call, or null where the endpoint is left out. Ended by one of the methods of what is returned. */
    @Nullable
    Use begin() {
        Admission admission = detector.admit(number);
        if (admission == Admission.NO) {
            return null;
        }
        if (admission == Admission.PROBE) {
            letThrough();
        }
        underWay.incrementAndGet();
        return new Use(admission == Admission.PROBE);
    }

    /** A probe shall reach the endpoint, and not the breaker that opened for the same failures. */
    private void letThrough() {
        guard.circuitBreaker()
                .filter(breaker -> breaker.getState() == CircuitBreaker.State.OPEN)
                .ifPresent(CircuitBreaker::transitionToHalfOpenState);
    }

    /** A probe has succeeded: the breaker forgets the failures of before, and does not open for them now. */
    void foundWell() {
        guard.circuitBreaker()
                .filter(breaker -> breaker.getState() != CircuitBreaker.State.FORCED_OPEN)
                .ifPresent(CircuitBreaker::reset);
    }

    /** Whether the failure is an answer: the endpoint is well. */
    private boolean isAnswer(Throwable failure) {
        return guard.circuitBreaker()
                .map(CircuitBreaker::getCircuitBreakerConfig)
                .map(config -> config.getIgnoreExceptionPredicate().test(failure)
                        || !config.getRecordExceptionPredicate().test(failure))
                .orElse(failure instanceof GuardRefusedException);
    }

    /** One call, from its begin to its end. */
    final class Use {
        private final boolean probe;
        private final long begin = time.nanos();

        private Use(boolean probe) {
            this.probe = probe;
        }

        void succeeded() {
            underWay.decrementAndGet();
            if (probe) {
                foundWell();
            }
            detector.succeeded(number, time.nanos() - begin, probe);
        }

        void failed(Throwable failure) {
            underWay.decrementAndGet();
            if (isAnswer(failure)) {
                detector.succeeded(number, time.nanos() - begin, probe);
            } else {
                detector.failed(number, probe, failure.toString());
            }
        }

        /** Its own guard did not let it through. */
        void refused() {
            underWay.decrementAndGet();
            detector.abandoned(number, 0, probe);
        }

        /** Nobody waits any more; {@code beaten}: because another one was faster. */
        void abandoned(boolean beaten) {
            underWay.decrementAndGet();
            detector.abandoned(number, beaten ? time.nanos() - begin : 0, probe);
        }
    }
}
