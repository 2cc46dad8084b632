package dev.handover.guard;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** What holds whatever happens: permits are never leaked and never more than the limit, extra calls are never more than their budget. */
class GuardPropertiesTest {
    @Property(tries = 150)
    void shouldNeitherLeakPermitsNorGiveMoreThanTheLimit(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 5) int limit, @ForAll boolean adaptive) {
        Random random = new Random(seed);
        ManualTime time = new ManualTime();
        GuardBuilder builder = Guard.named("inventory").time(time).timeLimit(Duration.ofMillis(40));
        builder = adaptive ? builder.bulkhead(AdaptiveLimit.between(limit, limit + 5)) : builder.bulkhead(limit);
        Guard guard = builder.controlReserve(1)
                .circuitBreaker(b -> b.minimumNumberOfCalls(5).waitDurationInOpenState(Duration.ofMillis(30)))
                .retry(3)
                .build();
        int most = (adaptive ? limit + 5 : limit) + 1;
        List<CompletableFuture<Integer>> answers = new ArrayList<>();
        List<CompletableFuture<Integer>> results = new ArrayList<>();
        for (int step = 0; step < 300; step++) {
            switch (random.nextInt(6)) {
                case 0, 1 -> {
                    Guard used = random.nextBoolean() ? guard.idempotent() : guard;
                    used = random.nextInt(4) == 0 ? used.control() : used;
                    results.add(used.stage(() -> {
                        answers.add(new CompletableFuture<>());
                        return answers.get(answers.size() - 1);
                    }));
                }
                case 2 -> one(answers, random).complete(step);
                case 3 -> one(answers, random).completeExceptionally(new IOException("down"));
                case 4 -> one(results, random).cancel(true);
                default -> time.advance(Duration.ofMillis(random.nextInt(60)));
            }
            long underWay = answers.stream().filter(answer -> !answer.isDone()).count();
            assertThat(underWay).isLessThanOrEqualTo(most);
        }
        time.advance(Duration.ofSeconds(60)); // everything has ended
        assertThat(results).allMatch(CompletableFuture::isDone);
        var metrics = guard.bulkhead().orElseThrow().getMetrics();
        assertThat(metrics.getAvailableConcurrentCalls()).isEqualTo(metrics.getMaxAllowedConcurrentCalls());
        assertThat(guard.reserve().orElseThrow().getMetrics().getAvailableConcurrentCalls())
                .isEqualTo(1);
        assertThat(time.waiting()).isZero();
    }

    private static CompletableFuture<Integer> one(List<CompletableFuture<Integer>> of, Random random) {
        return of.isEmpty() ? new CompletableFuture<>() : of.get(random.nextInt(of.size()));
    }

    @Property(tries = 4)
    void shouldKeepTheLimitAmongThreads(@ForAll @IntRange(min = 1, max = 4) int limit, @ForAll boolean adaptive)
            throws Exception {
        AdaptiveLimit rule = new AdaptiveLimit(limit, limit, limit, Duration.ofMillis(1), 1.5);
        Guard guard =
                (adaptive ? Guard.named("a").bulkhead(rule) : Guard.named("a").bulkhead(limit)).build();
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger through = new AtomicInteger();
        CountDownLatch start = new CountDownLatch(1);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            threads.add(new Thread(() -> {
                try {
                    start.await();
                    for (int call = 0; call < 100; call++) {
                        try {
                            guard.run(() -> {
                                most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                                Thread.yield();
                                inside.decrementAndGet();
                                through.incrementAndGet();
                            });
                        } catch (GuardFullException e) {
                            Thread.yield();
                        }
                    }
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }));
        }
        threads.forEach(Thread::start);
        start.countDown();
        for (Thread thread : threads) {
            thread.join(20_000);
        }
        assertThat(most.get()).isLessThanOrEqualTo(limit);
        assertThat(through.get()).isPositive();
        assertThat(guard.bulkhead().orElseThrow().getMetrics().getAvailableConcurrentCalls())
                .isEqualTo(limit);
    }

    @Property(tries = 40)
    void shouldNeverRetryMoreThanATenthAndTheAllowance(
            @ForAll long seed, @ForAll @IntRange(max = 100) int failuresInHundred) {
        Random random = new Random(seed);
        ManualTime time = new ManualTime();
        Guard guard = Guard.named("inventory")
                .time(time)
                .withoutCircuitBreaker()
                .retry(5)
                .build();
        AtomicInteger attempts = new AtomicInteger();
        for (int calls = 1; calls <= 300; calls++) {
            try {
                guard.idempotent().call(() -> {
                    attempts.incrementAndGet();
                    if (random.nextInt(100) < failuresInHundred) {
                        throw new IOException("down");
                    }
                    return 1;
                });
            } catch (Exception e) {
                assertThat(e).isInstanceOf(IOException.class);
            }
            assertThat(attempts.get() - calls).isLessThanOrEqualTo(calls / 10 + Budget.ALLOWANCE);
        }
        if (failuresInHundred == 100) {
            assertThat(attempts.get() - 300).isBetween(35, 40);
            assertThat(guard.retriesRefused()).isPositive();
        }
    }

    @Property(tries = 60)
    void shouldSpendNoMoreThanItsShareInAnyStretch(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 20) int percent) {
        Random random = new Random(seed);
        Budget budget = new Budget(percent);
        int[] spent = new int[1001];
        for (int call = 1; call <= 1000; call++) {
            budget.called();
            spent[call] = spent[call - 1];
            for (int wish = random.nextInt(4); wish > 0; wish--) {
                spent[call] += budget.spend() ? 1 : 0;
            }
        }
        for (int from = 0; from < 1000; from += 50) {
            for (int to = from; to <= 1000; to += 50) {
                assertThat(spent[to] - spent[from])
                        .isLessThanOrEqualTo((to - from) * percent / 100 + Budget.ALLOWANCE + 1);
            }
        }
    }
}
