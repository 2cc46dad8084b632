package dev.handover.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WorkerTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final String NAME = "worker-test";

    private final Worker worker = new Worker(NAME) {
        @Override
        long afterBatch(boolean any) {
            return Long.MAX_VALUE;
        }
    };

    @AfterEach
    void end() {
        worker.end();
        assertThat(worker.join(LIMIT.toMillis())).isTrue();
    }

    /** Else what is posted now would wait until the thread looks again by itself. */
    @Test
    void shouldBeKnownToSleepWhenItHasMetAHelper() throws Exception {
        CountDownLatch helping = new CountDownLatch(1);
        CountDownLatch enough = new CountDownLatch(1);
        CountDownLatch opened = new CountDownLatch(1);
        worker.start();
        TestNodes.await(LIMIT, () -> "asleep", worker::sleeps);
        worker.postQuietly(new Worker.Task(() -> {
            helping.countDown();
            awaitQuietly(enough);
        }));
        Thread helper = new Thread(worker::help, "helper");
        helper.start();
        assertThat(helping.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();

        Thread thread = Thread.getAllStackTraces().keySet().stream()
                .filter(one -> one.getName().equals(NAME))
                .findAny()
                .orElseThrow();
        LockSupport.unpark(thread);
        TestNodes.await(LIMIT, () -> "known to sleep again", worker::sleeps);
        worker.postQuietly(new Worker.Task(opened::countDown));
        enough.countDown();
        assertThat(opened.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        helper.join(LIMIT.toMillis());
        assertThat(helper.isAlive()).isFalse();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            assertThat(latch.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
