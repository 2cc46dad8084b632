package dev.handover.examples.guards;

import dev.handover.guard.EndpointGroup;
import dev.handover.guard.GuardRefusedException;
import dev.handover.guard.OutlierEjection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/** The caller: some clients that ask for the stock all the time, through a group of endpoints. */
final class Shop implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(1);

    /** The defaults, but for what is slow: the three share a machine with everything else on it. */
    private static final OutlierEjection EJECTION = new OutlierEjection(
            5, 0.5, 20, Duration.ofSeconds(10), 20, Duration.ofSeconds(1), Duration.ofSeconds(60), 0.5);

    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(LIMIT).build();
    private final EndpointGroup<URI> stock;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final AtomicLong calls = new AtomicLong();
    private final AtomicLong failures = new AtomicLong();
    private final AtomicLong slow = new AtomicLong();
    private final List<Thread> clients;

    Shop(List<URI> addresses, int clientCount) {
        var builder = EndpointGroup.<URI>named("stock")
                .guard(guard -> guard.timeLimit(LIMIT).bulkhead(50))
                .outlierEjection(EJECTION)
                .hedgeAfter(Duration.ofMillis(200))
                .probe(address -> http.sendAsync(request(address), HttpResponse.BodyHandlers.discarding()));
        for (int i = 0; i < addresses.size(); i++) {
            builder.endpoint(String.valueOf((char) ('a' + i)), addresses.get(i));
        }
        stock = builder.build();
        clients = IntStream.range(0, clientCount)
                .mapToObj(i -> new Thread(this::ask, "client-" + i))
                .toList();
        clients.forEach(Thread::start);
    }

    private static HttpRequest request(URI address) {
        return HttpRequest.newBuilder(address).build();
    }

    private void ask() {
        try {
            while (!closed.get()) {
                long begin = System.nanoTime();
                if (!answered(begin)) {
                    failures.incrementAndGet();
                }
                calls.incrementAndGet();
                if (System.nanoTime() - begin > LIMIT.toNanos()) {
                    slow.incrementAndGet();
                }
                TimeUnit.MILLISECONDS.sleep(5);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A client that is refused comes back when it is told to, for ten seconds at most. */
    private boolean answered(long begin) throws InterruptedException {
        while (System.nanoTime() - begin < PATIENCE_NANOS) {
            try {
                stock.idempotent()
                        .stage(address -> http.sendAsync(request(address), HttpResponse.BodyHandlers.ofString()))
                        .get(PATIENCE_NANOS, TimeUnit.NANOSECONDS);
                return true;
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof GuardRefusedException refused)) {
                    return false;
                }
                TimeUnit.NANOSECONDS.sleep(Math.min(refused.retryAfter().toNanos(), TimeUnit.SECONDS.toNanos(1)));
            } catch (TimeoutException e) {
                return false;
            }
        }
        return false;
    }

    /** How many calls there were since the last time that it was asked what clients {@link #noticed}. */
    long calls() {
        return calls.get();
    }

    EndpointGroup<URI> stock() {
        return stock;
    }

    /** What the clients noticed since the last time. */
    Noticed noticed() {
        return new Noticed(calls.getAndSet(0), failures.getAndSet(0), slow.getAndSet(0));
    }

    /**
     * What clients noticed.
     *
     * @param slow calls that took longer than the time limit of one endpoint
     */
    record Noticed(long calls, long failed, long slow) {
        @Override
        public String toString() {
            return calls + " calls, " + failed + " failed, " + slow + " took longer than a second";
        }
    }

    @Override
    public void close() {
        closed.set(true);
        try {
            for (Thread client : clients) {
                client.join(15_000);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        stock.close();
    }
}
