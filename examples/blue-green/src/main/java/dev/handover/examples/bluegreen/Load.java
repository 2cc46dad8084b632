package dev.handover.examples.bluegreen;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** Clients that order one thing after the other, each at one instance, whatever colour is live. */
final class Load implements AutoCloseable {
    private static final int SHOWN = 5;

    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();
    private final AtomicBoolean stop = new AtomicBoolean();
    private final List<Thread> clients = new ArrayList<>();
    private final AtomicLong acknowledged = new AtomicLong();
    private final AtomicLong failed = new AtomicLong();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final AtomicLong longestNanos = new AtomicLong();
    private final AtomicLong lastAnswer = new AtomicLong(System.nanoTime());
    private final AtomicLong longestSilenceNanos = new AtomicLong();
    private final long paceNanos;
    private final Map<String, AtomicLong> byVersion = new java.util.concurrent.ConcurrentHashMap<>();

    /** What was noticed in a stretch of time: the longest request of anybody, and the longest time in which nobody got an answer. */
    record Noticed(double requestMillis, double silenceMillis) {}

    /** Each client orders once in {@code paceMillis}, or as soon as it has its answer. */
    Load(int count, List<Instances.Started> instances, int paceMillis) {
        paceNanos = TimeUnit.MILLISECONDS.toNanos(paceMillis);
        for (int i = 0; i < count; i++) {
            int client = i;
            int port = instances.get(i % instances.size()).httpPort();
            Thread thread = new Thread(() -> order(client, port), "client-" + client);
            thread.setDaemon(true);
            clients.add(thread);
        }
        clients.forEach(Thread::start);
    }

    private void order(int client, int port) {
        for (int number = 0; !stop.get(); number++) {
            long start = System.nanoTime();
            try {
                HttpRequest request = HttpRequest.newBuilder(
                                URI.create("http://127.0.0.1:" + port + "/orders/" + client + "-" + number))
                        .timeout(Duration.ofSeconds(20))
                        .POST(HttpRequest.BodyPublishers.noBody())
                        .build();
                HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
                if (response.statusCode() != 200) {
                    throw new IllegalStateException(response.statusCode() + " " + response.body());
                }
                String version = response.body().substring(response.body().indexOf(' ') + 1);
                byVersion.computeIfAbsent(version, key -> new AtomicLong()).incrementAndGet();
                acknowledged.incrementAndGet();
                long now = System.nanoTime();
                longestNanos.accumulateAndGet(now - start, Math::max);
                longestSilenceNanos.accumulateAndGet(now - lastAnswer.getAndSet(now), Math::max);
                TimeUnit.NANOSECONDS.sleep(paceNanos - (now - start));
            } catch (InterruptedException e) {
                return;
            } catch (Exception e) {
                failed.incrementAndGet();
                if (failures.size() < SHOWN) {
                    failures.add(String.valueOf(e));
                }
            }
        }
    }

    long acknowledged() {
        return acknowledged.get();
    }

    long failed() {
        return failed.get();
    }

    List<String> failures() {
        return List.copyOf(failures);
    }

    /** Since this was asked last. */
    Noticed noticed() {
        return new Noticed(longestNanos.getAndSet(0) / 1e6, longestSilenceNanos.getAndSet(0) / 1e6);
    }

    Map<String, Long> byVersion() {
        Map<String, Long> counts = new TreeMap<>();
        byVersion.forEach((version, count) -> counts.put(version, count.get()));
        return counts;
    }

    /** Each client ends with the answer that it waits for. */
    @Override
    public void close() {
        stop.set(true);
        try {
            for (Thread client : clients) {
                client.join(25_000);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
