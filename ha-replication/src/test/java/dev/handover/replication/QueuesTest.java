package dev.handover.replication;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.replication.protocol.ProtocolOptions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The small machines of the shell, each beside a naive twin. */
@Timeout(60)
class QueuesTest {
    private static final class Numbered extends Mailbox.Mail {
        private final int producer;
        private final int number;
        private final List<Numbered> opened;

        Numbered(int producer, int number, List<Numbered> opened) {
            this.producer = producer;
            this.number = number;
            this.opened = opened;
        }

        @Override
        void open() {
            opened.add(this);
        }
    }

    @Test
    void shouldHandOverEverythingInTheOrderOfEachProducer() throws Exception {
        int producers = 4;
        int each = 50_000;
        Mailbox mailbox = new Mailbox();
        mailbox.consumedByThisThread();
        List<Numbered> opened = new ArrayList<>();
        for (int p = 0; p < producers; p++) {
            int producer = p;
            new Thread(() -> {
                        for (int i = 0; i < each; i++) {
                            mailbox.post(new Numbered(producer, i, opened));
                        }
                    })
                    .start();
        }
        while (opened.size() < producers * each) {
            if (!mailbox.openAll()) {
                mailbox.await(TimeUnit.SECONDS.toNanos(10)); // a lost wake-up would show as the test's time-out
            }
        }
        int[] next = new int[producers];
        for (Numbered mail : opened) {
            assertThat(mail.number).isEqualTo(next[mail.producer]++);
        }
        mailbox.close();
        assertThat(mailbox.post(new Numbered(0, 0, opened))).isFalse();
    }

    /** Counts, on whatever thread, what two threads at a time would miscount. */
    private static final class Counter extends Worker {
        private final Set<Thread> threads = new HashSet<>();
        private long opened;
        private long batches;

        Counter() {
            super("test-counter");
        }

        @Override
        long afterBatch(boolean any) {
            threads.add(Thread.currentThread());
            batches++;
            return Long.MAX_VALUE;
        }
    }

    @Test
    void shouldOpenMailsOneThreadAtATimeWhoeverHelps() throws Exception {
        int producers = 4;
        int each = 50_000;
        Counter counter = new Counter();
        counter.start();
        CountDownLatch opened = new CountDownLatch(producers * each);
        List<Thread> all = new ArrayList<>();
        for (int p = 0; p < producers; p++) {
            boolean helps = p % 2 == 0;
            Thread producer = new Thread(() -> {
                for (int i = 0; i < each; i++) {
                    Worker.Task mail = new Worker.Task(() -> {
                        counter.opened++;
                        opened.countDown();
                    });
                    if (helps && i % 3 > 0) {
                        counter.postQuietly(mail);
                        counter.help();
                    } else {
                        counter.tryRun(mail::open); // a lost wake-up would show as the test's time-out
                    }
                }
            });
            all.add(producer);
            producer.start();
        }
        opened.await();
        for (Thread producer : all) {
            producer.join();
        }
        counter.end();
        assertThat(counter.join(10_000)).isTrue();
        assertThat(counter.opened).isEqualTo((long) producers * each);
        assertThat(counter.threads).as("helpers").hasSizeGreaterThan(1);
        assertThat(counter.tryRun(() -> {})).isFalse();
    }

    @Test
    void shouldWakeTheThreadForMailThatAHelperHasNotSeen() throws Exception {
        Counter counter = new Counter();
        counter.start();
        for (int i = 0; i < 2000; i++) {
            CountDownLatch both = new CountDownLatch(2);
            counter.postQuietly(new Worker.Task(() -> {
                counter.tryRun(both::countDown); // comes while the helper is at work, and nobody helps with it
                both.countDown();
            }));
            counter.help();
            both.await();
        }
        counter.end();
        assertThat(counter.join(10_000)).isTrue();
    }

    @Test
    void shouldWakeTheThreadForOthersThoughAQuietMailWaits() throws Exception {
        Counter counter = new Counter();
        counter.start();
        CountDownLatch both = new CountDownLatch(2);
        counter.postQuietly(new Worker.Task(both::countDown));
        counter.tryRun(both::countDown);
        both.await();
        counter.end();
        assertThat(counter.join(10_000)).isTrue();
    }

    @Test
    void shouldEndWhenAHelperFails() {
        Worker failing = new Worker("test-failing") {
            @Override
            long afterBatch(boolean any) {
                if (any) {
                    throw new IllegalStateException("as a test");
                }
                return Long.MAX_VALUE;
            }
        };
        failing.start();
        failing.postQuietly(new Worker.Task(() -> {}));
        failing.help();
        assertThat(failing.join(30_000)).isTrue();
        assertThat(failing.tryRun(() -> {})).isFalse();
    }

    @Test
    void shouldStepOnTheThreadThatSendsAndOnItsOwnIfThatIsNotLent() throws Exception {
        List<Runnable> lent = new ArrayList<>();
        AtomicBoolean lends = new AtomicBoolean(true);
        NodeLoop loop = new NodeLoop(
                "test-loop", ProtocolOptions.defaults(), group -> null, task -> lends.get() && lent.add(task));
        List<Thread> steppedBy = new ArrayList<>();
        Runnable step = () -> steppedBy.add(Thread.currentThread());
        loop.start();
        for (int round = 1; round <= 2; round++) {
            awaitSleep(loop);
            loop.postQuietly(new Worker.Task(step));
            loop.stepSoon();
            loop.postQuietly(new Worker.Task(step));
            loop.stepSoon();
            assertThat(lent).as("asked for once").hasSize(round);
            lent.get(round - 1).run();
            assertThat(steppedBy).hasSize(2 * round).containsOnly(Thread.currentThread());
        }
        lends.set(false);
        for (int round = 1; round <= 2; round++) {
            awaitSleep(loop);
            CompletableFuture<Boolean> own = new CompletableFuture<>();
            loop.postQuietly(new Worker.Task(() -> own.complete(loop.isCurrentThread())));
            loop.stepSoon();
            assertThat(own.get()).isTrue();
        }
        loop.end();
        assertThat(loop.join(10_000)).isTrue();
    }

    private static void awaitSleep(Worker worker) {
        while (!worker.sleeps()) {
            Thread.onSpinWait();
        }
    }

    @Test
    void shouldOpenWhatWaitsBeforeItEnds() throws Exception {
        Applier worker = new Applier(
                "test-worker", new NodeLoop("test-loop", ProtocolOptions.defaults(), group -> null, task -> false));
        CountDownLatch ran = new CountDownLatch(100);
        for (int i = 0; i < 100; i++) {
            worker.run(ran::countDown);
        }
        worker.start();
        worker.end();
        assertThat(worker.join(10_000)).isTrue();
        assertThat(ran.getCount()).isZero();
        CountDownLatch late = new CountDownLatch(1);
        worker.run(late::countDown);
        assertThat(late.getCount()).isZero();
    }

    @Test
    void shouldMapLikeAHashMap() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        LongMap<String> map = new LongMap<>();
        Map<Long, String> twin = new HashMap<>();
        for (int i = 0; i < 200_000; i++) {
            long key = 1 + random.nextInt(2000);
            switch (random.nextInt(3)) {
                case 0 -> {
                    map.put(key, "v" + i);
                    twin.put(key, "v" + i);
                }
                case 1 -> assertThat(map.remove(key)).as("seed %d", seed).isEqualTo(twin.remove(key));
                default -> assertThat(map.get(key)).as("seed %d", seed).isEqualTo(twin.get(key));
            }
            assertThat(map.size()).isEqualTo(twin.size());
        }
    }

    @Test
    void shouldGiveEverySessionIdBack() {
        for (long id :
                new long[] {1, 86_400_001, Long.MAX_VALUE}) { // found: ids above a day's milliseconds were refused
            assertThat(java.nio.ByteBuffer.wrap(Commands.resultOfOpening(id)).getLong())
                    .isEqualTo(id);
        }
    }

    @Test
    void shouldAdmitUpToTheBounds() {
        Admission admission = new Admission(3, 100);
        assertThat(admission.enter(200)).isTrue(); // alone, whatever its size
        assertThat(admission.enter(1)).isFalse();
        admission.release(200);
        assertThat(admission.enter(50)).isTrue();
        assertThat(admission.enter(50)).isTrue();
        assertThat(admission.enter(1)).isFalse();
        assertThat(admission.enter(0)).isTrue();
        assertThat(admission.enter(0)).isFalse();
        admission.release(50);
        admission.release(50);
        admission.release(0);
        assertThat(admission.count()).isZero();
    }
}
